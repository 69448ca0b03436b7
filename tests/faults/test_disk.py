"""The machine's disk is full, has no inodes left, becomes read-only: the build says so, the machine stays usable."""

from __future__ import absolute_import, print_function

import json
import os
import time

import pytest

from business_hyper_fusion.room import EVERY
from tests.end_to_end.operator import Operator
from tests.executor.conftest import address, shop  # noqa: F401
from tests.executor.machine import Machine
from tests.faults import rows
from tests.faults.small import Reader, is_free, is_left_alone, whole
from tests.lab import process
from tests.lab.disk import FailingDisk, SmallDisk

MEBIBYTES = 12
WAIT = 'until [ -e "$GO" ]; do sleep 0.1; done; '
TELL = 'until [ -e "$GO" ]; do echo waiting; sleep 0.1; done; '
TALKING = "echo begun; " + WAIT + "while :; do echo talking and talking and talking; done"
WRITING = 'echo begun; cat /dev/zero >"$TRISTAN_SOURCE/big"'
HOARDING = 'echo begun; cat /dev/zero >"$TRISTAN_CACHE/big"'
TIDY = "cat /dev/zero >big; echo begun; " + TELL + "rm big; exit 1"
QUIET = "echo begun; " + WAIT + "exit 3"


@pytest.fixture
def machine_on(executor_python, tmp_path):
    """Function (disk) -> Machine with that disk as its root; both go after the test. Scripts wait for its file .go."""
    disks = []

    def make(disk):
        disks.append(disk)
        machine = Machine(root=disk.path, interpreter=executor_python)
        machine.go = str(tmp_path / "go")
        return machine

    yield make
    for disk in disks:
        disk.remove()


@rows.fault(13)
@pytest.mark.parametrize(
    "script",
    [WRITING, pytest.param(HOARDING, marks=rows.thorough), pytest.param(TIDY, marks=rows.thorough)],
    ids=["source", "cache", "tidy"],
)
def test_a_build_fills_the_disk(machine_on, address, injections, script):  # noqa: F811
    """... and gives back what it took."""
    disk = SmallDisk(MEBIBYTES)
    machine = machine_on(disk)
    request = waiting(machine, address, script)
    with injections.measured():
        status = ended(machine, request, lambda: script == TIDY and look(machine, request))
        assert (status["state"], status["cause"]) == ("error", "disk_full")
        assert "make room" in status["message"]
        assert whole(machine, request, status)
    builds_on(machine, address)


def waiting(machine, where, script):
    """:returns: request of a build whose script may wait for what happens to the disk."""
    return machine.request(where, script, environment={"GO": machine.go})


def ended(machine, request, then=lambda: None):
    """:param then: what happens to the disk once the script runs. :returns: the terminal status.

    Nobody who reads the status finds half of one.
    """
    assert machine.launch(request)["answer"] == "started"
    with Reader(machine.attempt(request).status) as reader:
        machine.wait_for_log(request, "begun")
        machine.wait_until(lambda: reader.read > 10)
        then()
        open(machine.go, "w").close()
        is_free(machine)
    os.remove(machine.go)
    assert reader.torn == []
    return seen(machine, request)


def look(machine, request):
    """Let the worker look at the disk, which it does behind what it reads, but not each time."""
    time.sleep(EVERY)
    for _ in range(2):
        hear(machine, request)


def hear(machine, request):
    size = len(machine.log(request))
    machine.wait_until(lambda: len(machine.log(request)) > size)


def seen(machine, request):
    """:returns: the status as a controller is told it."""
    asked = {"limit": 5, "build": request["build_id"]}
    return machine.ask("builds", asked)["builds"][0]


@rows.fault(13)
@rows.thorough
def test_a_log_fills_the_disk(machine_on, address, injections):  # noqa: F811
    disk = SmallDisk(MEBIBYTES)
    machine = machine_on(disk)
    disk.fill(leave=3 << 20)
    request = waiting(machine, address, TALKING)
    with injections.measured():
        status = ended(machine, request)
        assert (status["state"], status["cause"]) == ("error", "disk_full")
        assert whole(machine, request, status)
    disk.make_room()
    builds_on(machine, address)


def builds_on(machine, where):
    """With room, and nothing else done by hand."""
    status = machine.run(machine.request(where, "true"))
    assert status["state"] == "success", status["message"]


