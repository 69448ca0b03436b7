"""Connections that are cut: while files are pushed, while a log is read, for as long as a build lasts."""

from __future__ import absolute_import, print_function, unicode_literals

import json
import os
import random
import shutil

import pytest

from business_hyper_fusion import compat
from controller import errors
from controller import release as releases
from tests.controller.workshop import Sink
from tests.faults import aftermath, rows
from tests.faults.place import Place
from tests.lab import process
from tests.lab.relay import Relay

APART = 20000
"""Bytes of a log between two cuts, at most."""

LONGEST, FEWEST = 60, 5
"""Seconds for cutting, and cuts, whichever takes longer; its build would write its log full."""

QUICK = [("SCRIPT", "echo built")]

FILES = 150000, 500000
"""Bytes of a connection that has pushed some of the files; login, program and manifest come before them."""

ALL = 0, 600000
"""... that has not launched yet."""

MANY = 1000


@pytest.fixture(scope="module")
def place(engine, executor_python):
    made = Place(engine, executor_python)
    yield made
    made.stop()


@pytest.fixture
def relay(place):
    """What stands before the machine, and cuts connections at a byte of one's choice."""
    with Relay(place.sshd.port) as made:
        place.configure(port=int(made.address.rpartition(":")[2]))
        place.enroll()
        yield made
        place.configure(port=place.sshd.port)


def listed(place):
    try:
        return os.listdir(os.path.join(place.sshd.root, "1", "releases"))
    except OSError:
        return []


def whole_releases(place):
    """:returns: list of str, the releases that could be used; each must be what its name says."""
    names = [name for name in listed(place) if not name.startswith(".")]
    for name in names:
        assert content_hash(os.path.join(place.sshd.root, "1", "releases", name)) == name
    return names


def content_hash(directory):
    """A release's hash, of what lies on the disk."""
    files = []
    for folder, _, names in os.walk(directory):
        for name in names:
            path = os.path.join(folder, name)
            with open(path, "rb") as source:
                files.append(releases.File(os.path.relpath(path, directory), source.read(), 0))
    return releases.Release(files).hash


def emptied(place):
    """A controller that knows nothing of the machine, and a machine that knows nothing of Tristan."""
    shutil.rmtree(os.path.join(place.sshd.root, "1"), ignore_errors=True)
    controller = place.controller()
    controller.state.forget("builder-1")
    return controller


@rows.fault(4)
def test_a_push_that_is_cut_at_any_moment_is_done_again(place, relay, injections):
    """The build is launched all the same; what was cut is never used."""
    for number in range(injections.count(4, 16)):
        controller = emptied(place)
        relay.cut_after(random.randint(*(FILES if number % 4 else ALL)))
        with injections.measured():
            launched = controller.build(controller.plan("script", branch="main", params=QUICK))
            status = controller.watch(launched.build_id, sink=Sink())
        controller.close()
        assert status["state"] == "success", status
        assert len(whole_releases(place)) == 1 and relay.cuts == number + 1
    aftermath.check(place, status)


@rows.fault(4)
def test_a_push_that_is_always_cut_leaves_nothing_that_is_used(place, relay, injections):
    with injections.measured():
        controller = emptied(place)
        relay.cut_after(random.randint(*FILES), times=MANY)
        with pytest.raises(errors.ConnectionLost):
            controller.build(controller.plan("script", branch="main", params=QUICK))
        assert relay.cuts > 1 and whole_releases(place) == []
        assert not os.path.exists(os.path.join(place.sshd.root, "1", "startup.py"))
        relay.cut_after(0, times=0)
        launched = controller.build(controller.plan("script", branch="main", params=QUICK))
        status = controller.watch(launched.build_id, sink=Sink())
    assert status["state"] == "success"
    aftermath.check(place, status)


class Cutting(Sink):
    """A sink that has the connection cut, now and then; `enough()` after the last time, or when it takes too long.

    .cuts (int)
    """

    def __init__(self, place, cuts, enough):
        super(Cutting, self).__init__()
        self._place, self._wanted, self._enough = place, cuts, enough
        self._end = compat.monotonic() + LONGEST
        self._next = random.randint(1, APART)
        self.cuts = 0

    def log(self, data, offset):
        super(Cutting, self).log(data, offset)
        is_late = compat.monotonic() > self._end and self.cuts >= FEWEST
        if self.cuts == self._wanted or is_late:
            self._enough()
        elif offset + len(data) >= self._next:
            # what came before the last cut is still handed out: there is nothing to cut then
            self.cuts += 1 if self._place.sshd.kill_sessions() else 0
            self._next = offset + len(data) + random.randint(1, APART)


@rows.fault(5)
def test_a_log_that_is_cut_again_and_again_is_read_whole(place, injections):
    controller = place.controller()
    go = os.path.join(place.home, "enough")
    text = 'until [ -e "%s" ]; do head -c 6000 /dev/urandom | base64; sleep 0.05; done' % go
    plan = controller.plan("script", branch="main", params=[("SCRIPT", text)])
    os.chmod(place.home, 0o755)
    began = compat.monotonic()
    sink = Cutting(place, injections.count(6, 50), lambda: open(go, "w").close())
    status = controller.watch(controller.build(plan).build_id, sink=sink)
    for _ in range(sink.cuts):
        injections.add((compat.monotonic() - began) / sink.cuts)
    os.remove(go)
    assert status["state"] == "success" and len(sink.notes) > sink.cuts / 2 > 2
    assert sink.data == place.log(status), "as on the machine, whose hash is the status's"
    aftermath.check(place, status)


@rows.fault(7)
def test_a_build_ends_while_its_machine_s_sshd_is_away(place, injections):
    os.chmod(place.home, 0o755)
    for _ in range(injections.count(1, 4)):
        status = away(place, injections)
        aftermath.check(place, status)


def away(place, injections):
    """One build whose machine's sshd is gone when it ends. :returns: its status, as its command had it."""
    go = os.path.join(place.home, "end")
    text = 'echo begun; until [ -e "%s" ]; do sleep 0.1; done; echo ended' % go
    words = ("build", "script", "--branch", "main", "--json", "--param", "SCRIPT=" + text)
    child = place.start(*words)
    process.wait_until(lambda: running(place), 60, "the build")
    status = running(place)[0]
    with injections.measured():
        place.sshd.go_away()
        open(go, "w").close()
        process.wait_until(lambda: ended(place, status), 60, "its end, with nobody there")
        assert place.run("status").code == 3
        assert child.poll() is None
        place.sshd.start()
        back = compat.monotonic()
        assert place.json("status", status["build_id"])["state"] == "success"
        out, err = child.communicate()
    os.remove(go)
    assert child.returncode == 0, err
    assert compat.monotonic() - back < 60, "read soon after its return"
    return json.loads(out.decode("utf-8"))


def running(place):
    """Statuses on the machine of builds that run."""
    found = []
    run = os.path.join(place.sshd.root, "1", "run")
    for executor in os.listdir(run) if os.path.isdir(run) else ():
        status = read(os.path.join(run, executor, "status"))
        if status.get("state") == "running" and "begun" in log(os.path.join(run, executor)):
            found.append(status)
    return found


def ended(place, status):
    return read(os.path.join(place.attempt(status), "status")).get("state") == "success"


def read(path):
    try:
        with open(path) as source:
            return json.load(source)
    except EnvironmentError:
        return {}


def log(directory):
    try:
        with open(os.path.join(directory, "log")) as source:
            return source.read()
    except EnvironmentError:
        return ""
