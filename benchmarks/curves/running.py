"""Cost against the number of builds that run on a machine, and that wait for a machine's executor."""

import os
import statistics
import subprocess
import sys
import time

from benchmarks.curves import site
from benchmarks.curves.subject import Curve, Subject, timed

HERE = os.path.dirname(os.path.abspath(__file__))
WORKER = os.path.join(os.path.dirname(HERE), "workers", "waiting.py")
SECONDS = 12.0
"""For which builds wait in a round; then each looks for an executor every fifteen seconds."""


class Running(Subject):
    name = "running builds"
    sizes = [0, 2, 5, 10, 20]
    x = "builds that run on the machine"
    rounds = 5
    curves = [
        Curve("launch", "s", "a launch on the machine's free executor, warm connection"),
        Curve("status", "s", "Controller.status(), warm connection; the operator's own builds run"),
        Curve("cold status", "s", "`tristan status`"),
        Curve("machines", "s", "Controller.machines(), warm connection"),
    ]

    def __init__(self, lab):
        server = site.Server(lab)
        self._operators = {}
        for size in self.sizes:
            machine = site.Machine(lab.sshd(), "m", executors=self.sizes[-1] + 1)
            operator = self._operators[size] = site.Operator(lab, server, [machine])
            operator.finish(operator.launch())
            for launched in [operator.launch("sleep 3600") for _ in range(size)]:
                lab.callback(operator.controller.cancel, launched.build_id)
            operator.finish(operator.launch())

    def measure(self, size):
        operator = self._operators[size]
        found = {}
        found["launch"], launched = timed(operator.launch)
        operator.finish(launched)
        found["status"], _ = timed(operator.controller.status)
        found["machines"], (told,) = timed(operator.controller.machines)
        assert len([one for one in told["executors"].values() if one["busy"]]) == size, told
        found["cold status"] = operator.run("status")
        return found


class Waiting(Subject):
    name = "waiting builds"
    sizes = [0, 10, 20]
    x = "builds that wait (--wait)"
    rounds, warm_up = 2, 0
    curves = [
        Curve("launch", "s", "a launch on another machine of the same host, warm connection"),
        Curve("status", "s", "Controller.status() of the machine that they wait for"),
        Curve("waiting", "s", "CPU of the process that waits with all of them, in its first 12 s"),
    ]

    def __init__(self, lab):
        sshd = lab.sshd()
        machines = [site.Machine(sshd, "taken", executors=1), site.Machine(sshd, "free")]
        operator = self._operator = site.Operator(lab, site.Server(lab), machines)
        for name in ("m-1", "m-2"):
            operator.finish(operator.launch(machine=name))
        taken = operator.launch("sleep 3600")
        lab.callback(operator.controller.cancel, taken.build_id)
        self._begun = lab.path("begun")

    def measure(self, size):
        operator, found = self._operator, {"launch": [], "status": []}
        end = time.monotonic() + SECONDS
        command = [sys.executable, WORKER, operator.configuration, operator.state, str(size)]
        child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        time.sleep(SECONDS / 3)
        while time.monotonic() < end:
            seconds, launched = timed(operator.launch, machine="m-2")
            found["launch"].append(seconds)
            operator.finish(launched)
            found["status"].append(timed(operator.controller.status, machine="m-1")[0])
        told, _ = child.communicate()
        medians = {name: statistics.median(values) for name, values in found.items()}
        return dict(medians, waiting=float(told))


SUBJECTS = [Running, Waiting]
