"""Builds spread evenly over executors and machines, and return to where their ref is held."""

from __future__ import absolute_import, print_function, unicode_literals

import collections
import os

import pytest

from controller import errors, parallel
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
    # the question alone: that this process itself keeps the one busy that built the ref last needs none
    assert len(workshop.commands("builder-1")) == before + 1
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


def test_builds_launched_at_once_ask_each_machine_once_and_try_no_executor_twice(workshop):
    names = MACHINES[:2]
    controller = workshop.controller(workshop.hold, names, executors=3)
    launched = [build(controller, branch="main", machine=name) for name in names]
    before = sum(len(workshop.commands(name)) for name in names)
    more = parallel.each(lambda _: build(controller, branch="main"), range(4))
    assert not [error for _, _, error in more if error]
    launched += [one for _, one, _ in more]
    assert len(set(place(one) for one in launched)) == 6
    assert sum(len(workshop.commands(name)) for name in names) - before <= 4 + len(names)
    workshop.release()
    for one in launched:
        finish(controller, one)


def test_before_a_build_is_refused_the_machines_are_asked_again(workshop):
    """Whatever was known a moment ago: a build that nobody watched may have ended since."""
    controller = workshop.controller(workshop.hold, MACHINES[:1], executors=2)
    running = [build(controller, branch="main") for _ in range(2)]
    workshop.release()
    for one in running:
        finish(another_operator(workshop, machines=MACHINES[:1], executors=2), one)
    assert build(controller, branch="main").machine == "builder-1"


def test_an_executor_that_another_operator_took_since_is_passed_over(workshop):
    controller = workshop.controller(workshop.hold, MACHINES[:1], executors=3)
    mine = [build(controller, branch="main") for _ in range(2)]
    theirs = build(another_operator(workshop, workshop.hold, MACHINES[:1], 3), branch="main")
    with pytest.raises(errors.Busy) as caught:
        build(controller, branch="main")
    assert all(one.build_id in caught.value.message for one in mine + [theirs])
    workshop.release()
    for one in mine + [theirs]:
        finish(controller, one)


def test_the_only_executor_is_tried_whatever_is_known_of_it(workshop):
    controller = workshop.controller(machines=MACHINES[:1], executors=1)
    first = build(controller, branch="main")
    finish(another_operator(workshop, machines=MACHINES[:1]), first)
    assert place(build(controller, branch="main")) == place(first)


def test_an_attempt_that_is_to_go_elsewhere_goes_by_what_is_so_now(workshop):
    """The other machine was busy a moment ago, with what another operator has seen end."""
    controller = workshop.controller(workshop.hold, MACHINES[:2])
    running = [build(controller, branch="main", machine=name) for name in MACHINES[:2]]
    with pytest.raises(errors.Busy):
        build(controller, branch="main")
    workshop.release()
    for one in running:
        finish(another_operator(workshop, machines=MACHINES[:2]), one)
    plan = controller.plan("shop", branch="main")
    plan.avoid = MACHINES[0]
    assert controller.build(plan).machine == MACHINES[1]
