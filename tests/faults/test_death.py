"""startup.py, its guardian, both, or all that belongs to a build is killed or stopped, at any moment of any phase."""

from __future__ import absolute_import, print_function

import json
import os
import random
import signal
import time

import pytest

from tests.executor import publishing
from tests.executor.conftest import address, shop, small_base  # noqa: F401
from tests.executor.machine import RECIPE, Machine, podman_engine
from tests.faults import aftermath, rows, victims
from tests.lab import busybox, process
from tests.lab.podman import Podman

SECRETS = {"build:TOKEN": "s3cret-of-the-build"}

VICTIMS = ("worker", "both", "every")
PHASES = ("source", "image", "build", "package", "publish")


@pytest.fixture
def machine(engine, small_base, executor_python):  # noqa: F811
    made = Machine(engine.command, small_base, interpreter=executor_python)
    yield made
    made.remove()


def slow_request(machine, address, phase, sleep):  # noqa: F811
    """A build that takes its time in one phase, by a command that is its own. :returns: request"""
    scripts = {"compile_to_execute.sh": "true", "package_to_docker.sh": "true"}
    dockerfile = "FROM %s\n" % machine.image
    image = {"name": machine.image, "recipe": RECIPE % machine.image, "id": ""}
    if phase == "image":
        image["recipe"] += "RUN %s\n" % sleep
    elif phase == "publish":
        dockerfile += "RUN %s\n" % sleep
    elif phase in ("build", "package"):
        name = {"build": "compile_to_execute.sh", "package": "package_to_docker.sh"}[phase]
        scripts[name] = "(setsid %s &)\nenv -i setsid %s &\n%s\n" % (sleep, sleep, sleep)
    where = publishing.publish("127.0.0.1:1")
    return publishing.image_request(
        machine, address, where, dockerfile, scripts=scripts, image=image, isolation="docker"
    )


def strike(machine, request, victim):
    if victim == "every":
        victims.kill_every(machine, request)
        return
    chosen = victims.both(machine, request)[{"worker": 1, "both": 0}[victim] :]
    for pid in chosen:
        victims.kill(pid)
    machine.wait_until(lambda: victims.are_gone(chosen))


class Watcher(object):
    """A controller that watches a build, or none."""

    def __init__(self, machine, request, there):
        self._process = machine.start_watch() if there else None
        if there:
            follow = {"build_id": request["build_id"], "attempt": 1, "offset": 0}
            line = json.dumps({"follow": follow}) + "\n"
            self._process.stdin.write(line.encode("ascii"))
            self._process.stdin.flush()

    def end(self):
        """:returns: the last status of the build that was watched to its end, None when nobody watched."""
        status = None
        while self._process:
            frame = json.loads(self._process.stdout.readline().decode("utf-8"))
            self._process.stdout.read(frame.get("length", 0))
            status = frame.get("status", status)
            if frame["frame"] == "end":
                break
        self.leave()
        return status

    def leave(self):
        if self._process and self._process.poll() is None:
            self._process.stdin.close()
            self._process.stdout.close()
            self._process.wait()


def lose(machine, address, git, phase, victim, watched):  # noqa: F811
    """Strike once, and look whether all is as it has to be. :returns: the request."""
    sleep = "sleep 97.%06d" % random.randrange(10**6)
    request = slow_request(machine, address, phase, sleep)
    if phase == "source":
        os.kill(git.pid, signal.SIGSTOP)
    try:
        answer = machine.launch(request, SECRETS)
        assert answer["answer"] == "started", answer
        watcher = Watcher(machine, request, watched)
        victims.wait_for_phase(machine, request, phase)
        time.sleep(random.uniform(0, 0.8))
        strike(machine, request, victim)
        # What the engine was just making never ran, and where nobody lives to remove it, the next contact does.
        but = "Created" if victim == "every" else None
        victims.nothing_left(machine, request, [sleep], but)
    finally:
        os.kill(git.pid, signal.SIGCONT)
    status = watcher.end()
    if not watched:
        # Where somebody is left to write the end, nobody has to ask for it.
        told = victims.asked if victim == "every" else Machine.wait
        status = told(machine, request)
    assert (status["state"], status["cause"], status["phase"]) == ("lost", "startup_died", phase)
    victims.nothing_left(machine, request, [sleep])
    victims.one_end(machine, request, status)
    return request


