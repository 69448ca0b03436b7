"""Further attempts of a build: real executors, real deaths, journals of several controllers."""

from __future__ import absolute_import, print_function, unicode_literals

import json
import os
import threading
import time

import pytest

from controller import errors, offer, requeue
from controller.journal import Journal
from tests.controller.workshop import Sink

DIES = """case "$TRISTAN_ATTEMPT" in %s)
  echo dying
  p=$$
  until tr '\\0' ' ' < /proc/$p/cmdline | grep -q startup.py; do
    p=$(sed 's/.*) . //; s/ .*//' /proc/$p/stat)
  done
  kill -9 $p; sleep 60;;
esac
echo attempt "$TRISTAN_ATTEMPT" lives"""
"""A script that kills the startup.py that runs it, in the attempts that a pattern means."""

TWO = ("builder-1", "builder-2")


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(requeue, "PAUSES", (0.01, 0.01, 0.01))


def launch(controller, **chosen):
    return controller.build(controller.plan("shop", branch="main", **chosen))


def wait_for_the_end(workshop, launched):
    """Without a contact of a controller. :returns: dict, the terminal status."""
    run = os.path.join(workshop.root(launched.machine), "1", "run", launched.executor_id)
    path = os.path.join(run, "builds", launched.build_id, "%d" % launched.attempt, "status")
    end = time.time() + 60
    while time.time() < end:
        with open(path) as opened:
            status = json.load(opened)
        if status["state"] != "running":
            return status
        time.sleep(0.05)
    raise AssertionError("the build did not end")


def test_a_watched_build_whose_startup_py_died_is_built_on_another_machine(workshop):
    controller = workshop.controller(DIES % "*.1", TWO)
    launched = launch(controller, machine=None)
    sink = Sink()
    status = controller.watch(launched.build_id, sink=sink)
    assert (status["state"], status["attempt"]) == ("success", 2), sink.data
    assert status["machine"] != launched.machine
    assert b"attempt %s.2 lives" % launched.build_id.encode("ascii") in sink.data
    text = "%s: attempt 1 ended with startup_died on %s; attempt 2 runs on %s"
    told = text % (launched.build_id, launched.machine, status["machine"])
    assert (workshop.notes[-1], sink.notes) == (told, [])
    entry = controller.state.journal.read(launched.build_id)
    assert (entry["stage"], entry["attempt"], entry["machine"]) == (
        "accepted",
        2,
        status["machine"],
    )
    assert entry["replaced"] == [
        {
            "attempt": 1,
            "machine": launched.machine,
            "executor_id": "1",
            "cause": "startup_died",
        }
    ]
    assert [(one["attempt"], one["state"]) for one in controller.status()] == [(2, "success")]


def test_the_log_of_an_attempt_that_was_replaced_can_be_read(workshop):
    controller = workshop.controller(DIES % "*.1", TWO)
    launched = launch(controller)
    controller.watch(launched.build_id, sink=Sink())
    first, latest = Sink(), Sink()
    assert controller.read_log(launched.build_id, first, attempt=1)["state"] == "lost"
    controller.read_log(launched.build_id, latest)
    assert b"was killed by signal 9" in first.data
    assert b"lives" in latest.data and b"was killed by" not in latest.data


def test_on_the_only_machine_it_is_tried_again_there_three_times_and_no_more(workshop):
    controller = workshop.controller(DIES % "*")
    launched = launch(controller)
    status = controller.watch(launched.build_id, sink=Sink())
    assert (status["state"], status["attempt"]) == ("lost", 4)
    assert controller.state.journal.open_ids() == []


@pytest.mark.parametrize("allowed, attempts", [("never", 1), ("0", 1), ("1", 2)])
def test_a_project_says_how_often(workshop, allowed, attempts):
    controller = workshop.controller(DIES % "*", project="requeue: " + allowed)
    status = controller.watch(launch(controller).build_id, sink=Sink())
    assert (status["state"], status["attempt"]) == ("lost", attempts)


@pytest.mark.parametrize("script", ["exit 3", "kill -9 $$"])
def test_a_failing_script_is_an_answer(workshop, script):
    controller = workshop.controller(script, TWO)
    status = controller.watch(launch(controller).build_id, sink=Sink())
    assert (status["state"], status["attempt"]) == ("failed", 1)


