"""A build from its request to its end, in Docker and on the host, by the real startup.py."""

from __future__ import absolute_import, print_function

import hashlib
import os
import subprocess
import time

from business_hyper_fusion import compat
from tests.executor.machine import phase


def containers(machine, request):
    label = "label=tristan.build_id=" + request["build_id"]
    words = machine.engine + ["ps", "--all", "--quiet", "--filter", label]
    return subprocess.check_output(words).split()


def test_docker_build_makes_a_wheel(docker_machine, address):
    environment = {"PIP_NO_BUILD_ISOLATION": "0"}
    request = docker_machine.request(address, isolation="docker", environment=environment)
    status = docker_machine.run(request)
    log = docker_machine.log(request)
    assert status["state"] == "success", log
    assert [artifact["name"] for artifact in status["artifacts"]] == [
        "dist/shop-1.0-py3-none-any.whl"
    ]
    wheel = status["artifacts"][0]
    with open(wheel["path"], "rb") as file:
        content = file.read()
    assert (len(content), hashlib.sha256(content).hexdigest()) == (wheel["size"], wheel["sha256"])
    assert status["log"]["sha256"] == hashlib.sha256(log.encode("utf-8")).hexdigest()
    assert "cloning" in log
    assert not containers(docker_machine, request)


def test_second_build_fetches_and_copies_no_script(docker_machine, address, shop):
    first = docker_machine.request(address, "true", isolation="docker")
    scripts = docker_machine.run(first)["source"][: -len("source")] + "build"
    inode = os.stat(scripts).st_ino
    commit = shop.commit({"shop.py": "answer = 43\n"}, "Second")
    second = docker_machine.request(address, 'cat "$TRISTAN_SOURCE/shop.py"', isolation="docker")
    second["scripts"] = first["scripts"]
    status = docker_machine.run(second)
    assert status["commit"] == commit
    assert "cloning" not in docker_machine.log(second) and "fetching" in docker_machine.log(second)
    assert os.stat(scripts).st_ino == inode


MEASURED = """
for n in 1 2 3; do
    echo step $n
    until [ -e go$n ]; do sleep 0.05; done
done
"""
"""Keeps a container until its use has been looked at, see below."""


def measured(machine, request):
    """Run a script that ends with MEASURED: it goes on once what it used before was certainly seen.

    What was logged shows that the worker is at it: between two steps it has come around once, and has looked at the
    container's use then if it was time to, for which the test waits: a 50th of the container's age, at most 0.5 s.
    """
    begun = compat.monotonic()
    machine.launch(request)
    for number in (1, 2, 3):
        machine.wait_for_log(request, "\nstep %d\n" % number)
        if number == 1:
            time.sleep(min(0.05 + (compat.monotonic() - begun) / 50, 0.55))
        open(os.path.join(machine.status(request)["source"], "go%d" % number), "w").close()
    return machine.wait(request)


def test_docker_build_measures_the_container(docker_machine, address):
    script = "python3 -c 'import time\nx = bytearray(80 << 20)\nwhile time.process_time() < 1: pass'\nsleep 0.6"
    request = docker_machine.request(address, script + MEASURED, isolation="docker")
    build = phase(measured(docker_machine, request), "build")
    assert build["cpu_seconds"] >= 1.0
    assert build["peak_memory_bytes"] >= 80 << 20
    assert build["wall_seconds"] >= 1.6


def test_short_container_is_measured_too(docker_machine, address):
    script = "python3 -c 'import time\nwhile time.process_time() < 0.3: pass'"
    request = docker_machine.request(address, script + MEASURED, isolation="docker")
    assert phase(measured(docker_machine, request), "build")["cpu_seconds"] >= 0.2


def test_docker_build_can_write_nothing_but_source_and_cache(docker_machine, address):
    script = """
touch "$TRISTAN_SOURCE/a" "$TRISTAN_CACHE/b" && echo writable
touch "$TRISTAN_BUILD/c" || echo build read-only
touch "$TRISTAN_DEPENDENCY_LIB/d" || echo configuration read-only
ls /var/run/docker.sock || echo no socket
ls -A "$TRISTAN_SOURCE/.git" || echo no git
grep CapEff /proc/self/status
"""
    request = docker_machine.request(address, script, isolation="docker")
    docker_machine.run(request)
    log = docker_machine.log(request)
    for line in ("writable", "build read-only", "configuration read-only", "no socket", "no git"):
        assert "\n%s\n" % line in log
    assert "CapEff:\t0000000000000000" in log


def test_failing_script_fails_the_build(docker_machine, address):
    request = docker_machine.request(address, "echo sorry; exit 125", isolation="docker")
    status = docker_machine.run(request)
    assert (status["state"], status["cause"], status["exit"]) == ("failed", "script_failed", 125)
    assert (
        phase(status, "build")["state"] == "failed" and phase(status, "clean")["state"] == "success"
    )
    assert not containers(docker_machine, request)


def test_out_of_memory_is_told_apart(docker_machine, address):
    request = docker_machine.request(
        address,
        "python3 -c 'x = bytearray(300 << 20)'",
        isolation="docker",
        limits=docker_machine.limits(memory="64m"),
    )
    assert docker_machine.run(request)["cause"] == "oom"


