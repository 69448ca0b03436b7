"""Faults of the registry, of the Dockerfile and of time while an image is on its way; what is left then: nothing."""

from __future__ import absolute_import, print_function

import os
import signal
import subprocess

import pytest

from tests.executor import publishing
from tests.executor.machine import phase
from tests.executor.publishing import (
    ANOTHER_TRY,
    PASSWORD,
    REPOSITORY,
    SCRATCH,
    image_request,
    publish,
)
from tests.faults import rows
from tests.lab.relay import Relay

pytestmark = pytest.mark.once

LARGE = "head -c 48000000 /dev/urandom >layer"


def ended(machine, request):
    """:returns: (state, cause) of a build that left nothing on the machine."""
    status = machine.wait(request)
    assert publishing.left_images(machine, request) == []
    assert publishing.left_files(machine, request) == []
    return status["state"], status["cause"]


def test_registry_without_a_login_of_ours(docker_machine, address, make_registry):
    registry = make_registry("robot", PASSWORD)
    request = image_request(docker_machine, address, publish(registry.address))
    docker_machine.launch(request)
    assert ended(docker_machine, request) == ("error", "registry_denied")
    assert "wants a login" in docker_machine.status(request)["message"]
    assert docker_machine.status(request)["app_image"] is None


@rows.fault(15)
def test_registry_that_stays_away(docker_machine, address, registry):
    publishing.hasten(docker_machine)
    registry.stop()
    request = image_request(docker_machine, address, publish(registry.address))
    docker_machine.launch(request)
    assert ended(docker_machine, request) == ("error", "registry_unavailable")
    log = docker_machine.log(request)
    assert log.count(ANOTHER_TRY) == 2 and log.count("==> publish: building") == 1


SLOWLY = 0.02
"""Seconds for 64 KiB: the push of a large image takes 15 s, so that whoever looks finds it in the middle."""


def large_image(machine, address, registry):
    """:param registry: Registry or Relay. :returns: a request whose image takes a while to be pushed."""
    scripts = {"compile_to_execute.sh": LARGE}
    where = publish(registry.address)
    return image_request(machine, address, where, "FROM scratch\nCOPY layer /\n", scripts=scripts)


@rows.fault(15)
def test_registry_killed_in_mid_push(docker_machine, address, registry):
    with Relay(registry.port) as relay:
        relay.pause = SLOWLY
        request = large_image(docker_machine, address, relay)
        docker_machine.launch(request)
        docker_machine.wait_until(lambda: publishing.uploaded(registry) > 0)
        registry.kill()
        assert docker_machine.status(request)["state"] == "running"
        assert registry.manifests(REPOSITORY) == []
        relay.pause = 0
        registry.start()
        assert registry.tags(REPOSITORY) == []
        assert ended(docker_machine, request) == ("success", "")
    digest = docker_machine.status(request)["app_image"]["digest"]
    assert registry.manifests(REPOSITORY) == [digest]
    assert registry.digest(REPOSITORY, registry.tags(REPOSITORY)[0]) == digest


@rows.fault(15)
@rows.thorough
def test_registry_goes_silent_in_mid_push(docker_machine, address, registry):
    """Its connections stay, and nothing comes: no engine gives that up by itself."""
    publishing.hasten(docker_machine, "()")
    with Relay(registry.port) as relay:
        relay.pause = SLOWLY
        request = large_image(docker_machine, address, relay)
        request["limits"]["stall_seconds"] = 5
        docker_machine.launch(request)
        docker_machine.wait_until(lambda: publishing.uploaded(registry) > 0)
        registry.stall()
        relay.pause = 0
        try:
            assert ended(docker_machine, request) == ("error", "registry_unavailable")
        finally:
            registry.resume()
    assert (registry.tags(REPOSITORY), registry.manifests(REPOSITORY)) == ([], [])
    assert docker_machine.run(large_image(docker_machine, address, registry))["state"] == "success"


@rows.fault(15)
def test_reply_lost_after_a_push(docker_machine, address, registry):
    publishing.hasten(docker_machine)
    with Relay(registry.port) as relay:
        relay.lose_answer(b"PUT /v2/", b"/manifests/")
        request = image_request(docker_machine, address, publish(relay.address))
        docker_machine.launch(request)
        assert ended(docker_machine, request) == ("success", "")
        assert relay.lost == 1
    assert docker_machine.log(request).count("==> publish: building") == 1
    digest = docker_machine.status(request)["app_image"]["digest"]
    assert registry.manifests(REPOSITORY) == [digest]