def test_all_attempts_build_the_same_commit(workshop):
    controller = workshop.controller(DIES % "*.1", TWO)
    launched = launch(controller)
    first = wait_for_the_end(workshop, launched)
    workshop.shop.commit({"README": "newer\n"}, "Second")
    status = controller.watch(launched.build_id, sink=Sink())
    assert (status["attempt"], status["commit"]) == (2, first["commit"])


def test_an_unwatched_build_goes_on_at_the_next_contact_of_any_kind(workshop):
    launched = launch(workshop.controller(DIES % "*.1", TWO))
    wait_for_the_end(workshop, launched)
    later = workshop.controller(DIES % "*.1", TWO)
    later.status()
    entry = later.state.journal.read(launched.build_id)
    # the attempt may have ended by the end of that very contact
    assert entry["attempt"] == 2 and entry["stage"] in ("launched", "accepted")
    assert later.watch(launched.build_id, sink=Sink())["state"] == "success"


def test_with_no_executor_free_the_next_contact_tries_again(workshop):
    controller = workshop.controller(DIES % "*.1")
    launched = launch(controller)
    wait_for_the_end(workshop, launched)
    holder = workshop.controller(workshop.hold)
    held = launch(holder)
    controller.status()
    assert controller.state.journal.read(launched.build_id)["attempt"] == 1
    assert controller.state.journal.open_ids() == sorted([launched.build_id, held.build_id])
    workshop.release()
    holder.watch(held.build_id, sink=Sink())
    assert controller.watch(launched.build_id, sink=Sink())["attempt"] == 2


def test_a_build_that_was_cancelled_is_not_tried_again(workshop):
    controller = workshop.controller(DIES % "*.1", TWO)
    launched = launch(controller)
    wait_for_the_end(workshop, launched)
    controller.cancel(launched.build_id)
    assert controller.watch(launched.build_id, sink=Sink())["state"] == "lost"
    assert controller.state.journal.read(launched.build_id)["attempt"] == 1


def test_who_watches_while_another_tristan_launches_the_next_attempt_waits_for_it(
    workshop, monkeypatch
):
    """Its machine has not heard of it yet."""
    script = DIES % "*.1"
    launched = launch(workshop.controller(script, TWO))
    wait_for_the_end(workshop, launched)
    run, lease = offer.Offer.run, Journal.lease
    begun, go = threading.Event(), threading.Event()
    other = threading.Thread(target=workshop.controller(script, TWO).status)

    def held_up(*arguments):
        begun.set()
        assert go.wait(60)
        return run(*arguments)

    def waited_for(journal, build_id, patience=0.0):
        if patience and threading.current_thread() is not other:
            go.set()
        return lease(journal, build_id, patience)

    monkeypatch.setattr(offer.Offer, "run", held_up)
    monkeypatch.setattr(Journal, "lease", waited_for)
    other.start()
    try:
        assert begun.wait(60)
        status = workshop.controller(script, TWO).watch(launched.build_id, sink=Sink())
    finally:
        go.set()
        other.join()
    assert (status["state"], status["attempt"]) == ("success", 2)


def test_a_build_that_is_cancelled_before_its_next_attempt_is_launched_gets_none(
    workshop, monkeypatch
):
    """There is a pause before, and perhaps no executor free for an hour."""
    controller = workshop.controller(DIES % "*.1", TWO)
    launched = launch(controller)
    following = requeue.attempts.following

    def cancelled_meanwhile(*arguments):
        workshop.controller(DIES % "*.1", TWO).cancel(launched.build_id)
        return following(*arguments)

    monkeypatch.setattr(requeue.attempts, "following", cancelled_meanwhile)
    status = controller.watch(launched.build_id, sink=Sink())
    assert (status["state"], status["attempt"]) == ("lost", 1)
    assert "not tried again: the build was cancelled before it began" in workshop.notes[-1]
    entry = controller.state.journal.read(launched.build_id)
    assert (entry["attempt"], entry["stage"]) == (1, "accepted")


