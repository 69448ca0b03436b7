"""The engine is killed or started anew in the middle of a build, or its client is killed, or memory runs out."""

from __future__ import absolute_import, print_function

import random
import time

import pytest

from tests.executor.conftest import address, shop, small_base  # noqa: F401
from tests.executor.machine import Machine
from tests.faults import rows, victims
from tests.lab import busybox, process
from tests.lab.engine import OwnEngine

LIVE = ("--live-restore",)
WAYS = [
    ("kill", ()),
    pytest.param("kill", LIVE, marks=rows.thorough),
    pytest.param("end", (), marks=rows.thorough),
    pytest.param("end", LIVE, marks=rows.thorough),
]

GREEDY = "echo begun; x=1; while :; do x=$x$x; done"


@pytest.fixture(scope="module")
def own_engine(request):
    """Function (dockerd's options) -> OwnEngine, which is started once for all tests that have these."""
    started = {}

    def get(*options):
        if options not in started:
            started[options] = OwnEngine(apart=True, options=options)
            busybox.make(started[options], "lab/busybox:1")
        return started[options]

    yield get
    for engine in started.values():
        engine.stop()


@pytest.fixture
def machine_with(executor_python):
    """Function (Engine, image) -> Machine; its root goes after the test."""
    made = []

    def make(engine, image="lab/busybox:1"):
        made.append(Machine(engine.command, image, interpreter=executor_python))
        return made[-1]

    yield make
    for machine in made:
        machine.remove()


def begun(machine, where, script, **changes):
    """:returns: request of a build whose script runs."""
    request = machine.request(where, script, isolation="docker", **changes)
    answer = machine.launch(request)
    assert answer["answer"] == "started", answer
    machine.wait_for_log(request, "begun")
    return request


def lost(machine, request):
    """Wait for the end. :returns: the terminal status, of which a controller makes another attempt."""
    status = machine.wait(request, 120)
    assert (status["state"], status["cause"]) == ("error", "engine_lost"), machine.log(request)
    return status


def sleeping():
    """:returns: str, a command that is nobody else's."""
    return "sleep 96.%06d" % random.randrange(10**6)


def still_run(name):
    """:returns: list of pids that run a command, in whatever container."""
    return [pid for pid in victims.pids() if process.alive(pid) and name in victims.command(pid)]


@rows.fault(14)
@pytest.mark.parametrize("how, options", WAYS, ids=str)
def test_the_engine_is_started_anew(own_engine, machine_with, address, injections, how, options):  # noqa: F811
    engine = own_engine(*options)
    machine = machine_with(engine)
    name = sleeping()
    with injections.measured():
        request = begun(machine, address, "trap '' TERM; %s & echo begun; %s" % (name, name))
        getattr(engine, how)()
        engine.start()
        status = lost(machine, request)
        victims.nothing_left(machine, request, [name])
    victims.one_end(machine, request, status)
    victims.builds_on(machine, request, address)


@rows.thorough
@rows.fault(14)
def test_the_engine_stays_away(own_engine, machine_with, address, injections):  # noqa: F811
    engine = own_engine(*LIVE)
    machine = machine_with(engine)
    name = sleeping()
    with injections.measured():
        request = begun(machine, address, "echo begun; " + name)
        engine.kill()
        # Nobody is there to stop the container; it is its lifeline that ends it, with the build.
        status = lost(machine, request)
        machine.wait_until(lambda: not still_run(name))
        engine.start()
        victims.nothing_left(machine, request, [name])
    victims.one_end(machine, request, status)
    victims.builds_on(machine, request, address)


@rows.fault(14)
def test_the_client_is_killed(engine, small_base, machine_with, address, injections):  # noqa: F811
    machine = machine_with(engine, small_base)
    for _ in range(injections.count(1, 3)):
        name = sleeping()
        with injections.measured():
            request = begun(machine, address, "echo begun; " + name)
            time.sleep(random.uniform(0, 0.5))
            clients = [
                pid
                for pid in process.children(victims.worker(machine, request))
                if process.command_name(pid) == "docker"
            ]
            assert clients
            for pid in clients:
                victims.kill(pid)
            status = lost(machine, request)
            victims.nothing_left(machine, request, [name])
        victims.one_end(machine, request, status)
    victims.builds_on(machine, request, address)


@rows.fault(14)
def test_the_container_runs_out_of_memory(engine, small_base, machine_with, address, injections):  # noqa: F811
    machine = machine_with(engine, small_base)
    scripts = (GREEDY, "echo begun; sh -c '%s' || exit 7" % GREEDY)
    for script in scripts[: injections.count(1, 2)]:
        with injections.measured():
            request = begun(machine, address, script, limits=machine.limits(memory="32m"))
            status = machine.wait(request)
            assert (status["state"], status["cause"]) == ("failed", "oom"), machine.log(request)
            victims.nothing_left(machine, request)
        victims.one_end(machine, request, status)
    victims.builds_on(machine, request, address)


@rows.fault(14)
def test_an_end_that_looks_like_the_engines(engine, small_base, machine_with, address, injections):  # noqa: F811
    """Exit statuses that engines have a meaning for are the script's own when it is the script that ends."""
    machine = machine_with(engine, small_base)
    for script in ("exit 125", "exit 127", "kill -9 $$", "kill -9 $PPID")[: injections.count(2, 4)]:
        with injections.measured():
            request = machine.request(address, script, isolation="docker")
            status = machine.run(request)
            assert (status["state"], status["cause"]) == ("failed", "script_failed"), script
            victims.nothing_left(machine, request)
