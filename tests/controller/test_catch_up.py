"""Builds are accepted at each contact, watched or not: real executors on this host, a real receiver."""

from __future__ import absolute_import, print_function, unicode_literals

import json
import os
import shutil

import pytest

from controller import errors, finder, newest
from tests.controller import statuses
from tests.controller.workshop import Sink
from tests.lab import answering, process

HELD, GONE = "20260101T000000000-0000000a", "20260101T000000000-0000000b"
SCRIPT = "echo first; echo last line; exit 3"


@pytest.fixture
def receiver():
    with answering.Server([(204, {}, b"")]) as server:
        yield server


def launch(controller, receiver, **chosen):
    plan = controller.plan("shop", branch="main", notify=[receiver.url], **chosen)
    return controller.build(plan)


def wait_for_the_end(workshop, launched):
    """Until the build has ended on its machine, without any contact by a controller."""
    where = os.path.join(workshop.root(launched.machine), "1/run", launched.executor_id, "builds")
    path = os.path.join(where, launched.build_id, "%d" % launched.attempt, "status")

    def ended():
        with open(path, "rb") as opened:
            return json.loads(opened.read().decode("utf-8"))["state"] != "running"

    process.wait_until(ended, 60, "the end of the build")
    workshop.wait_until_free(launched)


def told(receiver):
    return [json.loads(request.body.decode("utf-8")) for request in receiver.requests]


def test_a_watched_build_is_accepted_at_its_end(workshop, receiver):
    controller = workshop.controller(SCRIPT)
    launched = launch(controller, receiver)
    status = controller.watch(launched.build_id, sink=Sink())
    (document,) = told(receiver)
    assert (document["build_id"], document["state"]) == (launched.build_id, status["state"])
    assert document["state"] == "failed"
    assert "first\nlast line\n" in document["log_end"]
    assert controller.state.journal.open_ids() == []
    controller.status()
    controller.watch(launched.build_id, sink=Sink())
    assert len(receiver.requests) == 1


CONTACTS = {
    "status": lambda controller, build: controller.status(),
    "status of one": lambda controller, build: controller.find(build),
    "logs": lambda controller, build: controller.read_log(build, Sink()),
    "refresh": lambda controller, build: controller.accept(),
}


@pytest.mark.parametrize("contact", sorted(CONTACTS))
def test_an_unwatched_build_is_accepted_at_the_next_contact(workshop, receiver, contact):
    launched = launch(workshop.controller(SCRIPT), receiver)
    wait_for_the_end(workshop, launched)
    assert receiver.requests == []
    later = workshop.controller(SCRIPT)
    CONTACTS[contact](later, launched.build_id)
    assert [document["build_id"] for document in told(receiver)] == [launched.build_id]
    before = len(workshop.commands("builder-1"))
    later.accept()
    assert len(workshop.commands("builder-1")) == before


def test_a_build_that_a_listing_leaves_out_is_accepted_too(workshop, receiver):
    controller = workshop.controller(SCRIPT)
    for _ in range(2):
        wait_for_the_end(workshop, launch(controller, receiver))
    (listed,) = workshop.controller(SCRIPT).status(limit=1)
    assert len(receiver.requests) == 2
    assert told(receiver)[0]["build_id"] == listed["build_id"]


def test_one_question_finds_all_ends_of_a_machine(workshop, receiver, monkeypatch):
    monkeypatch.setattr(finder, "AT_ONCE", 2)
    controller = workshop.controller(SCRIPT)
    for _ in range(3):
        wait_for_the_end(workshop, launch(controller, receiver))
    before = len(workshop.commands("builder-1"))
    workshop.controller(SCRIPT).accept()
    assert len(receiver.requests) == 3
    asked = [words for words in workshop.commands("builder-1")[before:] if "builds" in words]
    assert len(asked) == 2, asked


class Earlier(object):
    """A machine with scripts that know of no question for several ids."""

    def ask(self, name, question):
        assert name == "builds"
        known = [statuses.running(HELD)] if question["build"] == HELD else []
        return {"answer": "builds", "builds": known, "executors": {}, "load": [0, 0, 0]}


def test_a_machine_with_earlier_scripts_is_asked_one_by_one():
    found = finder.Finder({"old": Earlier()}, None, None)
    told, absent = found.those("old", [HELD, GONE])
    assert ([one["build_id"] for one in told], absent) == ([HELD], [GONE])


class Liar(object):
    """A machine that tells of builds that it was not asked for."""

    def ask(self, name, question):
        return {"answer": "builds", "builds": [statuses.running(HELD)], "absent": [HELD, "x", 1]}


def test_what_was_not_asked_for_is_not_believed():
    assert finder.Finder({"other": Liar()}, None, None).those("other", [GONE]) == ([], [])


def test_a_running_build_stays_open(workshop, receiver):
    controller = workshop.controller(workshop.hold)
    launched = launch(controller, receiver)
    controller.status()
    controller.read_log(launched.build_id, Sink())
    assert controller.state.journal.open_ids() == [launched.build_id]
    with pytest.raises(errors.UsageError) as caught:
        controller.notify(launched.build_id)
    assert "still runs" in caught.value.message
    workshop.release()
    controller.watch(launched.build_id, sink=Sink())
    assert len(receiver.requests) == 1


def test_only_machines_that_are_asked_are_asked(workshop, receiver):
    controller = workshop.controller(SCRIPT, machines=("builder-1", "builder-2"))
    launched = launch(controller, receiver, machine="builder-2")
    wait_for_the_end(workshop, launched)
    later = workshop.controller(SCRIPT, machines=("builder-1", "builder-2"))
    later.status(machine="builder-1")
    assert receiver.requests == []
    workshop.use("builder-2", errors.MachineUnreachable("no route"))
    later.status(on_note=lambda text: None)
    assert receiver.requests == []
    later.status()
    assert len(receiver.requests) == 1


def test_a_build_that_was_taken_off_its_machine_is_open_for_an_hour(
    workshop, receiver, monkeypatch
):
    controller = workshop.controller(SCRIPT)
    launched = launch(controller, receiver)
    wait_for_the_end(workshop, launched)
    run = os.path.join(workshop.root("builder-1"), "1/run/1")
    shutil.rmtree(os.path.join(run, "builds", launched.build_id))
    controller.accept()
    assert controller.state.journal.open_ids() == [launched.build_id]
    monkeypatch.setattr(newest, "clock", lambda seconds: "99991231T235959")
    controller.accept()
    assert controller.state.journal.open_ids() == []
    assert receiver.requests == []


def test_a_past_build_is_told_again(workshop, receiver):
    controller = workshop.controller(SCRIPT)
    launched = launch(controller, receiver)
    controller.watch(launched.build_id, sink=Sink())
    assert controller.notify(launched.build_id[-8:]) == [("the webhook at " + receiver.url, None)]
    first, second = told(receiver)
    assert first == second


def test_whom_nobody_can_tell_is_refused_before_anything_is_sent(workshop):
    controller = workshop.controller(SCRIPT)
    for text in ("nobody", "mail:a@example.com"):
        with pytest.raises(errors.UsageError):
            controller.plan("shop", branch="main", notify=[text])
    assert workshop.connections == []
