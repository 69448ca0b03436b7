"""A build that says too much, that ends no line, that says nothing for long: bounded, in flat memory, and not dead."""

from __future__ import absolute_import, print_function

import json
import os
import threading
import time

import pytest

from tests.executor.conftest import address, shop  # noqa: F401
from tests.executor.machine import Machine
from tests.faults import rows
from tests.faults.aftermath import check
from tests.faults.beside import Beside
from tests.faults.small import is_free, whole

FLOOD = "echo first; yes 'a line of a flood' | head -c 104857600; echo; echo last"
LINE = "echo first; head -c 104857600 /dev/zero | tr '\\0' x; echo; echo last"
LITTLE = "echo first; sleep 1; echo last"
WAIT = "until [ -e %s ]; do sleep 0.1; done"
CAP = 1 << 20
SLACK = 24 << 20
"""Bytes more than what a quiet build takes: of 100 MB, little."""


@pytest.fixture
def flooded(executor_python):
    made = Machine(interpreter=executor_python)
    yield made
    made.remove()


class Peak(Beside):
    """Reads the most memory that a process has ever had, until it is gone; a context manager. .bytes"""

    def __init__(self, pid):
        self._pid = pid
        super(Peak, self).__init__()
        self.bytes = 0

    def _run(self):
        while not self._stop.is_set():
            self.look()
            time.sleep(0.02)

    def look(self):
        self.bytes = max(self.bytes, peak(self._pid))


def peak(pid):
    """:returns: VmHWM in bytes; 0 when it is gone."""
    try:
        with open("/proc/%d/status" % pid) as status:
            lines = [line.split() for line in status if line.startswith("VmHWM:")]
    except EnvironmentError:
        return 0
    return int(lines[0][1]) * 1024 if lines else 0


def built(machine, where, script):
    """:returns: (request, terminal status, peak memory of its process)."""
    limits = machine.limits(log_bytes=CAP)
    places = {"SAID": machine.root + "/said", "GO": machine.root + "/go"}
    script += '; : >"$SAID"; ' + WAIT % '"$GO"'
    request = machine.request(where, script, limits=limits, environment=places)
    with Peak(machine.launch(request)["process"]["pid"]) as memory:
        machine.wait_until(lambda: os.path.exists(places["SAID"]), 120)
        memory.look()
        open(places["GO"], "w").close()
        status = machine.wait(request, 120)
    for path in places.values():
        os.remove(path)
    is_free(machine)
    return request, status, memory.bytes


@rows.fault(18)
@pytest.mark.parametrize("script", [FLOOD, LINE], ids=["flood", "line"])
def test_what_a_build_says_is_bounded(flooded, address, injections, script):  # noqa: F811
    _, _, quiet = built(flooded, address, LITTLE)
    with injections.measured():
        request, status, memory = built(flooded, address, script)
        assert status["state"] == "success"
        assert whole(flooded, request, status)
        assert 0 < memory < quiet + SLACK
    log = flooded.log(request)
    assert log.index("first") < CAP and "last" in log[-CAP:]
    assert "bytes of log left out here (limit %d bytes)" % CAP in log
    assert CAP < len(log) < CAP + (2 << 20) + 4096
    assert no_other_file_grew(flooded, request) == []


def no_other_file_grew(machine, request):
    """:returns: list of what else of an attempt, or of its executor, is large."""
    found = []
    for directory, _, names in os.walk(machine.business.executor("1").path):
        for name in names:
            path = os.path.join(directory, name)
            is_log = os.path.realpath(path) == os.path.realpath(machine.attempt(request).log)
            if not is_log and not os.path.islink(path) and os.path.getsize(path) > 64 * 1024:
                found.append(path)
    return found


@rows.fault(18)
@rows.thorough
@pytest.mark.parametrize("script", [FLOOD, LINE], ids=["flood", "line"])
def test_who_follows_a_flood(operator, injections, script):
    """The command's own memory is flat, too, and what it was sent is what the machine has."""
    quiet = followed(operator, LITTLE)[1]
    with injections.measured():
        status, memory = followed(operator, script)
        assert status["state"] == "success"
        assert memory < quiet + SLACK
        check(operator, status)


def followed(operator, script):
    """:returns: (terminal status, peak memory of `tristan build`)."""
    child = operator.script("echo begun; " + WAIT % "go" + "; " + script)
    told = threading.Thread(target=child.stderr.read)
    told.start()
    size, waits = 0, True
    with Peak(child.pid) as memory:
        for chunk in iter(lambda: os.read(child.stdout.fileno(), 65536), b""):
            size += len(chunk)
            if waits and b"begun\n" in chunk:
                waits = False
                memory.look()
                source = operator.json("status")[0]["source"]
                open(os.path.join(source, "go"), "w").close()
    told.join()
    assert child.wait() == 0
    status = operator.json("status")[0]
    assert size >= status["log"]["bytes"] > 0
    return status, memory.bytes


@rows.fault(18)
@rows.thorough
def test_a_silent_build_is_not_dead(operator, injections):
    """Silent for longer than a watcher waits for a line that is dead, and than the machine may be out of reach."""
    with open(operator.configuration) as configuration:
        text = configuration.read()
    with open(operator.configuration, "w") as configuration:
        configuration.write(text.replace("  builder-1:\n", "  builder-1:\n    lost_after: 10s\n"))
    try:
        with injections.measured():
            child = operator.script("echo begun; sleep 25; echo over", "--json")
            out, _ = child.communicate()
            assert child.returncode == 0
            status = json.loads(out.decode("utf-8"))
            assert (status["state"], status["attempt"]) == ("success", 1)
            check(operator, status)
    finally:
        operator.configure()
