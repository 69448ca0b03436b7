"""Processes that leave their group, their session, their parents and their environment, ignore signals, or fork without
end: nothing of them stays, however the build ends, and the machine builds on.
"""

from __future__ import absolute_import, print_function

import random

import pytest

from tests.executor.conftest import address, shop  # noqa: F401
from tests.executor.machine import Machine
from tests.faults import rows, victims

ESCAPING = """
import os, signal, sys, time
NAME = sys.argv[1]

def escape(environment):
    if os.fork():
        return
    os.setsid()
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)
    if os.fork():
        os._exit(0)
    os.chdir("/")
    nothing = os.open("/dev/null", os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(nothing, number)
    os.execve("/bin/sleep", [NAME, "971"], environment)

for environment in (dict(os.environ), {}):
    escape(environment)
"""

FORKING = """
import os, sys, time
NAME, TOGETHER, SECONDS = sys.argv[1], int(sys.argv[2]), 20
end = time.time() + SECONDS
while time.time() < end:
    try:
        child = os.fork()
    except OSError:
        continue
    if child:
        if TOGETHER <= 0:
            os._exit(0)
        TOGETHER -= 1
    elif TOGETHER > 0:
        os.execve("/bin/sleep", [NAME, "971"], {})
"""
"""So many at a time; from then on one that is always another."""

# What has used up its processes can't even sleep.
SCRIPT = """
cat >escaping.py <<'END'
%(escaping)s
END
cat >forking.py <<'END'
%(forking)s
END
trap '' HUP INT %(ignored)s
python3 escaping.py %(name)s
%(fork)s
i=0; while [ $i -lt 300000 ]; do i=$((i + 1)); done
echo begun
%(then)s
"""

FORKS = {
    "docker": "f() { f | f & }; (f) 2>/dev/null &",  # bounded by the limit alone
    "host": "setsid env -i python3 forking.py %s 60 &",
}
PIDS = 60
ENDS = ("end", "cancel", "timeout")


@pytest.fixture
def machine(engine, python_image, executor_python):
    made = Machine(engine.command, python_image, interpreter=executor_python)
    yield made
    made.remove()


def request_of(machine, where, isolation, end, name):
    fork = FORKS[isolation] % name if isolation == "host" else FORKS[isolation]
    values = {"escaping": ESCAPING, "forking": FORKING, "name": name, "fork": fork}
    # Only one of them makes the others wait for the hard signal.
    values["ignored"] = "TERM" if end == "cancel" else ""
    values["then"] = "exit 0" if end == "end" else "while :; do :; done"
    limits = machine.limits(pids=PIDS)
    if end == "timeout":
        limits.update(soft_seconds=5, hard_seconds=6)
    return machine.request(where, SCRIPT % values, isolation=isolation, limits=limits)


def ended(machine, request, end):
    """Bring the build to that end. :returns: the terminal status."""
    answer = machine.launch(request)
    assert answer["answer"] == "started", answer
    if end == "cancel":
        machine.wait_for_log(request, "begun")
        machine.ask("cancel", {"build_id": request["build_id"], "reason": ""})
    return machine.wait(request, 120)


@rows.fault(11)
@pytest.mark.parametrize("isolation", ["docker", "host"])
def test_nothing_escapes(machine, address, injections, isolation):  # noqa: F811
    states = {"end": "success", "cancel": "cancelled", "timeout": "timeout"}
    for end in ENDS[: injections.count(1, 3)]:
        name = "escaped-%06d" % random.randrange(10**6)
        with injections.measured():
            request = request_of(machine, address, isolation, end, name)
            status = ended(machine, request, end)
            assert status["state"] == states[end], machine.log(request)
            victims.nothing_left(machine, request, [name, "forking.py " + name])
        victims.one_end(machine, request, status)
    victims.builds_on(machine, request, address)
