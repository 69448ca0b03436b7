"""A machine that falls silent: shorter than its limit nothing happens, longer and its build goes on elsewhere."""

from __future__ import absolute_import, print_function, unicode_literals

import glob
import io
import json
import os
import threading
import time

import pytest

from tests.end_to_end.operator import PASSWORD
from tests.faults import aftermath, rows
from tests.lab import firewall
from tests.lab.registry import Registry
from tests.lab.sshd import Sshd

REPOSITORY = "team/served-main"

WHOLE = """      printf %s {{ values.greeting }} > index.html
"""
SLOW = """      echo attempt "$TRISTAN_ATTEMPT"
      case "$TRISTAN_ATTEMPT" in *.1) until [ -e go ]; do sleep 0.1; done;; esac
      echo "$TRISTAN_ATTEMPT" > index.html
"""


@pytest.fixture(scope="module")
def registry():
    with Registry("robot", PASSWORD) as made:
        yield made


@pytest.fixture(scope="module")
def second(operator):
    made = Sshd(docker_socket=operator.engine.socket)
    yield made
    made.stop()


def configure(operator, second, registry, lost_after):
    """Two machines; the first attempt of a build waits until it may go on."""
    operator.configure(registry_port=registry.port)
    operator.replace("    root: ", "    lost_after: %s\n    root: " % lost_after)
    operator.add_machine("builder-2", second, "lost_after: %s" % lost_after)
    operator.replace(WHOLE, SLOW)


class Watched(object):
    """`tristan build` of the image while its machine falls silent. .build_id .machine .sshd"""

    def __init__(self, operator, second):
        self._child = operator.start("build", "served", "--branch", "main", "--json")
        self._output = []
        self._thread = threading.Thread(target=self._communicate)
        self._thread.start()
        status = self._begun(operator)
        self.build_id, self.machine = status["build_id"], status["machine"]
        self._go = os.path.join(status["source"], "go")
        self.sshd = second if self.machine == "builder-2" else operator.sshd

    def _communicate(self):
        self._output.extend(self._child.communicate())

    @staticmethod
    def _begun(operator):
        end = time.time() + 60
        while time.time() < end:
            for one in operator.json("status", "--limit", "1"):
                if one["state"] == "running" and one["phase"] == "build":
                    return one
            time.sleep(0.2)
        raise AssertionError("the build did not begin")

    def go_on(self):
        io.open(self._go, "w").close()

    def ended(self, seconds):
        """:returns: (dict, the terminal status that the command printed; text, its stderr)"""
        self._thread.join(seconds)
        assert not self._thread.is_alive(), "it still runs"
        return json.loads(self._output[0].decode("utf-8")), self._output[1].decode("utf-8")


@rows.fault(6)
def test_a_silence_shorter_than_the_limit_is_none(operator, second, registry, injections):
    configure(operator, second, registry, "3m")
    watched = Watched(operator, second)
    with injections.measured(), firewall.dropped(watched.sshd.port):
        watched.go_on()
        time.sleep(injections.count(5, 40))
    status, _ = watched.ended(120)
    assert (status["state"], status["attempt"], status["machine"]) == (
        "success",
        1,
        watched.machine,
    )
    aftermath.nothing_left(operator, status)
    assert registry.digest(REPOSITORY, "latest") == status["app_image"]["digest"]


@rows.fault(6)
@rows.thorough
@pytest.mark.parametrize("late", ["still running", "ended well"])
def test_a_longer_silence_sends_the_build_elsewhere_and_its_late_attempt_is_refused(
    operator, second, registry, injections, late
):
    configure(operator, second, registry, "8s")  # which no machine that answers is silent for
    watched = Watched(operator, second)
    with injections.measured(), firewall.dropped(watched.sshd.port):
        if late == "ended well":
            watched.go_on()
        status, told = watched.ended(180)
        assert (status["state"], status["attempt"]) == ("success", 2), told
        assert status["machine"] != watched.machine
        assert "attempt 1 is out of reach on " + watched.machine in told
        assert registry.digest(REPOSITORY, "latest") == status["app_image"]["digest"]
        first = latest_of(operator, watched, "success" if late == "ended well" else "running")
    back = operator.run("status", "--json")
    assert [
        one["attempt"] for one in json.loads(back.out) if one["build_id"] == watched.build_id
    ] == [2]
    if late == "ended well":
        assert first["app_image"]["image"] in back.err and "refused" in back.err
        assert first["app_image"]["digest"] != status["app_image"]["digest"]
    else:
        first = latest_of(operator, watched, "cancelled")
        assert first["app_image"] is None
        operator.run("status")
    assert operator.run("status").err == ""
    for tag in ("latest", "main"):
        assert registry.digest(REPOSITORY, tag) == status["app_image"]["digest"]
    accepted = operator.json("status", watched.build_id)
    assert (accepted["state"], accepted["attempt"]) == ("success", 2)
    for one in (first, status):
        aftermath.nothing_left(operator, one)


def latest_of(operator, watched, state):
    """The first attempt's status, read on its machine without a connection. :param state: what it has to become."""
    parts = (watched.sshd.root, "1", "run")
    end = time.time() + 60
    while time.time() < end:
        found = read_status(parts, watched.build_id)
        if found["state"] == state:
            return found
        time.sleep(0.2)
    raise AssertionError("attempt 1 is %s, not %s" % (found["state"], state))


def read_status(parts, build_id):
    (path,) = glob.glob(os.path.join(*(parts + ("*", "builds", build_id, "1", "status"))))
    with open(path) as opened:
        return json.load(opened)
