"""A Dockerfile that would reach the machine's files through Podman is refused before anything of it runs."""

from __future__ import absolute_import, print_function

import os

import pytest

from business_hyper_fusion import run_mounts
from tests.executor import publishing
from tests.executor.machine import Machine, podman_engine
from tests.faults import rows
from tests.lab import busybox, process
from tests.lab.podman import Podman


@pytest.mark.parametrize(
    "content, found",
    [
        (b"FROM x\nRUN --mount=type=bind,source=a,target=/b true\n", True),
        (b"FROM x\nRUN --mo\\\nunt=type=bind,target=/b true", True),
        (b"# escape=`\nFROM x\nRUN --mo`\r\n  # between\r\n\r\nunt=type=bind,target=/b true", True),
        (b"FROM x\nrun --network=none --mount=type=cache,target=/c true", True),
        (b"FROM x\n# RUN --mount=type=bind\nRUN mount\n", False),
        (b"", False),
    ],
)
def test_mounts_are_found_however_they_are_written(content, found):
    assert run_mounts.has_mounts(content) is found


@pytest.mark.parametrize(
    "told, mended",
    [("4.9.4", True), ("4.10.0", True), ("5.0.1", True), ("5.4.0-rc1", True), ("4.9.3", False)]
    + [("4.3.1", False), ("5.0.0", False), ("5.0.0-rc2", False), ("", False), ("devel", False)],
)
def test_versions(told, mended):
    assert run_mounts.is_mended(told) is mended


DOCKERFILE = (
    "FROM %s\nRUN --mount=type=bind,source=dir,target=/host cp /host/secret / && cat /secret"
)
LINK = 'ln -s %s "$TRISTAN_CONTEXT/dir"; true'


@pytest.mark.once
@rows.hostile(4)
def test_a_context_s_link_to_the_machine_s_files(address, registry, injections):
    podman = Podman()
    base = busybox.make(podman, "localhost/lab/busybox:1")
    machine = Machine(podman.command, base)
    outside = process.directory("outside")
    with open(os.path.join(outside, "secret"), "w") as file:
        file.write("what only the host may know")
    try:
        with injections.measured():
            request = publishing.image_request(
                machine,
                address,
                publishing.publish(registry.address),
                DOCKERFILE % base,
                scripts={"package_to_docker.sh": LINK % outside},
                engine=podman_engine(podman),
            )
            status = machine.run(request)
            known = run_mounts.is_mended(podman.run(["version", "--format", "{{.Client.Version}}"]))
            cause = "image_build_failed" if known else "unsafe_dockerfile"
            assert (status["state"], status["cause"]) == ("failed", cause), machine.log(request)
            assert "what only the host may know" not in machine.log(request)
    finally:
        machine.remove()
        podman.stop()
        process.remove(outside)
