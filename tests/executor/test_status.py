"""The status file: its events, and readers that survive whatever they find in its place."""

from __future__ import absolute_import, print_function

import json
import os

import pytest

from business_hyper_fusion import compat, elsewhere, files, identity, lost, status
from business_hyper_fusion.grammar.status import check_status
from tests.faults import rows


def finished(machine, address):
    """:returns: request of a build that succeeded; nobody is at work on it any more."""
    request = machine.request(address, "true")
    assert machine.run(request)["state"] == "success"
    # Behind its end its worker looks after the disk, and would settle what is made to look unfinished here.
    machine.wait_until(lambda: not identity.alive(machine.status(request)["process"]))
    return request


NOTHING_OF_OURS = {
    "empty": b"",
    "torn": b"{",
    "list": b"[]",
    "null": b"null",
    "not utf-8": b"\xff\xfe",
    "twice": b"{}" * 10,
    "bare": b'{"state": "success"}',
    "deep": b"[" * 100000,
    "oversized": b" " * (files.LARGEST_DOCUMENT + 1),
}


def test_every_status_on_the_way_has_the_shape(docker_machine, machine, address):
    for where, script, isolation in (
        (machine, "true", "host"),
        (machine, "exit 3", "host"),
        (docker_machine, "true", "docker"),
    ):
        request = where.request(address, script, isolation)
        where.launch(request)
        while where.status(request)["state"] == "running":
            assert check_status(where.status(request)) == []
        assert check_status(where.status(request)) == []


@rows.hostile(9)
def test_what_is_no_status_is_unknown(machine, address):
    request = finished(machine, address)
    attempt = machine.attempt(request)
    for name, data in NOTHING_OF_OURS.items():
        with open(attempt.status, "wb") as file:
            file.write(data)
        assert status.read(attempt) is None, name
        assert machine.ask("builds", {"limit": 5, "build": ""})["builds"] == [], name
    answer = machine.ask("cancel", {"build_id": request["build_id"], "reason": ""})
    assert (answer["answer"], answer["status"]) == ("ended", {})
    assert machine.run(machine.request(address, "true"))["state"] == "success"


FORGERIES = [
    ("state", "done"),
    ("state", None),
    ("attempt", "1"),
    ("attempt", True),
    ("build_id", "../../etc"),
    ("phases", []),
    ("phases", [1, 2]),
    ("process", {"pid": "1", "start_time": 1, "boot_id": ""}),
    ("process", {"pid": -1, "start_time": 1, "boot_id": ""}),
    ("process", {"pid": float("inf"), "start_time": 1, "boot_id": ""}),
    ("log", {"bytes": 1}),
    ("artifacts", [{"name": "x"}]),
    ("message", "x" * 100000),
    ("wall_seconds", float("nan")),
    ("surprise", 1),
]


@rows.hostile(9)
def test_forged_fields_are_refused(machine, address):
    request = finished(machine, address)
    genuine = machine.status(request)
    assert check_status(genuine) == []
    for key, value in FORGERIES:
        document = dict(genuine)
        document[key] = value
        assert check_status(json.loads(json.dumps(document))) != [], (key, value)
        with open(machine.attempt(request).status, "w") as file:
            json.dump(document, file)
        assert status.read(machine.attempt(request)) is None, (key, value)


def test_another_builds_status_is_not_this_ones(machine, address):
    first, second = finished(machine, address), finished(machine, address)
    os.unlink(machine.attempt(second).status)
    os.symlink(machine.attempt(first).status, machine.attempt(second).status)
    assert status.read(machine.attempt(second)) is None


def events_of(machine, request):
    with open(machine.attempt(request).events, "rb") as file:
        return [json.loads(compat.to_native(line)) for line in file]


