"""Row: a launch from a command line that connects anew, until the build is known to be started in the background."""

from benchmarks import launching, row

PEERS = {
    "Fabric": ("fabric", "peer_cold.py", "fab"),
    "pyinfra": ("pyinfra", "peer_cold.py", "pyinfra"),
    "Ansible": ("ansible", "ansible_launch.py", "ansible", "cold"),
    "Ansible with mitogen": ("mitogen", "ansible_launch.py", "mitogen", "cold"),
}


class ColdLaunch(row.Row):
    name = "cold_launch"
    title = "`tristan build --detach` from a cold command line, scripts unchanged"
    order = 30
    figures = {"seconds": row.SECONDS, "help": row.SECONDS}
    goals = (
        row.ratio("by hand", 2.2, 1.8),
        row.faster("Fabric", 1),
        row.faster("pyinfra", 5),
        row.faster("Ansible", 15),
        row.bound("help", 0.120, 0.120, "`tristan --help`"),
    )

    def contenders(self, lab):
        self.desk = launching.Desk(lab)
        return self.desk.contenders("cold", "tristan_cold.py", PEERS)

    def before(self, contender, number):
        return self.desk.order(contender)


ROWS = [ColdLaunch()]
