"""A machine whose sshd takes two callers at a time and gives one session a connection."""

from __future__ import absolute_import, print_function, unicode_literals

import json
import queue
import socket
import threading

import pytest

from business_hyper_fusion import compat
from tests.controller.workshop import Sink
from tests.faults import aftermath, rows
from tests.faults.beside import Beside
from tests.faults.place import Place
from tests.lab import process

BUILDS, AT_ONCE = 50, 16
PROCESSES = 12
CONNECTIONS = 2
"""One, and a spare one where sessions are few: docs/decisions/0007."""


@pytest.fixture
def place(engine, executor_python):
    made = Place(engine, executor_python, {"MaxStartups": 2, "MaxSessions": 1}, executors=4)
    yield made
    made.stop()


class Connections(Beside):
    """How many an sshd serves, looked at all the while; a context manager. .most (int)"""

    def __init__(self, sshd):
        self._sshd = sshd
        super(Connections, self).__init__()
        self.most = 0

    def _run(self):
        while not self._stop.wait(0.1):
            self.most = max(self.most, self._sshd.connections())


@rows.fault(8)
def test_builds_of_one_controller_share_its_connection(place, injections):
    controller, statuses, failures = place.controller(), [], []
    count = injections.count(12, BUILDS)
    wanted = queue.Queue()
    for number in range(count):
        wanted.put(number)
    script = [("SCRIPT", "for i in 1 2 3; do echo line $i; sleep 0.1; done")]

    def build():
        plan = controller.plan("script", branch="main", params=script)
        launched = controller.build(plan, wait=True)
        sink = Sink()
        statuses.append(controller.watch(launched.build_id, sink=sink))
        assert sink.data.count(b"line ") == 3

    def work():
        try:
            while True:
                wanted.get_nowait()
                build()
                injections.add(compat.monotonic() - begun)
        except queue.Empty:
            pass
        except BaseException as error:
            failures.append(error)
            raise

    begun = compat.monotonic()
    with Connections(place.sshd) as connections:
        threads = [threading.Thread(target=work) for _ in range(AT_ONCE)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(300)
    assert not failures, failures
    assert [status["state"] for status in statuses] == ["success"] * count
    assert (connections.most, place.calls()[0]) == (CONNECTIONS, CONNECTIONS)
    for status in statuses:
        aftermath.check(place, status)


@rows.fault(8)
def test_commands_that_call_at_once_all_get_in(place, injections):
    count = injections.count(6, PROCESSES)
    strangers = [socket.create_connection((place.sshd.host, place.sshd.port)) for _ in range(2)]
    words = ("build", "script", "--branch", "main", "--wait", "--json", "--param", "SCRIPT=true")
    children = [place.start(*words) for _ in range(count)]
    process.wait_until(lambda: place.calls()[1] >= count, 60, "calls that are turned away")
    for stranger in strangers:
        stranger.close()
    begun = compat.monotonic()
    for child in children:
        out, err = child.communicate()
        injections.add(compat.monotonic() - begun)
        assert child.returncode == 0, err
        aftermath.check(place, json.loads(out.decode("utf-8")))