def test_image_that_cannot_be_had(docker_machine, address):
    docker_machine.image = "127.0.0.1:9/none:1"
    status = docker_machine.run(docker_machine.request(address, isolation="docker"))
    assert (status["state"], status["cause"]) == ("error", "image_unavailable")


def test_no_engine(machine, address):
    machine.engine, machine.image = ["no-such-engine"], "debian:12"
    status = machine.run(machine.request(address, isolation="docker"))
    assert (status["state"], status["cause"]) == ("error", "no_engine")


def test_engine_that_is_down(machine, address, tmpdir):
    machine.engine, machine.image = ["docker", "-H", "unix://%s/none.sock" % tmpdir], "debian:12"
    status = machine.run(machine.request(address, isolation="docker"))
    assert (status["state"], status["cause"]) == ("error", "engine_unavailable")


def test_host_build_leaves_no_process(machine, address):
    sleep = "sleep 4711.%d" % os.getpid()  # Another run of this test has its own.
    script = "(setsid %s &) ; env -i setsid %s & echo done" % (sleep, sleep)
    request = machine.request(address, script)
    assert machine.run(request)["state"] == "success"
    assert "done" in machine.log(request)
    assert subprocess.call(["pgrep", "-f", sleep + "$"]) == 1


def test_scripts_with_crlf_no_final_newline_and_invalid_bytes_run(machine, address):
    request = machine.request(
        address, '#!/bin/sh\r\nprintf "right %s\\n" "$1"\r\nprintf "\\377\\n"\r\n[ 1 = 1 ]'
    )
    assert machine.run(request)["state"] == "success"
    assert "right" in machine.log(request)


def test_interpreter_line_is_honoured(machine, address):
    request = machine.request(
        address, "#!/usr/bin/env bash\n[[ -n $BASH_VERSION ]] && echo bash it is\n"
    )
    machine.run(request)
    assert "bash it is" in machine.log(request)


def test_parameters_are_never_evaluated(docker_machine, machine, address):
    nasty = compat.to_native(b"$(touch /tmp/pwned) `id` ; \"quotes\" 'too' \xc3\xa9 \\ #")
    for where, isolation in ((docker_machine, "docker"), (machine, "host")):
        request = where.request(
            address, 'printf "<%s>\\n" "$NASTY"', isolation, environment={"NASTY": nasty}
        )
        where.run(request)
        assert "<%s>" % nasty in where.log(request)
        assert not os.path.exists("/tmp/pwned")


def test_tag_keeps_no_source(machine, address, shop):
    shop.tag("v1")
    script = 'mkdir dist && echo kept > dist/file && [ "$TRISTAN_REF" = v1 ]'
    request = machine.request(address, script, ref={"kind": "tag", "name": "v1", "commit": ""})
    status = machine.run(request)
    assert status["state"] == "success"
    assert not os.path.exists(status["source"])
    with open(status["artifacts"][0]["path"]) as file:
        assert file.read() == "kept\n"


def test_soft_limit_then_hard_limit(machine, address):
    begun = machine.begin_limits_late()
    polite = machine.request(
        address,
        "touch %s; sleep 600" % begun,
        limits=machine.limits(soft_seconds=1, hard_seconds=600),
    )
    status = machine.run(polite)
    assert (status["state"], status["cause"]) == ("timeout", "soft_limit")
    assert status["wall_seconds"] < 300
    os.remove(begun)
    stubborn = machine.request(
        address,
        "trap '' TERM; touch %s; sleep 600; sleep 600" % begun,
        limits=machine.limits(soft_seconds=1, hard_seconds=3),
    )
    status = machine.run(stubborn)
    assert (status["state"], status["cause"]) == ("timeout", "hard_limit")


def test_cancel_leaves_nothing(docker_machine, address):
    request = docker_machine.request(
        address, "echo begun; setsid sleep 60 & sleep 60", isolation="docker"
    )
    docker_machine.launch(request)
    docker_machine.wait_for_log(request, "begun")
    answer = docker_machine.ask("cancel", {"build_id": request["build_id"], "reason": "a typo"})
    assert answer["answer"] == "cancelling"
    status = docker_machine.wait(request)
    assert (status["state"], status["message"]) == ("cancelled", "cancelled: a typo")
    assert not containers(docker_machine, request)
    again = docker_machine.ask("cancel", {"build_id": request["build_id"], "reason": ""})
    assert (again["answer"], again["status"]["state"]) == ("ended", "cancelled")


def test_log_flood_keeps_head_and_tail(machine, address):
    script = "echo first; head -c 6000000 /dev/zero | tr '\\0' x; echo; echo last"
    request = machine.request(address, script, limits=machine.limits(log_bytes=100000))
    status = machine.run(request)
    log = machine.log(request)
    assert "first" in log and "last" in log and "bytes of log left out here" in log
    assert status["log"]["bytes"] == len(log) < 100000 + 2 * 1024 * 1024 + 1000
