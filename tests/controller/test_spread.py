"""Builds spread evenly over executors and machines, and return to where their ref is held."""

from __future__ import absolute_import, print_function, unicode_literals

import collections
import os

import pytest

from controller import errors
from controller.state import State
from tests.controller.workshop import Sink
from tests.lab import process

MACHINES = ("builder-1", "builder-2", "builder-3")


def build(controller, **chosen):
    return controller.build(controller.plan("shop", **chosen))


def finish(controller, launched):
    return controller.watch(launched.build_id, sink=Sink())


def place(launched):
    return launched.machine, launched.executor_id


def another_operator(workshop, *arguments, **options):
    """A controller that knows nothing of the builds so far."""
    controller = workshop.controller(*arguments, **options)
    controller.state = State(os.path.join(workshop.directory, "other state"))
    for contact in controller._contacts.values():
        contact._state = controller.state
    return controller


def test_six_builds_at_once_are_two_on_each_of_three_machines(workshop):
    controller = workshop.controller(workshop.hold, MACHINES, executors=2)
    commit = process.output(["git", "ls-remote", workshop.address, "refs/heads/main"])[:40]
    # One commit by six names, so that none of them is held anywhere.
    launched = [build(controller, commit=commit[:length]) for length in range(7, 13)]
    share = collections.Counter(one.machine for one in launched)
    assert share == dict.fromkeys(MACHINES, 2)
    assert len(set(place(one) for one in launched)) == 6
    workshop.release()
    for one in launched:
        finish(controller, one)


def test_builds_one_after_the_other_take_turns_on_a_machines_executors(workshop):
    controller = workshop.controller(machines=MACHINES[:1], executors=3)
    places = []
    for number in range(6):
        launched = build(controller, commit="%040x" % number)
        finish(controller, launched)
        places.append(place(launched))
    assert sorted(places[:3]) == sorted(places[3:]) == sorted(set(places))


def test_another_operators_build_of_the_branch_goes_to_the_executor_that_holds_it(workshop):
    first = workshop.controller(machines=MACHINES, executors=2)
    launched = build(first, branch="main")
    finish(first, launched)
    for number in range(3):
        finish(first, build(first, commit="%040x" % number))
    second = another_operator(workshop, machines=MACHINES, executors=2)
    again = build(second, branch="main")
    assert place(again) == place(launched)
    finish(second, again)


def test_a_build_does_not_wait_for_the_executor_that_holds_its_branch(workshop):
    controller = workshop.controller(workshop.hold, MACHINES[:2])
    first = build(controller, branch="main")
    second = build(controller, branch="main")
    assert first.machine != second.machine
    workshop.release()
    for one in (first, second):
        finish(controller, one)


def test_an_executor_that_says_what_it_runs_is_not_tried(workshop):
    controller = workshop.controller(workshop.hold, MACHINES[:1], executors=3)
    running = [build(controller, branch="main") for _ in range(3)]
    before = len(workshop.commands("builder-1"))
    with pytest.raises(errors.Busy) as caught:
        build(controller, branch="main")
    # the one that built the ref last, and the question
    assert len(workshop.commands("builder-1")) == before + 2
    assert all(one.build_id in caught.value.message for one in running)
    workshop.release()
    for one in running:
        finish(controller, one)


def test_where_the_ref_was_last_built_needs_no_question(workshop):
    controller = workshop.controller(machines=MACHINES)
    finish(controller, build(controller, branch="main"))
    before = dict((name, len(workshop.commands(name))) for name in MACHINES)
    launched = build(controller, branch="main")
    asked = [len(workshop.commands(name)) - before[name] for name in MACHINES]
    assert sorted(asked) == [0, 0, 1]
    finish(controller, launched)


def test_machines_tell_their_load_and_processors(workshop):
    controller = workshop.controller(workshop.hold, executors=2)
    launched = build(controller, branch="main")
    (row,) = controller.machines()
    assert row["processors"] == os.sysconf(str("SC_NPROCESSORS_ONLN")) and len(row["load"]) == 3
    assert row["executors"][launched.executor_id]["build_id"] == launched.build_id
    workshop.release()
    finish(controller, launched)