def test_an_end_that_is_brought_home_while_it_is_looked_for(machine, address, monkeypatch):
    """It is published at home before it goes from beside the root, so who looks there last looks home again."""
    attempt = machine.attempt(finished(machine, address))
    ended = status.read(attempt)
    files.publish_json(attempt.status, dict(ended, state="running"))
    elsewhere.write(attempt, elsewhere.STATUS, files.json_bytes(ended))
    find = elsewhere.find

    def find_late(*arguments):
        monkeypatch.setattr(elsewhere, "find", find)
        assert status.bring_home(attempt)
        return find(*arguments)

    monkeypatch.setattr(elsewhere, "find", find_late)
    assert status.read(attempt) == ended


class Killed(BaseException):
    """What no code outlives."""


@pytest.mark.parametrize("where, name", [(status, "append_line"), (os, "rename")])
def test_a_death_while_its_end_is_written_leaves_that_end(
    machine, address, monkeypatch, where, name
):
    """Told as well, and not status `lost` behind an event that told of success."""
    request = finished(machine, address)
    attempt = machine.attempt(request)
    ended, events = machine.status(request), events_of(machine, request)
    with open(attempt.events, "w") as file:
        file.writelines(json.dumps(event) + "\n" for event in events[:-1])
    running = dict(ended, state="running", ended_at="", wall_seconds=None, log=None)
    files.publish_json(attempt.status, running)
    done = getattr(where, name)

    def die(*arguments):
        if name == "append_line" or arguments[1] == attempt.status:
            raise Killed()
        return done(*arguments)

    monkeypatch.setattr(where, name, die)
    with pytest.raises(Killed):
        status.Status(attempt, running).end(None, ended["log"])
    monkeypatch.undo()
    assert status.read(attempt)["state"] == "running"
    lost.lose(attempt)
    last = status.read(attempt)
    assert (last["state"], last["log"]) == ("success", ended["log"])
    assert [event["event"]["action"] for event in events_of(machine, request)].count(
        "build-ended"
    ) == 1
    assert events_of(machine, request)[-1]["tristan"]["state"] == "success"
    assert not os.path.exists(attempt.ending)


def test_events_are_one_json_object_a_line(machine, address):
    request = finished(machine, address)
    events = events_of(machine, request)
    actions = [event["event"]["action"] for event in events]
    assert actions[0] == "build-started" and actions[-1] == "build-ended"
    assert actions.count("phase-started") == actions.count("phase-ended") == 5
    assert events[-1]["event"]["outcome"] == "success"
    assert all(event["tristan"]["build_id"] == request["build_id"] for event in events)
    assert all(event["@timestamp"].endswith("Z") and event["ecs"]["version"] for event in events)
    assert all(event["message"] and event["event"]["dataset"] for event in events)


def test_events_say_what_the_status_says(machine, address):
    """The status is replaced by rename, so shippers of logs can't follow it: its events take its place."""
    request = machine.request(address, "echo made > out; exit 0", artifacts=["out"])
    status = machine.run(request)
    events = events_of(machine, request)
    ended = [event for event in events if event["event"]["action"] == "phase-ended"]
    told = dict((event["tristan"]["phase"], event["tristan"]["phases"][0]) for event in ended)
    ran = [phase for phase in status["phases"] if phase["state"] != "skipped"]
    assert [told[phase["name"]] for phase in ran] == ran
    last = events[-1]["tristan"]
    assert last.pop("artifacts") == {"count": 1, "bytes": 5}
    assert last == dict((key, status[key]) for key in status if key != "artifacts")
    assert events[-1]["event"]["duration"] == int(status["wall_seconds"] * 1e9)
    assert (events[-1]["event"]["start"], events[-1]["event"]["end"]) == (
        status["started_at"],
        status["ended_at"],
    )


def test_events_of_a_build_that_did_not_succeed(machine, address):
    request = machine.request(address, "exit 3")
    status = machine.run(request)
    last = events_of(machine, request)[-1]
    assert last["error"] == {"code": "script_failed", "message": status["message"]}
    assert (last["event"]["outcome"], last["event"]["reason"]) == ("failure", status["message"])
    assert last["process"]["exit_code"] == last["tristan"]["exit"] == 3
    assert last["tristan"]["log"] == status["log"]
