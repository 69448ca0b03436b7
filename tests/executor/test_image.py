"""``build_<image>``: made once, made again when base or recipe changed, and not otherwise."""

from __future__ import absolute_import, print_function

import os
import subprocess
import uuid

import pytest

from business_hyper_fusion import compat


@pytest.fixture
def base(docker_machine):
    """A base image of this test's own, removed with what was made of it; .touch() changes it."""
    return Base(docker_machine)


class Base(object):
    def __init__(self, machine):
        self.machine = machine
        self.origin = machine.image
        machine.image = self.origin.replace("/python:", "/changing:")
        self.touch("one")

    def touch(self, mark):
        # Of this test's own: the engine gives equal images one id, and what else uses it keeps it.
        recipe = "FROM %s\nENV MARK=%s OWN=%s\n" % (self.origin, mark, uuid.uuid4().hex)
        recipe += 'ENTRYPOINT ["/bin/false"]\n'
        words = self.machine.engine + ["build", "--quiet", "--tag", self.machine.image, "-"]
        child = subprocess.Popen(
            words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        child.communicate(compat.to_bytes(recipe))
        assert child.returncode == 0

    def engine(self, *words):
        return compat.to_native(subprocess.check_output(self.machine.engine + list(words)))

    def engine_id(self, name):
        return self.engine("image", "inspect", "--format", "{{.Id}}", name).strip()

    def id_after_build(self, address, recipe="", pinned=""):
        request = self.machine.request(address, "echo mark $MARK", isolation="docker")
        request["image"]["recipe"] += recipe + "ENTRYPOINT []\n"
        request["image"]["id"] = pinned
        status = self.last = self.machine.run(request)
        assert status["state"] == "success", self.machine.log(request)
        return self.engine_id(status["image"]["build_image"]), self.machine.log(request)


def test_made_when_missing_or_out_of_date_only(base, address):
    first, log = base.id_after_build(address)
    assert "making build_tristan-lab-changing__" in log and "mark one" in log
    second, log = base.id_after_build(address)
    assert second == first and "making" not in log
    base.touch("two")
    third, log = base.id_after_build(address)
    assert third != first and "making" in log and "mark two" in log
    fourth, log = base.id_after_build(address, "ENV MORE=1\n")
    assert fourth != third and "making" in log
    for outdated in (first, third):
        with open(os.devnull, "w") as nothing:
            words = base.machine.engine + ["image", "inspect", outdated]
            assert subprocess.call(words, stdout=nothing, stderr=nothing) != 0


def test_base_that_was_removed_and_came_back_keeps_the_build_image(base, address):
    first, _ = base.id_after_build(address)
    shared = base.machine.image + "-away"
    subprocess.check_output(base.machine.engine + ["tag", base.machine.image, shared])
    subprocess.check_output(base.machine.engine + ["rmi", base.machine.image])
    request = base.machine.request(address, "true", isolation="docker")
    assert base.machine.run(request)["cause"] == "image_unavailable"
    subprocess.check_output(base.machine.engine + ["tag", shared, base.machine.image])
    subprocess.check_output(base.machine.engine + ["rmi", shared])
    second, _ = base.id_after_build(address)
    assert second == first


def test_the_status_tells_which_images_these_were(base, address):
    made, _ = base.id_after_build(address)
    assert base.last["image"] == {
        "name": base.machine.image,
        "build_image": base.last["image"]["build_image"],
        "id": base.engine_id(base.machine.image),
        "build_image_id": made,
    }


def test_a_base_asked_for_by_its_id_is_that_one_or_none(base, address):
    base.id_after_build(address)
    pinned = base.last["image"]["id"]
    base.id_after_build(address, pinned=pinned)
    ordinary = base.last["image"]
    base.touch("two")
    _, log = base.id_after_build(address, pinned=pinned)
    assert "mark one" in log and base.last["image"]["id"] == pinned
    own = base.last["image"]["build_image"]
    assert own != ordinary["build_image"]
    _, log = base.id_after_build(address, pinned=pinned)
    assert "mark one" in log and "making" not in log
    _, log = base.id_after_build(address)
    assert "mark two" in log and base.last["image"]["build_image"] == ordinary["build_image"]
    # by its name: the engine is others', too, who may be at the same
    assert not base.engine("images", "--quiet", "tristan_base:" + pinned.partition(":")[2])
    base.engine("rmi", own)  # and with it the base, which has no name of its own any more
    request = base.machine.request(address, "true", isolation="docker")
    request["image"]["id"] = pinned
    status = base.machine.run(request)
    assert (status["state"], status["cause"]) == ("error", "image_changed")
    assert pinned in status["message"]


def test_two_builds_make_it_once(base, address):
    requests = [
        base.machine.request(address, "true", isolation="docker", executor_id=str(number))
        for number in (1, 2)
    ]
    for request in requests:
        request["image"]["recipe"] += "ENTRYPOINT []\nENV ONCE=1\nRUN sleep 1\n"
        base.machine.launch(request)
    states = [base.machine.wait(request)["state"] for request in requests]
    logs = "".join(base.machine.log(request) for request in requests)
    assert states == ["success"] * 2
    assert logs.count("==> image: making") == 1


def test_recipe_that_fails_shows_the_engines_words(docker_machine, address):
    request = docker_machine.request(address, "true", isolation="docker")
    request["image"]["recipe"] += "RUN echo the reason %d && false\n" % os.getpid()
    status = docker_machine.run(request)
    assert (status["state"], status["cause"]) == ("error", "image_failed")
    assert "the reason" in docker_machine.log(request)
    left = docker_machine.engine + [
        "ps",
        "--all",
        "--quiet",
        "--no-trunc",
        "--format",
        "{{.Command}}",
    ]
    assert "the reason %d" % os.getpid() not in compat.to_native(subprocess.check_output(left))
