"""What startup.py answers: started once, busy, refused; and that its end leaves the build alone."""

from __future__ import absolute_import, print_function

import json
import os
import subprocess

from business_hyper_fusion import compat, identity, launch, lock
from tests.executor.machine import HASH


def test_answers_before_the_build_ends_and_holds_no_descriptor(machine, address):
    script, let_go = machine.waiting()
    request = machine.request(address, script + "; echo over")
    answer = machine.launch(
        request
    )  # communicate() returns only when nobody holds stdout any more.
    assert answer["answer"] == "started" and not answer["already"]
    assert answer["process"]["pid"] == machine.status(request)["process"]["pid"]
    assert machine.status(request)["state"] == "running"
    let_go()
    assert machine.wait(request)["state"] == "success"


def test_request_becomes_data_data_json(machine, address):
    request = machine.request(address, "true")
    machine.run(request)
    with open(os.path.join(machine.root, "1", "run", "1", "data_data.json")) as file:
        assert json.load(file) == request
    for name in ("status", "log", "events.jsonl"):
        link = os.path.join(machine.root, "1", "run", "1", name)
        assert os.path.realpath(link) == os.path.join(
            os.path.realpath(machine.attempt(request).path), name
        )


def test_repeated_launch_starts_nothing_twice(machine, address):
    request = machine.request(address, "echo ran; sleep 1")
    first = machine.launch(request)
    again = machine.launch(request)
    assert again["already"] and again["process"] == first["process"]
    machine.wait(request)
    machine.wait_until(lambda: machine.launch(request)["answer"] == "started")
    assert machine.launch(request)["already"]
    assert machine.log(request).count("\nran\n") == 1


def test_busy_is_an_answer(machine, address):
    script, let_go = machine.waiting()
    running = machine.request(address, script)
    machine.launch(running)
    assert machine.launch(machine.request(address, "true")) == {
        "answer": "busy",
        "build_id": running["build_id"],
    }
    other_slot = machine.request(address, "true", executor_id="2")
    assert machine.run(other_slot)["state"] == "success"
    let_go()
    machine.wait(running)


def test_next_build_does_not_find_the_last_one_busy(machine, address):
    for _ in range(3):
        request = machine.request(address, "true")
        # at once: machine.run() waits until nobody holds the executor
        assert machine.launch(request)["answer"] == "started"
        assert machine.wait(request)["state"] == "success"


def test_a_worker_that_is_stopped_before_it_lets_go_is_waited_for(machine, address, monkeypatch):
    """Its end is told by then, and whoever has seen that launches the next build."""
    machine.run(machine.request(address, "true"))
    clock = [0.0]

    class Time(object):
        @staticmethod
        def sleep(seconds):
            clock[0] += seconds

    monkeypatch.setattr(lock, "time", Time)
    monkeypatch.setattr(compat, "monotonic", lambda: clock[0])
    monkeypatch.setattr(identity, "alive", lambda process: True)
    monkeypatch.setattr(lock, "acquire", lambda path: "held" if clock[0] > 10 else None)
    begins = launch.Launch(machine.release, machine.request(address, "true"), {})
    assert begins._acquire() == "held"


def test_a_worker_that_goes_while_it_is_looked_for_keeps_nobody_off(machine, address, monkeypatch):
    """It lets go of the executor before it ends, so that one that has ended is no longer in the way."""
    machine.run(machine.request(address, "true"))
    executor = machine.business.executor("1")
    machine.wait_until(lambda: not lock.held(executor.lock))
    held = [lock.acquire(executor.lock)]

    def end_just_now(process):
        os.close(held.pop())
        return False

    monkeypatch.setattr(identity, "alive", end_just_now)
    monkeypatch.setattr(launch, "ENDED_SECONDS", 0.0)
    begins = launch.Launch(machine.release, machine.request(address, "true"), {})
    os.close(begins._acquire())