@rows.fault(13)
@pytest.mark.parametrize(
    "script, state",
    [
        pytest.param(TALKING, "error", marks=rows.thorough),
        (QUIET, "error"),
        pytest.param("echo begun; " + WAIT + "true", "success", marks=rows.thorough),
    ],
    ids=["log", "silent", "success"],
)
def test_others_fill_the_disk_in_mid_build(machine_on, address, injections, script, state):  # noqa: F811
    """... to the last byte, and take what the build gives back, too."""
    disk = SmallDisk(MEBIBYTES)
    machine = machine_on(disk)
    request = waiting(machine, address, script)
    with injections.measured():
        status = ended(machine, request, disk.fill)
        assert (status["state"], status["cause"]) == (
            state,
            "disk_full" if state == "error" else "",
        )
        whole(machine, request, status)
        refused = machine.launch(machine.request(address, "true"))
        assert (refused["answer"], refused["cause"]) == ("refused", "disk_full")
    disk.make_room()
    builds_on(machine, address)
    assert whole(machine, request, seen(machine, request))


@rows.fault(13)
@rows.thorough
def test_full_for_a_moment(machine_on, address, injections):  # noqa: F811
    """Room that is back when the script has failed does not hide why it failed."""
    disk = SmallDisk(MEBIBYTES)
    machine = machine_on(disk)
    script = "echo begun; while head -c 65536 /dev/zero >>x; do sleep 0.1; done; " + TELL + "exit 1"

    def for_a_moment():
        disk.fill()
        machine.wait_until(lambda: "No space" in machine.log(request))
        look(machine, request)
        disk.make_room()

    request = waiting(machine, address, script)
    with injections.measured():
        status = ended(machine, request, for_a_moment)
        assert (status["state"], status["cause"]) == ("error", "disk_full")
        assert whole(machine, request, status)
    disk.make_room()
    builds_on(machine, address)


@rows.fault(13)
@rows.thorough
def test_full_from_the_start_and_in_mid_clone(machine_on, address, shop, injections):  # noqa: F811
    disk = SmallDisk(MEBIBYTES)
    machine = machine_on(disk)
    with injections.measured():
        disk.fill()
        answer = machine.launch(machine.request(address, "true"))
        assert (answer["answer"], answer["cause"]) == ("refused", "disk_full")
        disk.make_room()
        builds_on(machine, address)
    shop.commit({"large": os.urandom(MEBIBYTES << 20)}, "Large")
    request = machine.request(address, "true")
    with injections.measured():
        status = machine.run(request)
        assert (status["state"], status["cause"]) == ("error", "disk_full"), machine.log(request)
        assert "cloning anew" not in machine.log(request)
        assert whole(machine, request, status)
    shop.git(["push", "-q", "--force", "origin", "HEAD~1:refs/heads/main"])
    builds_on(machine, address)


@rows.fault(13)
def test_no_inodes(machine_on, address, injections):  # noqa: F811
    disk = SmallDisk(64, inodes=2000)
    machine = machine_on(disk)
    script = 'cd "$TRISTAN_SOURCE"; echo begun; sleep 1; i=0; while i=$((i + 1)); do : >$i || exit 1; done'
    request = machine.request(address, script)
    with injections.measured():
        status = ended(machine, request)
        assert (status["state"], status["cause"]) == ("error", "no_inodes")
        assert whole(machine, request, status)
    quiet = waiting(machine, address, QUIET)
    with injections.measured():
        status = ended(machine, quiet, disk.use_inodes)
        assert (status["state"], status["cause"]) == ("error", "no_inodes")
        disk.use_inodes()
        refused = machine.launch(machine.request(address, "true"))
        assert (refused["answer"], refused["cause"]) == ("refused", "no_inodes")
    disk.make_room()
    builds_on(machine, address)


@rows.fault(13)
@pytest.mark.parametrize(
    "script", [pytest.param(TALKING, marks=rows.thorough), QUIET], ids=["log", "silent"]
)
def test_read_only_in_mid_build(machine_on, address, injections, script):  # noqa: F811
    disk = FailingDisk(64)
    machine = machine_on(disk)
    request = waiting(machine, address, script)
    with injections.measured():
        status = ended(machine, request, disk.fail)
        assert (status["state"], status["cause"]) == ("error", "read_only")
        whole(machine, request, status)
        refused = machine.launch(machine.request(address, "true"))
        assert (refused["answer"], refused["cause"]) == ("refused", "read_only")
        assert watched(machine, request)["cause"] == "read_only"
    disk.repair()
    builds_on(machine, address)
    assert machine.status(request)["cause"] == "read_only"
    assert whole(machine, request, status)


