"""Cost against what is kept of the past: on a machine, and in an operator's journal."""

from benchmarks.curves import made, site
from benchmarks.curves.subject import Curve, Subject, timed

AGAIN = {
    "status": Curve("status", "s", "Controller.status(), warm connection"),
    "cold status": Curve(
        "cold status", "s", "`tristan status`: the first contact of a new command"
    ),
    "launch": Curve("launch", "s", "a launch, warm connection"),
    "build": Curve("build", "s", "a whole build that does nothing, watched, warm connection"),
    "refresh": Curve("refresh", "s", "Controller.refresh() without a collection, warm connection"),
}


def contacts(operator):
    """Values of all of AGAIN."""
    found = {}
    found["launch"], launched = timed(operator.launch)
    found["build"] = found["launch"] + timed(operator.finish, launched)[0]
    found["status"], _ = timed(operator.controller.status)
    found["refresh"], _ = timed(operator.controller.refresh, collect=False)
    found["cold status"] = operator.run("status")
    return found


class History(Subject):
    name = "history of a machine"
    sizes = [0, 10, 100, 500, 1000]
    x = "builds that the executor has had"
    rounds = 5
    curves = list(AGAIN.values())

    def __init__(self, lab):
        server = site.Server(lab)
        self._operators = {}
        for size in self.sizes:
            machine = site.Machine(lab.sshd(), "m", executors=1)
            operator = self._operators[size] = site.Operator(lab, server, [machine])
            sample = operator.finish(operator.launch())["build_id"]
            made.history(machine.executor(), sample, size)
            operator.finish(operator.launch())

    def measure(self, size):
        return contacts(self._operators[size])


class Journal(Subject):
    name = "journal of an operator"
    sizes = [0, 100, 1000]
    x = "builds in the journal"
    rounds = 5
    curves = list(AGAIN.values())

    def __init__(self, lab):
        server, machine = site.Server(lab), site.Machine(lab.sshd(), "m", executors=1)
        self._operators = {}
        for size in self.sizes:
            operator = self._operators[size] = site.Operator(lab, server, [machine])
            sample = operator.finish(operator.launch())["build_id"]
            self.fill(operator.state, sample, size)

    fill = staticmethod(made.journal)

    def measure(self, size):
        return contacts(self._operators[size])


class Open(Journal):
    name = "open builds of an operator"
    sizes = [0, 10, 100]
    x = "open builds in the journal"
    fill = staticmethod(made.open_entries)


SUBJECTS = [History, Journal, Open]