@rows.fault(10)
def test_a_death_while_the_script_runs(machine, address, git_over_http, injections):  # noqa: F811
    for watched in (False, True)[: injections.count(1, 2)]:
        for victim in VICTIMS:
            with injections.measured():
                request = lose(machine, address, git_over_http, "build", victim, watched)
        victims.builds_on(machine, request, address)


@rows.thorough
@rows.fault(10)
def test_a_death_with_podman(podman_machine, address, injections):  # noqa: F811
    """What Podman has besides is the SSH user's as well, and killed with the rest."""
    machine = podman_machine
    for victim in VICTIMS:
        sleep = "sleep 95.%06d" % random.randrange(10**6)
        with injections.measured():
            request = podman_request(machine, address, "echo begun; " + sleep)
            machine.launch(request)
            machine.wait_for_log(request, "begun")
            strike(machine, request, victim)
            wait_until_gone(machine, sleep)
            told = victims.asked if victim == "every" else Machine.wait
            assert told(machine, request)["cause"] == "startup_died"
            victims.nothing_left(machine, request, [sleep])
        assert machine.run(podman_request(machine, address, "true"))["state"] == "success"


def wait_until_gone(machine, name):
    """Until no process has that command, in whatever container."""

    def gone():
        return not [
            pid for pid in victims.pids() if process.alive(pid) and name in victims.command(pid)
        ]

    machine.wait_until(gone)


@pytest.fixture
def podman_machine(executor_python):
    podman = Podman()
    image = busybox.make(podman, "localhost/lab/busybox:1")
    made = Machine(podman.command, image, interpreter=executor_python)
    made.podman = podman
    yield made
    made.remove()
    podman.stop()


def podman_request(machine, address, script):  # noqa: F811
    engine = podman_engine(machine.podman)
    return machine.request(address, script, isolation="docker", engine=engine)


@rows.thorough
@rows.fault(10)
@pytest.mark.parametrize("phase", [phase for phase in PHASES if phase != "build"])
def test_a_death_in_any_phase(machine, address, git_over_http, injections, phase):  # noqa: F811
    for number, victim in enumerate(VICTIMS):
        watched = (PHASES.index(phase) + number) % 2 == 1
        with injections.measured():
            request = lose(machine, address, git_over_http, phase, victim, watched)
    victims.builds_on(machine, request, address)


@rows.thorough
@rows.fault(10)
def test_a_startup_that_is_stopped_is_suspect_and_no_more(operator, injections):
    watching = operator.script("until [ -e go ]; do sleep 0.1; done; echo over", "--json")
    status = first_status(operator)
    with injections.measured():
        victims.stop(status["process"]["pid"])
        stopped = operator.json("status", status["build_id"])
        assert stopped["state"] == "running" and "is stopped" in stopped["suspect"]
        assert "running, suspect" in operator.run("status").out
        assert "kill -CONT" in operator.run("status", status["build_id"]).out
        lines = iter(watching.stderr.readline, b"")
        assert any(b"is suspect: startup.py is stopped" in line for line in lines)
        os.kill(status["process"]["pid"], signal.SIGCONT)
        assert "suspect" not in operator.json("status", status["build_id"])
        open(os.path.join(status["source"], "go"), "w").close()
    out, err = watching.communicate()
    ended = json.loads(out.decode("utf-8"))
    assert ended["state"] == "success", err
    assert b"not suspect any more" in err
    aftermath.check(operator, ended)
    aftermath.next_build(operator, ended)


def first_status(operator):
    """:returns: the status of the one build that runs, once its script does."""
    deadline = time.time() + 60
    while time.time() < deadline:
        for one in operator.json("status"):
            if one["state"] == "running" and one["phase"] == "build":
                return one
    raise AssertionError("no build runs")


@rows.fault(10)
def test_a_stopped_startup_and_cancel(machine, address, injections):  # noqa: F811
    """What is asked of it meanwhile happens when it goes on."""
    with injections.measured():
        request = machine.request(address, "echo begun; sleep 60", isolation="docker")
        machine.launch(request)
        machine.wait_for_log(request, "begun")
        worker = victims.worker(machine, request)
        victims.stop(worker)
        machine.ask("cancel", {"build_id": request["build_id"], "reason": "enough"})
        assert "is stopped" in victims.asked(machine, request)["suspect"]
        os.kill(worker, signal.SIGCONT)
        status = machine.wait(request)
        assert status["state"] == "cancelled"
        victims.nothing_left(machine, request)
    victims.one_end(machine, request, status)
