"""Row: a launch where the scripts on the machine are current, over a connection that is there already."""

from benchmarks import launching, row

PEERS = {
    "Fabric": ("fabric", "fabric_launch.py"),
    "pyinfra": ("pyinfra", "pyinfra_launch.py"),
    "Ansible": ("ansible", "ansible_launch.py", "ansible", "warm"),
    "Ansible with mitogen": ("mitogen", "ansible_launch.py", "mitogen", "warm"),
}


class WarmLaunch(row.Row):
    name = "warm_launch"
    title = "scripts unchanged: sync check, start in the background, learn that it ended"
    order = 10
    peers = PEERS
    goals = (row.ratio("by hand", 2.0, 1.25),)

    def contenders(self, lab):
        self.desk = launching.Desk(lab, lambda sshd: self.port(lab, sshd))
        return self.desk.contenders("warm", "tristan_launch.py", self.peers)

    def port(self, lab, sshd):
        """Which one is called for the machine."""
        return sshd.port

    def before(self, contender, number):
        return self.desk.order(contender)


ROWS = [WarmLaunch()]