@rows.fault(15)
def test_registry_that_is_starting(docker_machine, address, make_registry):
    publishing.hasten(docker_machine, "(1,) * 60")
    with Relay(make_registry("robot", PASSWORD).port) as relay:
        relay.refusing = True
        request = image_request(docker_machine, address, publish(relay.address, "robot"))
        docker_machine.launch(request, {"registry_password": PASSWORD})
        docker_machine.wait_for_log(request, ANOTHER_TRY)
        relay.refusing = False
        assert ended(docker_machine, request) == ("success", "")


def test_registry_that_reports_another_digest(docker_machine, address, registry, tmpdir):
    """A client that is not to be trusted stands for a registry that is not."""
    client = tmpdir.join("docker")
    change = "s/digest: sha256:.../digest: sha256:000/"
    script = "#!/bin/bash\nset -o pipefail\n%s \"$@\" | sed '%s'\n"
    client.write(script % (" ".join(docker_machine.engine), change))
    client.chmod(0o755)
    docker_machine.engine = [str(client)]
    request = image_request(docker_machine, address, publish(registry.address))
    docker_machine.launch(request)
    assert ended(docker_machine, request) == ("error", "digest_mismatch")
    assert docker_machine.status(request)["app_image"] is None


def test_dockerfile_that_fails(docker_machine, address, registry, small_base):
    dockerfile = "FROM %s\nRUN echo one\nRUN echo two; exit 3\n" % small_base
    request = image_request(docker_machine, address, publish(registry.address), dockerfile)
    docker_machine.launch(request)
    assert ended(docker_machine, request) == ("failed", "image_build_failed")
    assert phase(docker_machine.status(request), "publish")["state"] == "failed"
    assert ANOTHER_TRY not in docker_machine.log(request)
    assert registry.repositories() == []


def test_no_engine_on_a_machine_that_builds_without(machine, address, registry):
    machine.engine = ["no-such-engine"]
    status = machine.run(image_request(machine, address, publish(registry.address)))
    assert (status["state"], status["cause"]) == ("error", "no_engine")


def sleeping(small_base):
    """:returns: (Dockerfile with a step that lasts, what this step's process is called)."""
    sleep = "sleep 4712.%d" % os.getpid()
    return "FROM %s\nRUN echo one\nRUN echo begun; %s\n" % (small_base, sleep), sleep


def nobody(name):
    return subprocess.call(["pgrep", "-f", "^" + name + "$"]) == 1


def test_cancel_while_a_step_runs(docker_machine, address, registry, small_base):
    dockerfile, sleep = sleeping(small_base)
    request = image_request(docker_machine, address, publish(registry.address), dockerfile)
    docker_machine.launch(request)
    docker_machine.wait_for_log(request, "\nbegun")
    docker_machine.ask("cancel", {"build_id": request["build_id"], "reason": ""})
    assert ended(docker_machine, request) == ("cancelled", "cancelled")
    docker_machine.wait_until(lambda: nobody(sleep))


def test_time_limit_while_a_step_runs(docker_machine, address, registry, small_base):
    dockerfile, sleep = sleeping(small_base)
    limits = docker_machine.limits(soft_seconds=4, hard_seconds=60)
    where = publish(registry.address)
    request = image_request(docker_machine, address, where, dockerfile, limits=limits)
    docker_machine.launch(request)
    assert ended(docker_machine, request) == ("timeout", "soft_limit")
    docker_machine.wait_until(lambda: nobody(sleep))


def test_startup_killed_while_it_pushes(docker_machine, address, registry):
    registry.stall()
    request = image_request(docker_machine, address, publish(registry.address))
    try:
        answer = docker_machine.launch(request)
        docker_machine.wait_for_log(request, "==> publish: pushing")
        assert publishing.has_image(docker_machine, request["publish"]["image"])
        os.kill(answer["process"]["pid"], signal.SIGKILL)
        assert ended(docker_machine, request) == ("lost", "startup_died")
    finally:
        registry.resume()
    assert registry.tags(REPOSITORY) == []


def test_cancel_while_another_try_is_waited_for(docker_machine, address, registry):
    publishing.hasten(docker_machine, "(600,)")
    registry.stop()
    request = image_request(docker_machine, address, publish(registry.address), SCRATCH)
    docker_machine.launch(request)
    docker_machine.wait_for_log(request, ANOTHER_TRY)
    docker_machine.ask("cancel", {"build_id": request["build_id"], "reason": ""})
    assert ended(docker_machine, request) == ("cancelled", "cancelled")
