"""Containers of an attempt are found and removed, whatever the login's environment lacks."""

from __future__ import absolute_import, print_function, unicode_literals

import os
import signal
import subprocess
import uuid

import pytest

from business_hyper_fusion import reaper
from tests.executor.machine import Machine
from tests.lab import process


def test_what_forks_and_ends_between_two_looks_hides_nothing(monkeypatch):
    """A child that began behind the list of processes, of a parent that ended before it was looked at."""
    token = "20261121T065500-%s.1" % uuid.uuid4().hex[:8]
    words = ["sh", "-c", "read -r word; sleep 600 >/dev/null & echo $!"]
    environment = dict(os.environ, TRISTAN_ATTEMPT=token)
    parent = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment)
    listdir, children = os.listdir, []

    def list_and_fork(path):
        monkeypatch.setattr(os, "listdir", listdir)
        found = listdir(path)
        children.append(int(parent.communicate(b"go\n")[0]))
        return [name for name in found if name != str(children[0])]

    monkeypatch.setattr(os, "listdir", list_and_fork)
    try:
        assert reaper.kill_processes(token) == 1
        process.wait_until(lambda: not process.alive(children[0]), 60, "its end")
    finally:
        process.end_at_once(children[0])


def test_the_engine_is_found_without_the_logins_path(engine, python_image, monkeypatch, tmpdir):
    """sshd gives a command no login shell, so PATH may lack the engine's directory."""
    build_id = "20261121T065500-" + uuid.uuid4().hex[:8]
    labels = ["--label", "tristan.build_id=" + build_id, "--label", "tristan.attempt=1"]
    engine.run(["create", "--name", "tristan-" + build_id] + labels + [python_image, "true"])
    monkeypatch.setenv(str("PATH"), str(tmpdir))
    assert reaper.remove_containers(engine.command, build_id, 1) == 1
    monkeypatch.undo()
    assert engine.containers("name=tristan-" + build_id) == []


def test_an_engine_that_is_not_there_has_not_answered():
    assert reaper.remove_containers(["no-such-engine"], "b", 1) is None


SLOW = """#!/bin/sh
cd %(directory)s
case $1 in
ps) [ -e gone ] || echo id ;;
container) [ ! -e gone ] ;;
rm)
	echo x >>refused
	[ "$(wc -l <refused)" -le 15 ] || : >gone
	false
	;;
esac
"""
"""An engine that removes by itself what has ended, on a busy machine: it refuses until that is done."""


@pytest.fixture
def slow_engine(tmpdir):
    """Path of an engine's client."""
    path = tmpdir.join("engine")
    path.write(SLOW % {"directory": tmpdir})
    path.chmod(0o755)
    return str(path)


def test_an_engine_that_is_slowly_removing_it_itself_is_waited_for(slow_engine, monkeypatch):
    pause = reaper.time.sleep
    monkeypatch.setattr(reaper.time, "sleep", lambda seconds: pause(min(seconds, 0.01)))
    assert reaper.remove_containers([slow_engine], "b", 1) == 1


def test_it_is_waited_for_after_a_step_as_well(slow_engine, tmpdir):
    script = os.path.join(os.path.dirname(reaper.__file__), "common", "clean_build_project.sh")
    tmpdir.mkdir("bin").join("sleep").write("#!/bin/sh\n")
    tmpdir.join("bin", "sleep").chmod(0o755)
    environment = {
        "PATH": "%s:%s" % (tmpdir.join("bin"), os.environ["PATH"]),
        "TRISTAN_ISOLATION": "docker",
        "TRISTAN_ENGINE": slow_engine,
        "TRISTAN_CONTAINER": "b",
    }
    process.output(["/bin/sh", script], environment=environment)


LATE_ENGINE = """#!/bin/sh
# Makes the container of `run` only once it was looked for, when its client is long dead.
case "$1" in
run)
    >{here}/asked
    exec sleep 600
    ;;
ps)
    if [ -e {here}/looked ] && [ ! -e {here}/made ]; then
        {engine} create --label tristan.build_id={build_id} --label tristan.attempt=1 {image} true >{here}/made
    fi
    [ ! -e {here}/asked ] || >{here}/looked
    ;;
esac
exec {engine} "$@"
"""


@pytest.fixture
def late(engine, small_base, address, tmpdir):
    """(Machine, request) of a build whose engine is just making its container."""
    program = tmpdir.join("engine")
    machine = Machine([str(program)], small_base)
    request = machine.request(address, "true", isolation="docker")
    words = {"here": tmpdir, "engine": " ".join(engine.command), "image": small_base}
    program.write(LATE_ENGINE.format(build_id=request["build_id"], **words))
    program.chmod(0o755)
    assert machine.launch(request)["answer"] == "started"
    machine.wait_until(tmpdir.join("asked").check)
    yield machine, request
    machine.remove()


@pytest.mark.parametrize("end", ["cancelled", "lost"])
def test_a_container_that_comes_behind_its_clients_death_is_removed(engine, late, tmpdir, end):
    machine, request = late
    if end == "lost":
        os.kill(machine.status(request)["process"]["pid"], signal.SIGKILL)
    else:
        machine.ask("cancel", {"build_id": request["build_id"], "reason": ""})
    assert machine.wait(request)["state"] == end
    assert tmpdir.join("made").read().strip()
    assert engine.containers("label=tristan.build_id=" + request["build_id"]) == []
