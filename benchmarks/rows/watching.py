"""Row: what it costs the controller to watch hundreds of builds on dozens of machines, from one process."""

from benchmarks import played, streams
from benchmarks import row as rows
from controller.state import State

MACHINES, EXECUTORS = 50, 10

SECONDS = 10
"""From the beginning of the builds to their first end."""


class Watching(rows.Row):
    name = "watching"
    title = "500 watched builds on 50 machines: 21 lines and 16 statuses of each in 10 s"
    order = 90
    figures = {"cpu_of_one": rows.SECONDS, "memory": rows.MEBIBYTES}
    goals = (
        rows.bound("cpu_of_one", 0.020, 0.008, "CPU a watched build"),
        rows.bound("memory", 150, 80, "memory of the controller"),
    )
    warm_up = 1

    def contenders(self, lab):
        self._lab = lab
        fleet = streams.Fleet(lab, MACHINES, EXECUTORS)
        journal = State(fleet.operator.state).journal
        self._play = played.Play(fleet.roots, journal, fleet.models, EXECUTORS)
        return [fleet.tristan("Tristan", "tristan_watches.py")]

    def before(self, contender, number):
        path = self._lab.path("watched-%d" % number)
        builds = self._play.begin()
        played.Turn(builds, path, SECONDS).start()
        return {"builds": [build.build_id for build in builds], "watched": path}


ROWS = [Watching()]