def test_attempt_that_died_before_its_status_may_be_taken(machine, address):
    request = machine.request(address, "true")
    os.makedirs(machine.attempt(request).path)
    assert machine.run(request)["state"] == "success"


def test_refused_requests_change_nothing(machine, address):
    good = machine.request(address)
    bad = [
        "not json",
        "[]",
        json.dumps({"request": good}),
        json.dumps({"request": dict(good, release="b" * 64), "secrets": {}}),
        json.dumps({"request": dict(good, executor_id="2"), "secrets": {}}),
        json.dumps({"request": dict(good, extra=1), "secrets": {}}),
        json.dumps({"request": dict(good, environment={"LD_PRELOAD": "x"}), "secrets": {}}),
        json.dumps(
            {
                "request": dict(good, ref={"kind": "branch", "name": "-x", "commit": ""}),
                "secrets": {},
            }
        ),
        json.dumps({"request": good, "secrets": {"../../etc/passwd": "x"}}),
        json.dumps({"request": good, "secrets": {"git_key": 1}}),
    ]
    for document in bad:
        answer = json.loads(machine.startup("1", document))
        assert (answer["answer"], answer["cause"]) == ("refused", "request"), document
    assert not os.path.exists(os.path.join(machine.root, "1", "run"))


def test_other_protocol_is_named(machine, address):
    document = json.dumps({"request": dict(machine.request(address), protocol=2), "secrets": {}})
    answer = json.loads(machine.startup("1", document))
    assert (answer["answer"], answer["cause"]) == ("refused", "protocol")


def test_locale_c_and_home_that_is_not_there(machine, address, monkeypatch):
    monkeypatch.setenv("LC_ALL", "C")
    monkeypatch.setenv("HOME", "/nonexistent")
    monkeypatch.delenv("LANG", raising=False)
    word = compat.to_native(b"\xc3\xa9t\xc3\xa9")
    request = machine.request(
        address, 'echo "$WORD"; touch "$WORD.whl"', environment={"WORD": word}, artifacts=["*.whl"]
    )
    status = machine.run(request)
    assert "\n%s\n" % word in machine.log(request)
    assert [artifact["name"] for artifact in status["artifacts"]] == [word + ".whl"]


def test_disk_full_while_launching(small_machine, address):
    machine = small_machine(4)
    fill(machine)
    answer = machine.launch(machine.request(address, "true"))
    assert (answer["answer"], answer["cause"]) == ("refused", "disk_full")


def test_disk_full_while_building(small_machine, address):
    machine = small_machine(8)
    request = machine.request(address, 'cat /dev/zero > "$TRISTAN_SOURCE/big"')
    status = machine.run(request)
    assert (status["state"], status["cause"]) == ("error", "disk_full")
    assert "disk is full" in status["message"]
    assert machine.run(machine.request(address, "true"))["state"] == "success"


def test_disk_filled_by_somebody_else_in_mid_log(small_machine, address):
    machine = small_machine(8)
    request = machine.request(
        address, "echo begun; sleep 1; while :; do echo talking and talking; done"
    )
    machine.launch(request)
    machine.wait_for_log(request, "begun")
    fill(machine)
    status = machine.wait(request)
    assert (status["state"], status["cause"]) == ("error", "disk_full")


def fill(machine):
    """Write until nothing more fits."""
    path = os.path.join(machine.root, "filler")
    subprocess.call(["dd", "if=/dev/zero", "of=" + path, "bs=4096"], stderr=open(os.devnull, "w"))
    with open(path, "ab") as file:
        try:
            file.write(b"\0" * 8192)
            file.flush()
        except (IOError, OSError):
            pass


def test_release_is_not_written_to(machine, address):
    def tree():
        return sorted((path, files) for path, _, files in os.walk(machine.release))

    before = tree()
    machine.run(machine.request(address, "true"))
    assert tree() == before
    assert os.path.basename(machine.release) == HASH
