"""The same image by each kind of builder, and by a client that is started through another command."""

from __future__ import absolute_import, print_function

import os
import subprocess

import pytest

from tests.executor import publishing
from tests.executor.machine import Machine, podman_engine
from tests.executor.publishing import PASSWORD, REPOSITORY, image_request, publish
from tests.lab import busybox, process
from tests.lab.podman import Podman

pytestmark = pytest.mark.once

DOCKERFILE = (
    "FROM %s AS one\nRUN echo made >/made\nFROM %s\nCOPY --from=one /made /\nCOPY shop.py /\n"
)


@pytest.fixture
def podman():
    """Podman with images of its own."""
    found = Podman()
    yield found
    found.stop()


def build(machine, address, registry, base, **changes):
    """Build and push by the engine of a machine. :returns: (request, status)."""
    where = publish(registry.address, "robot")
    request = image_request(machine, address, where, DOCKERFILE % (base, base), **changes)
    status = machine.run(request, {"registry_password": PASSWORD})
    assert status["state"] == "success", machine.log(request)
    made = status["app_image"]
    (tag,) = registry.tags(REPOSITORY)
    assert made["digest"] == registry.digest(REPOSITORY, tag)
    assert made["id"] == registry.manifest(REPOSITORY, tag)["config"]["digest"]
    assert registry.configuration(REPOSITORY, tag)["config"]["Labels"]["tristan.image"] == "app"
    assert registry.manifests(REPOSITORY) == [made["digest"]]
    return request, status


def test_podman(podman, address, make_registry):
    base = busybox.make(podman, "localhost/lab/busybox:1")
    machine = Machine(podman.command, base)
    try:
        kind = podman_engine(podman)
        registry = make_registry("robot", PASSWORD)
        request, status = build(
            machine, address, registry, base, engine=kind, network="none", isolation="docker"
        )
        images = podman.run(["images", "--all", "--format", "{{.Repository}}:{{.Tag}}"]).split()
        assert sorted(images) == ["localhost/" + status["image"]["build_image"], base]
        assert podman.run(["ps", "--all", "--quiet", "--external"]) == ""
        assert publishing.left_files(machine, request) == []
    finally:
        machine.remove()


def test_podman_dockerfile_that_fails(podman, address, registry):
    base = busybox.make(podman, "localhost/lab/busybox:1")
    machine = Machine(podman.command, base)
    try:
        request = image_request(
            machine,
            address,
            publish(registry.address),
            "FROM %s\nRUN echo one\nRUN exit 3\n" % base,
            engine=podman_engine(podman),
            network="none",
        )
        status = machine.run(request)
        assert (status["state"], status["cause"]) == ("failed", "image_build_failed")
        assert ": RUN exit 3" in machine.log(request)
        assert len(podman.run(["images", "--all", "--quiet"]).split()) == 1
        assert podman.run(["ps", "--all", "--quiet", "--external"]) == ""
    finally:
        machine.remove()


def buildkit(engine):
    """:returns: the words of a docker here that builds with BuildKit when it is told to."""
    for program in ("docker", "/usr/bin/docker"):
        words = [program] + engine.command[1:]
        asked = subprocess.Popen(
            words + ["build", "--quiet", "-"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=process.merged_environment({"DOCKER_BUILDKIT": "1"}),
        )
        image = asked.communicate(b"FROM scratch\nLABEL lab=buildkit\n")[0].decode("ascii").strip()
        if asked.returncode == 0:
            engine.run(["rmi", "--force", image])
            return words
    raise process.LabError("no docker here builds with BuildKit: docker.io of Debian 12 does")


def test_buildkit(engine, docker_machine, address, make_registry, small_base, monkeypatch):
    docker_machine.engine = buildkit(engine)
    monkeypatch.setenv("DOCKER_BUILDKIT", "1")
    registry = make_registry("robot", PASSWORD)
    limits = docker_machine.limits(memory="256m", cpus="0.5")
    request, _ = build(docker_machine, address, registry, small_base, limits=limits)
    assert " ---> " not in docker_machine.log(request)
    assert publishing.left_images(docker_machine, request) == []
    again, _ = rebuilt(docker_machine, address, small_base, registry)
    assert "CACHED" in docker_machine.log(again)


def rebuilt(machine, address, base, registry):
    where = publish(registry.address, "robot", tag="again")
    request = image_request(machine, address, where, DOCKERFILE % (base, base))
    return request, machine.run(request, {"registry_password": PASSWORD})


def test_classic_builder_takes_no_steps_of_others(
    engine, docker_machine, address, make_registry, small_base
):
    docker_machine.engine = ["env", "DOCKER_BUILDKIT=0"] + docker_machine.engine
    others = "lab-others:%d" % os.getpid()
    words = docker_machine.engine + ["build", "--tag", others, "-"]
    process.output(words, b"FROM %s\nRUN echo made >/made\n" % small_base.encode("ascii"))
    try:
        registry = make_registry("robot", PASSWORD)
        request, _ = build(docker_machine, address, registry, small_base)
    finally:
        engine.run(["rmi", "--force", others])
    log = docker_machine.log(request)
    assert " ---> Running in" in log and "Using cache" not in log


def test_client_that_loses_the_environment(
    docker_machine, address, make_registry, small_base, tmpdir
):
    """As behind sudo: what is to reach the client has to be an option."""
    kept = ["PATH=" + os.environ["PATH"], "HOME=" + str(tmpdir)]
    docker_machine.engine = ["env", "-i"] + kept + docker_machine.engine
    registry = make_registry("robot", PASSWORD)
    request, _ = build(docker_machine, address, registry, small_base)
    assert publishing.left_images(docker_machine, request) == []
    assert publishing.left_files(docker_machine, request) == []
    assert not os.path.exists(str(tmpdir.join(".docker", "config.json")))


def test_login_and_key_ring_of_the_user_are_left_alone(
    docker_machine, address, make_registry, small_base, monkeypatch, tmpdir
):
    home = tmpdir.mkdir("home")
    monkeypatch.setenv("HOME", str(home))
    user = home.mkdir(".docker").join("config.json")
    user.write('{"credsStore": "none-such"}')
    build(docker_machine, address, make_registry("robot", PASSWORD), small_base)
    assert user.read() == '{"credsStore": "none-such"}'
