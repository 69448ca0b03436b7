"""Logs and events on their way to a central server, by rsyslog's imfile: every line once, in order.

Filebeat can't be installed where the tests run; the files' side of shipping is the same for it.
"""

from __future__ import absolute_import, print_function

import os

import pytest

from business_hyper_fusion import clean, compat, status
from business_hyper_fusion.log import Log
from business_hyper_fusion.masker import Masker
from tests.executor.machine import Machine
from tests.executor.test_gc import free
from tests.lab import process
from tests.lab.rsyslog import Receiver, Shipper

pytestmark = pytest.mark.once

KEPT = 2
"""Builds that an executor keeps here, so that files come and go."""


@pytest.fixture
def disk():
    """A small ext4, which gives the inode of a removed file to the next one once it has no others."""
    directory = process.directory("disk")
    image, root = os.path.join(directory, "image"), os.path.join(directory, "root")
    with open(image, "wb") as file:
        file.truncate(64 * 1024 * 1024)
    os.mkdir(root)
    process.output(["mkfs.ext4", "-q", "-N", "1024", image])
    process.output(["mount", "-o", "loop", image, root])
    yield root
    process.output(["umount", "--lazy", root])
    process.remove(directory)


@pytest.fixture
def machine(disk):
    made = Machine(root=disk)
    made.disk["builds"] = KEPT
    return made


@pytest.fixture
def address(repositories, git_over_http):
    repositories.create("group/shop").commit({"shop.py": "answer = 42\n"})
    return git_over_http.address("group/shop")


@pytest.fixture
def receiver():
    started = Receiver()
    yield started
    started.stop()


@pytest.fixture
def shipper(machine, receiver):
    below = os.path.join(machine.business.run, "*", "builds", "*", "*")
    patterns = [os.path.join(below, name) for name in ("log", "events.jsonl")]
    started = Shipper(patterns, receiver.port)
    yield started
    started.remove()


def lines_of(data):
    """Without the empty ones, which imfile leaves out."""
    assert data.endswith(b"\n")
    return [line for line in data.split(b"\n") if line]


class Builds(object):
    """What was built: the lines of each file, as they were before retention took it."""

    def __init__(self, machine, address):
        self._machine = machine
        self._address = address
        self.expected = {}

    def start(self, script, executor_id="1"):
        request = self._machine.request(self._address, script, executor_id=executor_id)
        self._machine.launch(request)
        return request

    def end(self, request):
        assert self._machine.wait(request)["state"] == "success", self._machine.log(request)
        free(self._machine, request)
        attempt = self._machine.attempt(request)
        for path in (attempt.log, attempt.events):
            with open(path, "rb") as file:
                self.expected[path] = lines_of(file.read())

    def run(self, script, executor_id="1"):
        self.end(self.start(script, executor_id))


def arrived(receiver, builds):
    """Wait until as many lines are there as were written, then compare."""
    wanted = sum(len(lines) for lines in builds.expected.values())
    count = lambda: sum(len(lines) for lines in receiver.lines().values())  # noqa: E731
    try:
        process.wait_until(lambda: count() >= wanted, 120, "every line")
    except process.LabError:
        pass  # the comparison says which
    found = receiver.lines()
    assert sorted(found) == sorted(builds.expected)
    for path, lines in builds.expected.items():
        assert found[path] == lines, path


def numbered(count, mark):
    return "i=0; while [ $i -lt %d ]; do i=$((i+1)); echo %s line $i; done" % (count, mark)


def test_builds_that_come_and_go(machine, address, receiver, shipper):
    builds = Builds(machine, address)
    for number in range(KEPT + 2):
        first = builds.start(numbered(500, "one-%d" % number), "1")
        second = builds.start(numbered(20, "two-%d" % number), "2")
        builds.end(first)
        builds.end(second)
        arrived(receiver, builds)
    assert [path for path in builds.expected if not os.path.exists(path)]


def test_a_build_that_goes_on_while_the_shipper_is_restarted(machine, address, receiver, shipper):
    builds = Builds(machine, address)
    go = os.path.join(machine.root, "go")
    script = "%s; echo begun; until [ -e %s ]; do sleep 0.05; done; %s"
    script = script % (numbered(300, "before"), go, numbered(300, "after"))
    long_one = builds.start(script, "1")
    machine.wait_for_log(long_one, "begun")
    shipper.stop()
    builds.run(numbered(50, "unwatched"), "2")
    open(go, "w").close()
    builds.end(long_one)
    shipper.start()
    arrived(receiver, builds)


class Attempts(object):
    """Attempts' files as a worker writes them and as retention removes them, without the builds."""

    def __init__(self, machine):
        self._machine = machine
        self._executor = machine.business.executor("1")
        self._request = machine.request("http://127.0.0.1/group/shop.git")
        self._count = 0
        self.expected = {}
        self.inodes = []

    def write(self, count):
        for _ in range(count):
            self._write()

    def _write(self):
        self._count += 1
        build_id = "20261121T0655%05d-%08x" % (self._count, self._count)
        attempt = self._executor.attempt(build_id, 1)
        os.makedirs(attempt.path)
        state = status.Status(attempt, status.initial(dict(self._request, build_id=build_id)))
        log = Log(attempt.log, 1024 * 1024, Masker([]))
        state.begin()
        state.begin_phase("build")
        for line in range(1, 60):
            log.write(compat.to_bytes("line %d of build %d\n\n" % (line, self._count)))
        state.end_phase("build", "success")
        state.end(None, log.close())
        os.close(log._descriptor)  # as the worker's end does
        for path in (attempt.log, attempt.events):
            with open(path, "rb") as file:
                self.expected[path] = lines_of(file.read())
            self.inodes.append(os.stat(path).st_ino)

    def bury(self):
        clean.bury_old_builds(self._executor, 0)


ROUNDS, EACH = 4, 10


def use_up_inodes(directory, leave):
    """Have so few that each attempt's files get those of earlier ones."""
    os.mkdir(os.path.join(directory, "filler"))
    for number in range(os.statvfs(directory).f_ffree - leave):
        os.mknod(os.path.join(directory, "filler", str(number)))


def test_inodes_that_come_back_while_nobody_looks(machine, receiver, shipper, monkeypatch):
    """While it runs, rsyslog holds removed files open for some time, so that their inodes are not free."""
    monkeypatch.setattr(clean, "KEPT_BUILDS", KEPT)
    tombstones = 3 * 2 * ROUNDS * EACH
    use_up_inodes(machine.root, leave=tombstones + 6 * EACH)
    attempts = Attempts(machine)
    for _ in range(ROUNDS):
        attempts.write(EACH)
        arrived(receiver, attempts)
        shipper.stop()
        attempts.bury()
        attempts.write(EACH)
        shipper.start()
        arrived(receiver, attempts)
    assert len(attempts.inodes) - len(set(attempts.inodes)) > EACH