def watched(machine, request):
    """:returns: the last status that a watcher is sent."""
    order = {"follow": {"build_id": request["build_id"], "attempt": 1, "offset": 0, "once": True}}
    watch = machine.start_watch()
    try:
        watch.stdin.write(json.dumps(order).encode("ascii") + b"\n")
        watch.stdin.flush()
        while True:
            frame = json.loads(watch.stdout.readline().decode("utf-8"))
            watch.stdout.read(frame.get("length", 0))
            if frame["frame"] == "status":
                return frame["status"]
    finally:
        watch.stdin.close()
        watch.stdout.close()
        watch.wait()


@rows.fault(13)
@rows.thorough
@pytest.mark.parametrize("kind", ["full", "read_only"])
def test_cancel_on_a_disk_that_takes_nothing(machine_on, address, injections, kind):  # noqa: F811
    disk = FailingDisk(64) if kind == "read_only" else SmallDisk(MEBIBYTES)
    machine = machine_on(disk)
    request = machine.request(address, "echo begun; sleep 60")

    def cancel():
        disk.fail() if kind == "read_only" else disk.fill()
        asked = {"build_id": request["build_id"], "reason": "no room"}
        assert machine.ask("cancel", asked)["answer"] == "cancelling"

    with injections.measured():
        status = ended(machine, request, cancel)
        assert (status["state"], status["message"]) == ("cancelled", "cancelled: no room")


@rows.fault(13)
@pytest.mark.parametrize("inodes", [0, pytest.param(1500, marks=rows.thorough)])
def test_gc_frees_a_disk_that_is_full(machine_on, address, injections, inodes):  # noqa: F811
    disk = SmallDisk(32, inodes)
    machine = machine_on(disk)
    script = 'cd "$TRISTAN_CACHE"; head -c 8000000 /dev/zero >large; touch $(seq 500)'
    request = machine.request(address, script)
    assert machine.run(request)["state"] == "success"
    is_left_alone(machine, request)
    question = {"dry_run": False, "older_than_seconds": 0, "most_bytes": None, "what": None}
    with injections.measured():
        disk.use_inodes() if inodes else disk.fill()
        before = disk.free()
        answer = machine.ask("gc", dict(question, engine=[]))
        assert answer["answer"] == "gc" and answer["failed"] == [], answer
        assert disk.free() - before >= 8000000
        builds_on(machine, address)


@rows.fault(13)
@rows.thorough
def test_the_commands_on_a_full_disk(engine, python_image, executor_python, injections):
    """What an operator has to look at it, and to make room: each works over a real sshd."""
    operator = Operator(engine, python=executor_python, python_image=python_image, nodejs_image="x")
    operator.sshd.stop_listening()  # Started again, its mount namespace has the small disk.
    disk = SmallDisk(24, path=operator.sshd.root)
    os.chmod(disk.path, 0o777)
    try:
        operator.sshd.start()
        operator.allow_little_room()
        operator.enroll()
        first = operator.run("build", "script", "--branch", "main", "--param", "SCRIPT=true")
        assert first.code == 0, first
        with injections.measured():
            build_id = operator.detached("echo begun; while :; do sleep 0.1; done")
            process.wait_until(lambda: "begun" in operator.run("logs", build_id).out, 60, "it")
            disk.fill()
            cancelled = operator.run("cancel", build_id)
            assert cancelled.code in (0, 5), cancelled
            ended = operator.run("logs", build_id, "--follow")
            assert ended.code == 5, ended
            assert operator.json("status", build_id)["state"] == "cancelled"
            examined = operator.run("doctor", "builder-1")
            assert "disk" in examined.out and "Traceback" not in examined.out + examined.err
            refused = operator.run("build", "script", "--branch", "main", "--param", "SCRIPT=true")
            assert refused.code == 3 and "disk is full" in refused.err, refused
            collected = operator.run("gc", "builder-1", "--older-than", "0")
            assert collected.code == 0, collected
            removed = operator.run("uninstall", "builder-1", "--yes")
            assert "filler: is not Tristan's" in removed.err, removed
            assert os.listdir(disk.path) == ["filler"]
    finally:
        disk.make_room()
        operator.stop()
        disk.remove()
