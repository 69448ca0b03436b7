"""Verb ``gc`` on a real engine: images and containers of this root, by their labels, next to a build that runs."""

from __future__ import absolute_import, print_function

import os
import subprocess
import time
import uuid

import pytest

from business_hyper_fusion import compat, image, lock
from tests.executor.test_gc import DAY, free, gc, removed, rewrite, run
from tests.executor.test_image import Base

pytestmark = pytest.mark.once

SLEEP = ["run", "--detach", "--network", "none", "--entrypoint", "sleep"]


@pytest.fixture
def base(docker_machine):
    return Base(docker_machine)


@pytest.fixture
def engine_of(docker_machine):
    """Function: run an engine command. :returns: str. What the test leaves goes in the end, by the label."""

    def ask(*words, **options):
        child = subprocess.Popen(
            docker_machine.engine + list(words),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        output, said = child.communicate(compat.to_bytes(options.get("stdin", "")))
        assert child.returncode == options.get("code", 0), said
        return compat.to_native(output).strip()

    yield ask
    label = "label=tristan.root=" + docker_machine.root
    for listing, removal in (
        (["ps", "--all"], ["rm", "--force"]),
        (["images"], ["rmi", "--force"]),
    ):
        found = ask(*(listing + ["--quiet", "--no-trunc", "--filter", label])).split()
        if found:
            ask(*(removal + sorted(set(found))))


def images_only(machine, **question):
    return gc(machine, engine=machine.engine, what=["images", "containers"], **question)


def age(machine, name):
    mark = image.mark_of(machine.business, name)
    then = time.time() - 40 * DAY
    os.utime(mark, (then, then))


def build(base, address, **changes):
    """:returns: the status of a build that succeeded in the base's image."""
    request = base.machine.request(address, "echo mark $MARK", isolation="docker", **changes)
    request["image"]["recipe"] += "ENTRYPOINT []\nENV OWN=%s\n" % base.machine.root
    status = base.machine.run(request)
    assert status["state"] == "success", base.machine.log(request)
    free(base.machine, request)
    return status


def test_a_build_image_goes_when_no_build_used_it_for_long(base, address, engine_of):
    machine, name = base.machine, build(base, address)["image"]["build_image"]
    answer = images_only(machine)
    assert (answer["removed"], answer["kept"]["images"]) == ([], 1)
    age(machine, name)
    assert removed(images_only(machine, dry_run=True)) == [name]
    engine_of("image", "inspect", name)
    answer = images_only(machine)
    assert removed(answer) == [name] and answer["failed"] == []
    # What is told is what the image has on top of its base, and no more.
    assert answer["removed"][0]["bytes"] < 1000000
    engine_of("image", "inspect", name, code=1)
    assert build(base, address)["image"]["build_image"] == name


def test_an_image_without_a_base_or_a_name_goes_at_once(base, address, engine_of):
    machine, name = base.machine, build(base, address)["image"]["build_image"]
    first = engine_of("image", "inspect", "--format", "{{.Id}}", name)
    base.touch(uuid.uuid4().hex)
    assert images_only(machine)["removed"][0]["why"] == "its base image is gone"
    build(base, address)
    engine_of("image", "inspect", first, code=1)
    nameless = engine_of(
        "build", "--quiet", "--label", "tristan.root=" + machine.root, "--label", "tristan.image=build", "-",
        stdin="FROM %s\nENV NAMELESS=%s\n" % (machine.image, uuid.uuid4().hex),
    )  # fmt: skip
    assert removed(images_only(machine)) == [nameless]


def labels_of(machine, build_id, *more):
    found = ["root=" + machine.root, "build_id=" + build_id] + list(more)
    return [word for label in found for word in ("--label", "tristan." + label)]


def app_image(machine, engine_of, build_id, tag=""):
    """:returns: the name of a project's image as publish makes one."""
    name = "127.0.0.1:5000/shop-main:" + (tag or build_id + "_202611210655")
    recipe = "FROM %s\nENV APP=%s\n" % (machine.image, name + machine.root)
    words = ["build", "--quiet", "--tag", name] + labels_of(machine, build_id, "image=app")
    engine_of(*(words + ["-"]), stdin=recipe)
    return name


def test_what_a_build_that_has_ended_left_goes(base, address, engine_of):
    machine = base.machine
    request = run(machine, address, "true")
    name = app_image(machine, engine_of, request["build_id"])
    words = SLEEP + labels_of(machine, request["build_id"], "attempt=1") + [machine.image]
    containers = [engine_of(*(words + [seconds])) for seconds in ("60", "0")]
    answer = images_only(machine)
    assert removed(answer, "images") == [name] and answer["failed"] == []
    assert removed(answer, "containers") == sorted(
        "%s of build %s" % (one[:12], request["build_id"]) for one in containers
    )
    assert images_only(machine)["removed"] == []


def test_what_runs_a_projects_image_or_was_made_of_one_is_not_ours(base, address, engine_of):
    """It has the labels all the same: an image hands them down."""
    machine = base.machine
    pushed, unpushed = [run(machine, address, "true") for _ in range(2)]
    digest = "sha256:" + "0" * 64
    rewrite(machine, pushed, app_image={"image": "i", "id": digest, "digest": digest})
    images = [
        app_image(machine, engine_of, pushed["build_id"]),
        app_image(machine, engine_of, unpushed["build_id"], tag="mine-%s" % os.getpid()),
        app_image(machine, engine_of, "20200101T000000000-00000000"),
    ]
    container = engine_of(*(SLEEP + [images[0], "3600"]))
    answer = images_only(machine, older_than_seconds=0)
    assert answer["removed"] == answer["failed"] == []
    assert answer["kept"]["images"] == len(images)
    assert engine_of("inspect", "--format", "{{.State.Running}}", container) == "true"


def test_a_build_that_runs_keeps_its_container_and_its_image(base, address, engine_of):
    machine = base.machine
    go = "until [ -e go ]; do sleep 0.05; done; echo mark $MARK"
    request = machine.request(address, "echo started; " + go, isolation="docker")
    request["image"]["recipe"] += "ENTRYPOINT []\nENV OWN=%s\n" % machine.root
    machine.launch(request)
    machine.wait_for_log(request, "started")
    name = machine.status(request)["image"]["build_image"]
    tag = app_image(machine, engine_of, request["build_id"])
    age(machine, name)
    for dry_run in (True, False):
        answer = gc(machine, engine=machine.engine, older_than_seconds=0, dry_run=dry_run)
        assert [one["name"] for one in answer["busy"] if one["kind"] == "images"] == [name]
        assert removed(answer, "images") == removed(answer, "containers") == answer["failed"] == []
        assert answer["kept"]["containers"] == answer["kept"]["images"] == 1
    open(os.path.join(machine.status(request)["source"], "go"), "w").close()
    assert machine.wait(request)["state"] == "success"
    free(machine, request)
    assert sorted(
        removed(gc(machine, engine=machine.engine, older_than_seconds=0), "images")
    ) == sorted([tag, name])


def test_a_build_waits_for_the_removal_of_its_image_and_makes_it_anew(base, address, engine_of):
    machine, name = base.machine, build(base, address)["image"]["build_image"]
    held = lock.acquire(image.mark_of(machine.business, name))
    request = machine.request(address, "true", isolation="docker")
    request["image"]["recipe"] += "ENTRYPOINT []\nENV OWN=%s\n" % machine.root
    machine.launch(request)
    machine.wait_for_log(request, "waiting for the removal")
    engine_of("rmi", name)
    os.close(held)
    assert machine.wait(request)["state"] == "success"
    assert "making" in machine.log(request)


def test_an_engine_that_does_not_answer_is_told_and_one_that_is_not_there_is_not(docker_machine):
    answer = gc(
        docker_machine, engine=["docker", "-H", "unix:///nonexistent.sock"], what=["images", "refs"]
    )
    assert [one["kind"] for one in answer["failed"]] == ["images"]
    assert "nonexistent.sock" in answer["failed"][0]["why"]
    assert gc(docker_machine, engine=["no-such-engine"])["failed"] == []
