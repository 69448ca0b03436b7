"""Row: the warm launch where one file of what is pushed has changed since the last one."""

from benchmarks import row
from benchmarks.rows import warm_launch


class ChangedLaunch(warm_launch.WarmLaunch):
    name = "changed_launch"
    title = "one file changed: send it, start in the background, learn that it ended"
    order = 20
    goals = (row.ratio("by hand", 2.0, 1.25),)

    def before(self, contender, number):
        self.desk.change_a_file(number)
        return self.desk.order(contender)


ROWS = [ChangedLaunch()]