def test_who_cancels_while_the_next_attempt_is_launched_cancels_that_one(workshop, monkeypatch):
    script = DIES % "*.1" + "\n" + workshop.hold
    controller = workshop.controller(script, TWO)
    launched = launch(controller)
    wait_for_the_end(workshop, launched)
    abandon = Journal.abandon

    def launched_meanwhile(*arguments):
        workshop.controller(script, TWO).status()
        abandon(*arguments)

    monkeypatch.setattr(Journal, "abandon", launched_meanwhile)
    assert controller.cancel(launched.build_id)["attempt"] == 2
    status = controller.watch(launched.build_id, sink=Sink())
    assert (status["state"], status["attempt"]) == ("cancelled", 2)


def test_a_launch_that_is_on_its_way_when_its_build_is_cancelled_is_taken_back(
    workshop, monkeypatch
):
    controller = workshop.controller(workshop.hold)
    plan = controller.plan("shop", branch="main")
    run = offer.Offer.run

    def cancelled_meanwhile(*arguments):
        with pytest.raises(errors.BuildNotFound):
            workshop.controller(workshop.hold).cancel(plan.build_id)
        return run(*arguments)

    monkeypatch.setattr(offer.Offer, "run", cancelled_meanwhile)
    status = wait_for_the_end(workshop, controller.build(plan))
    assert (status["state"], status["message"]) == ("cancelled", "cancelled: while it began")
    controller.watch(plan.build_id, sink=Sink())


def test_who_comes_back_much_later_finds_the_end_as_it_was(workshop, monkeypatch):
    controller = workshop.controller(DIES % "*.1", TWO)
    launched = launch(controller)
    wait_for_the_end(workshop, launched)
    now = requeue.attempts.time.time() + 3 * 3600
    monkeypatch.setattr(requeue.attempts.time, "time", lambda: now)
    assert controller.watch(launched.build_id, sink=Sink())["state"] == "lost"
    assert controller.state.journal.open_ids() == []


class Died(Exception):
    """Stands for a process that is gone; tests/faults kills real ones."""


def dies(*arguments):
    raise Died()


BEFORE, AFTER = "controller.offer.Offer.run", "controller.journal.Journal.confirm"


@pytest.mark.parametrize("point", [BEFORE, AFTER])
def test_a_launch_that_was_only_written_down_happens_once(workshop, monkeypatch, point):
    controller = workshop.controller("echo $TRISTAN_ATTEMPT >> %s/ran" % workshop.directory)
    plan = controller.plan("shop", branch="main")
    monkeypatch.setattr(point, dies)
    with pytest.raises(Died):
        controller.build(plan)
    monkeypatch.undo()
    later = workshop.controller("echo $TRISTAN_ATTEMPT >> %s/ran" % workshop.directory)
    assert later.state.journal.read(plan.build_id)["stage"] == "intended"
    later.status()
    status = later.watch(plan.build_id, sink=Sink())
    assert (status["state"], status["attempt"]) == ("success", 1)
    with open(os.path.join(workshop.directory, "ran")) as opened:
        assert opened.read() == plan.build_id + ".1\n"


def test_what_its_operator_gave_up_before_it_began_never_begins(workshop, monkeypatch):
    controller = workshop.controller()
    plan = controller.plan("shop", branch="main")

    def interrupted(*arguments):
        raise KeyboardInterrupt()

    monkeypatch.setattr(BEFORE, interrupted)
    with pytest.raises(KeyboardInterrupt):
        controller.build(plan)
    monkeypatch.undo()
    later = workshop.controller()
    later.watch(launch(later).build_id, sink=Sink())
    assert [one["build_id"] for one in later.status()] != [plan.build_id]
    with pytest.raises(errors.BuildNotFound) as caught:
        later.cancel(plan.build_id)
    assert "was never started" in caught.value.message


def test_while_a_launch_is_under_way_nobody_repeats_it(workshop):
    controller = workshop.controller()
    plan = controller.plan("shop", branch="main")
    launched = launch(controller)
    controller.watch(launched.build_id, sink=Sink())
    journal = controller.state.journal
    entry = dict(journal.read(launched.build_id), build_id=plan.build_id, stage="intended")
    kept = dict(journal.kept(launched.build_id), document=plan.document)
    journal.intend(entry, kept)
    with journal.lease(plan.build_id) as held:
        assert held
        controller.status()
        assert journal.read(plan.build_id)["stage"] == "intended"
    controller.status()
    assert journal.read(plan.build_id)["stage"] in ("launched", "accepted")
    controller.watch(plan.build_id, sink=Sink())
