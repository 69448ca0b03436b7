"""The build container's plan: mounts that need no quoting, limits, and an environment that is exactly that."""

from __future__ import absolute_import, print_function

import os

from tests.executor.machine import Machine, phase
from tests.lab import process


def test_limits_reach_the_kernel(docker_machine, address):
    script = """
cat /sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/memory.max 2>/dev/null
cat /sys/fs/cgroup/pids/pids.max /sys/fs/cgroup/pids.max 2>/dev/null
cat /sys/fs/cgroup/cpu/cpu.cfs_quota_us /sys/fs/cgroup/cpu.max 2>/dev/null
true"""
    limits = docker_machine.limits(memory="96m", cpus="0.5", pids=77)
    request = docker_machine.request(address, script, isolation="docker", limits=limits)
    docker_machine.run(request)
    lines = docker_machine.log(request).split("\n")
    assert str(96 << 20) in lines and "77" in lines
    assert any(line.split()[:1] == ["50000"] for line in lines)


def test_environment_is_the_images_tristans_and_the_requests(docker_machine, address, monkeypatch):
    monkeypatch.setenv("HOST_SECRET", "not for builds")
    environment = {
        "PLAIN": "1",
        "SPACES": "  two  words ",
        "HASH": "# no comment",
        "EMPTY": "",
        "EQUAL": "a=b",
    }
    request = docker_machine.request(address, "env", isolation="docker", environment=environment)
    docker_machine.run(request)
    lines = docker_machine.log(request).split("\n")
    for name, value in environment.items():
        assert "%s=%s" % (name, value) in lines
    assert "TRISTAN_COMMIT=" + docker_machine.status(request)["commit"] in lines
    assert not [line for line in lines if "HOST_SECRET" in line]


def test_signal_reaches_a_script_that_wants_to_tidy(docker_machine, address):
    script = "trap 'echo tidied; exit 9' TERM; echo begun; sleep 60 & wait"
    request = docker_machine.request(address, script, isolation="docker")
    docker_machine.launch(request)
    docker_machine.wait_for_log(request, "begun")
    docker_machine.ask("cancel", {"build_id": request["build_id"], "reason": ""})
    status = docker_machine.wait(request)
    assert status["state"] == "cancelled", (status, docker_machine.log(request))
    assert "tidied" in docker_machine.log(request)
    assert phase(status, "build")["state"] == "cancelled"


def test_root_with_spaces(engine, python_image, address):
    base = process.directory("spaces")
    root = os.path.join(base, "my root")
    os.mkdir(root)
    machine = Machine(engine.command, python_image, root=root)
    try:
        assert machine.run(machine.request(address, "ls", isolation="docker"))["state"] == "success"
    finally:
        process.remove(base)


def test_output_and_errors_keep_their_order(docker_machine, address):
    script = "i=0; while [ $i -lt 300 ]; do echo out $i; echo err $i >&2; i=$((i + 1)); done"
    request = docker_machine.request(address, script, isolation="docker")
    docker_machine.run(request)
    lines = [line for line in docker_machine.log(request).split("\n") if line[:3] in ("out", "err")]
    assert lines == [word % number for number in range(300) for word in ("out %d", "err %d")]
