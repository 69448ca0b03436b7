"""Cost against the number of machines in tristan.yml."""

from benchmarks.curves import site
from benchmarks.curves.subject import Curve, Subject, timed

SSHDS = 10
"""So many daemons have all machines between them."""


class Machines(Subject):
    name = "machines"
    sizes = [1, 5, 10, 25, 50]
    x = "machines"
    rounds = 5
    curves = [
        Curve(
            "launch", "s", "a launch from a process that goes on, on the executor that has the ref"
        ),
        Curve("cold launch", "s", "`tristan build --detach`, on the executor that has the ref"),
        Curve("status", "s", "Controller.status() over kept connections, all machines asked"),
        Curve("cold status", "s", "`tristan status`, a connection to each machine"),
        Curve("machines", "s", "Controller.machines() over kept connections"),
        Curve("cold machines", "s", "`tristan machines`, a connection to each machine"),
    ]

    def __init__(self, lab):
        server = site.Server(lab)
        sshds = [lab.sshd() for _ in range(SSHDS)]
        count = self.sizes[-1]
        machines = [site.Machine(sshds[n % SSHDS], "m-%d" % n) for n in range(count)]
        first = site.Operator(lab, server, machines[:1])
        first.finish(first.launch())
        for machine in machines[1:]:
            machine.copy_scripts(machines[0])
        self._operators = {1: first}
        for size in self.sizes[1:]:
            self._operators[size] = site.Operator(lab, server, machines[:size])
            self._operators[size].learn(first)
            self._operators[size].finish(self._operators[size].launch())

    def measure(self, size):
        operator = self._operators[size]
        found = {"cold launch": operator.run(*site.DETACHED)}
        operator.rest()
        found["launch"], launched = timed(operator.launch)
        operator.finish(launched)
        found["status"], _ = timed(operator.controller.status)
        found["machines"], told = timed(operator.controller.machines)
        assert [one["reachable"] for one in told] == [True] * size, told
        found["cold status"] = operator.run("status")
        found["cold machines"] = operator.run("machines")
        return found


SUBJECTS = [Machines]
