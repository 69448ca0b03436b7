"""One build a slot, whoever asks again, unless the launch came to nothing."""

from __future__ import absolute_import, print_function, unicode_literals

import os

import pytest

from controller import documents, errors, slots
from tests.controller.workshop import Sink


def planned(controller):
    return controller.plan("shop", branch="main")


def test_the_second_gets_the_build_of_the_first(workshop):
    first, second = workshop.controller(), workshop.controller()
    launched = first.build_for("nightly 1", planned(first), wait=True)
    again = second.build_for("nightly 1", planned(second), wait=True)
    assert again == launched._replace(already=True)
    first.watch(launched.build_id, Sink())
    assert second.build_for("nightly 1", planned(second)) == again, "also when it has ended"
    assert second.build_for("nightly 2", planned(second)).build_id != launched.build_id


def test_a_launch_that_came_to_nothing_leaves_the_slot_free(workshop):
    controller = workshop.controller(workshop.hold)
    running = controller.build(planned(controller)).build_id
    with pytest.raises(errors.Busy):
        controller.build_for("nightly", planned(controller))
    workshop.release()
    controller.watch(running, Sink())
    plan = planned(controller)
    assert controller.build_for("nightly", plan).build_id == plan.build_id


@pytest.mark.parametrize("stage, taken", [("intended", True), ("launched", True), (None, False)])
def test_who_launches_may_die(workshop, stage, taken):
    """Before the journal has it nothing was launched; from then on the launch is gone on with."""
    controller = workshop.controller()
    died = planned(controller)
    state = controller.state
    kept = slots.Slots(state.slots, state.journal)

    def launch():
        if stage is not None:
            entry = {"build_id": died.build_id, "attempt": 1, "machine": "builder-1"}
            entry.update(executor_id="1", project="shop", ref=died.ref)
            state.journal.intend(entry, {})
        if stage == "launched":
            state.journal.confirm(died.build_id)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        kept.once(died, "nightly", launch)
    later = planned(controller)
    found = controller.build_for("nightly", later).build_id
    assert found == (died.build_id if taken else later.build_id)


def test_slots_of_long_ago_go(workshop, monkeypatch):
    monkeypatch.setattr(slots, "KEPT", 3)
    controller = workshop.controller()
    directory = controller.state.slots
    for number in range(9):
        path = os.path.join(directory, "old%d" % number)
        documents.write_json(path, {})
        os.utime(path, (number, number))
    controller.build_for("nightly", planned(controller))
    assert len(os.listdir(directory)) == 3 and "old8" in os.listdir(directory)


def test_slots_that_another_one_removes_meanwhile_are_gone(workshop, monkeypatch):
    monkeypatch.setattr(slots, "KEPT", 3)
    there = ["gone%d" % number for number in range(9)]
    monkeypatch.setattr(slots, "listed", lambda directory: os.listdir(directory) + there)
    controller = workshop.controller()
    plan = planned(controller)
    assert controller.build_for("nightly", plan).build_id == plan.build_id


@pytest.mark.parametrize("name", ["", " ", "a\nb", "x" * 201])
def test_a_name_that_nobody_can_read_is_refused(workshop, name):
    controller = workshop.controller()
    with pytest.raises(errors.UsageError):
        controller.build_for(name, planned(controller))
