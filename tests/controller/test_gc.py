"""What a machine collects, asked for by the controller: real executors, no SSH."""

from __future__ import absolute_import, print_function, unicode_literals

import json
import os

import pytest

from controller import errors, gc
from controller.settings import defaults
from tests.controller.workshop import Sink
from tests.lab import process


def built(controller, machine=None):
    """:returns: id of a build that has ended, and whose worker has: behind its end that collects, too."""
    build = controller.build(controller.plan("shop", branch="main", machine=machine)).build_id
    worker = controller.watch(build, Sink())["process"]["pid"]
    process.wait_until(lambda: not process.alive(worker), 60, "the worker's end")
    return build


def test_every_machine_collects_what_is_old(workshop):
    controller = workshop.controller(machines=("builder-1", "builder-2"))
    built(controller, "builder-1")
    told = controller.gc(older_than=0, dry_run=True, what=["refs", "mirrors"])
    found = controller.gc(older_than=0, what=["refs", "mirrors"])
    assert [(name, error) for name, _, error in found] == [("builder-1", None), ("builder-2", None)]
    kinds = [one["kind"] for one in found[0][1]["removed"]]
    assert kinds == [one["kind"] for one in told[0][1]["removed"]] == ["refs", "mirrors"]
    assert found[0][1]["bytes"] == sum(one["bytes"] for one in found[0][1]["removed"]) > 0
    # Where Tristan never was there is nothing to remove, and nothing is put there for that.
    assert found[1][1]["removed"] == [] and not os.path.exists(workshop.root("builder-2"))


def test_a_machine_with_older_scripts_gets_the_ones_that_can_do_it(workshop):
    controller = workshop.controller()
    built(controller)
    workshop.write("echo another", ("builder-1",), 1)
    controller.state.remember("builder-1", release="0" * 64)
    found = controller.gc("builder-1", older_than=0, what=["refs"])
    assert len(found[0][1]["removed"]) == 1
    assert controller.state.machine("builder-1")["release"] != "0" * 64


def test_a_machine_that_was_wiped_has_nothing(workshop):
    controller = workshop.controller()
    built(controller)
    os.rename(workshop.root("builder-1"), workshop.root("away"))
    assert controller.gc()[0][1] == dict(gc.NOTHING, bytes=0)


def test_one_that_cannot_be_reached_does_not_keep_the_others(workshop):
    workshop.use("builder-1", errors.MachineUnreachable("no route"))
    controller = workshop.controller(machines=("builder-1", "builder-2"))
    (_, nothing, error), (_, said, none) = controller.gc()
    assert (nothing, none) == (None, None)
    assert isinstance(error, errors.MachineUnreachable) and said["removed"] == []


class Forger(object):
    """A contact whose machine says anything."""

    def __init__(self, said):
        self.said = said
        values = {"name": "builder-1", "engine": Engine(), "disk": defaults.disk({})}
        self.machine = type(str("Machine"), (), values)()

    def facts(self):
        return {"release": "r"}

    def ask(self, verb, question, timeout):
        json.dumps(question)
        return self.said


class Engine(object):
    command = ("docker",)


class Release(object):
    hash = "r"


@pytest.mark.parametrize(
    "said",
    [{"answer": "gc"}, {"answer": "refused", "message": "no"},
     dict(gc.NOTHING, answer="gc", dry_run=False, removed=[{"kind": "images", "name": 1}]),
     dict(gc.NOTHING, answer="gc", dry_run=False, kept={"images": "many"})],
)  # fmt: skip
def test_an_answer_of_another_shape_is_not_believed(said):
    with pytest.raises(errors.ProtocolError):
        gc.collect(Forger(said), Release(), gc.Question())


def test_another_collection_is_said():
    with pytest.raises(errors.Busy):
        gc.collect(Forger({"answer": "busy"}), Release(), gc.Question())
