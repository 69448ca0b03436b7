"""Cost against the bytes of a build's log."""

import os
import threading
import time

from benchmarks.curves import site
from benchmarks.curves.subject import Curve, Subject

LINES = "yes 'a line of a build: 0123456789 compiling src/module/file.c' | head -c %dM"
MEBIBYTE = 1 << 20


class Log(Subject):
    name = "log"
    sizes = [1, 10, 50, 200]
    x, x_unit = "bytes of log", "MiB"
    rounds, warm_up = 2, 0
    curves = [
        Curve("build", "s", "the phase `build`, unwatched: read, masked, written by the executor"),
        Curve("executor's CPU", "s", "of the worker, without the script's"),
        Curve("executor's memory", "MiB", "peak of the worker"),
        Curve("logs", "s", "`tristan logs` of the ended build to /dev/null"),
        Curve("logs' CPU", "s", "of that command"),
        Curve("logs' memory", "MiB", "peak of that command"),
    ]

    def __init__(self, lab):
        machine = site.Machine(lab.sshd(), "m", executors=1)
        self._operator = site.Operator(lab, site.Server(lab), [machine])
        self._operator.finish(self._operator.launch())

    def measure(self, size):
        """The build is watched by nobody while it runs."""
        operator = self._operator
        launched = operator.launch(LINES % size)
        worker = Observed(operator.controller.find(launched.build_id)[1]["process"]["pid"])
        worker.join()
        status = operator.finish(launched)
        assert status["log"]["bytes"] > size * MEBIBYTE
        (build,) = [one for one in status["phases"] if one["name"] == "build"]
        begun = time.monotonic()
        child = operator.start("logs", launched.build_id)
        reader = Observed(child.pid)
        _, complaint = child.communicate()
        assert child.returncode == 0, complaint
        return {
            "build": build["wall_seconds"],
            "executor's CPU": worker.cpu_seconds,
            "executor's memory": worker.peak / MEBIBYTE,
            "logs": time.monotonic() - begun,
            "logs' CPU": reader.cpu_seconds,
            "logs' memory": reader.peak / MEBIBYTE,
        }


class Observed(threading.Thread):
    """Looks at a process until it is gone. .cpu_seconds: its own. .peak: bytes."""

    def __init__(self, pid):
        super().__init__(daemon=True)
        self._pid = pid
        self.cpu_seconds = self.peak = 0
        self.start()

    def run(self):
        try:
            while self._look():
                time.sleep(0.01)
        except (OSError, IndexError):
            pass  # It is gone.

    def _look(self):
        """:returns: whether it lives still."""
        with open("/proc/%d/stat" % self._pid) as file:
            fields = file.read().rpartition(")")[2].split()
        with open("/proc/%d/status" % self._pid) as file:
            peaks = [line.split()[1] for line in file if line.startswith("VmHWM:")]
        if fields[0] == "Z" or not peaks:
            return False
        self.cpu_seconds = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
        self.peak = int(peaks[0]) * 1024
        return True


SUBJECTS = [Log]
