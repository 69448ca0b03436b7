"""Death of startup.py, of its guardian, of both: the build is lost, with its cause, and nothing stays behind."""

from __future__ import absolute_import, print_function

import os
import signal
import subprocess
import time

import pytest

from business_hyper_fusion import cancel, files, identity, lock
from tests.executor.test_phases import containers
from tests.lab import process


def kill(pid):
    os.kill(pid, signal.SIGKILL)


def started(machine, request):
    """Launch and wait until the script runs. :returns: the worker's pid."""
    answer = machine.launch(request)
    machine.wait_for_log(request, "begun")
    return answer["process"]["pid"]


def kill_each(pids):
    """Of those that are killed later some may have ended with the ones before."""
    for pid in pids:
        process.end_at_once(pid)


def nobody_runs(machine, command):
    """Wait until a command is gone; what was killed may have to wait for a processor to die on."""
    machine.wait_until(lambda: subprocess.call(["pgrep", "-x", "-f", command]) == 1)


def guardian_of(pid):
    return int(identity.stat_fields(pid)[1])


def command_line(pid):
    with open("/proc/%d/cmdline" % pid, "rb") as file:
        return file.read()


def with_heir(worker):
    """:returns: pids of guardian, heir and worker."""
    guardian = guardian_of(worker)
    return [guardian] + process.children(guardian)


def test_worker_killed(docker_machine, address):
    request = docker_machine.request(address, "echo begun; sleep 60", isolation="docker")
    worker = started(docker_machine, request)
    time.sleep(1)
    kill(worker)
    status = docker_machine.wait(request)
    assert status["wall_seconds"] > 1
    assert (status["state"], status["cause"]) == ("lost", "startup_died")
    assert "killed by signal 9" in status["message"]
    assert not containers(docker_machine, request)
    assert status["log"]["bytes"] == len(docker_machine.log(request))
    assert not os.path.exists(docker_machine.attempt(request).secrets)
    assert docker_machine.run(docker_machine.request(address, "true"))["state"] == "success"


def stay_forked(machine, seconds):
    """Have the guardians of this machine's release become programs after so many seconds."""
    path = os.path.join(machine.release, "business_hyper_fusion", "daemon.py")
    with open(path) as file:
        text = file.read()
    changed = text.replace("AT_FIRST = 5.0", "AT_FIRST = %r" % seconds)
    assert changed != text
    with open(path, "w") as file:
        file.write(changed)


@pytest.mark.parametrize(
    "program, at_first",
    [(b"/startup.py", 3600.0), (b"/__main__.py", 0.0)],
    ids=("forked", "program"),
)
def test_worker_killed_whatever_its_guardian_runs_as(machine, address, program, at_first):
    """At first it is what it was forked as."""
    stay_forked(machine, at_first)
    request = machine.request(address, "echo begun; sleep 60")
    worker = started(machine, request)
    guardian = guardian_of(worker)
    machine.wait_until(lambda: program in command_line(guardian))
    kill(worker)
    status = machine.wait(request)
    assert (status["state"], status["cause"]) == ("lost", "startup_died")
    assert "killed by signal 9" in status["message"]
    machine.wait_until(lambda: not identity.start_time(guardian))
    assert machine.run(machine.request(address, "true"))["state"] == "success"


def test_a_build_is_cancelled_as_soon_as_its_launch_is_answered(machine, address):
    for _ in range(5):  # what the phases import is read in these milliseconds
        request = machine.request(address, "exec sleep 300")
        answer = machine.launch(request)
        files.publish(machine.attempt(request).cancel, b"at once")
        cancel.wake(answer["process"])  # unless it has seen that already, and is over
        status = machine.wait(request)
        assert (status["state"], status["message"]) == ("cancelled", "cancelled: at once")


def test_every_startup_killed(machine, address):
    sleep = "sleep 4712.%d" % os.getpid()  # Another run of this test has its own.
    request = machine.request(address, "echo begun; setsid %s & wait" % sleep)
    started(machine, request)
    subprocess.check_call(["pkill", "-9", "-f", machine.release + "/startup.py"])
    assert machine.wait(request)["state"] == "lost"
    nobody_runs(machine, sleep)


def test_guardian_killed_build_goes_on(machine, address):
    script, let_go = machine.waiting()
    request = machine.request(address, "echo begun; %s; echo over" % script)
    kill(guardian_of(started(machine, request)))
    assert machine.launch(machine.request(address, "true"))["answer"] == "busy"
    let_go()
    assert machine.wait(request)["state"] == "success"


def test_both_killed_their_heir_settles_it(machine, address):
    sleep = "sleep 4713.%d" % os.getpid()  # Another run of this test has its own.
    request = machine.request(address, "echo begun; setsid %s & wait" % sleep)
    worker = started(machine, request)
    kill(guardian_of(worker))
    kill(worker)
    assert machine.wait(request)["cause"] == "startup_died"
    nobody_runs(machine, sleep)


def test_all_killed_settled_at_the_next_contact(docker_machine, address):
    request = docker_machine.request(address, "echo begun; sleep 60", isolation="docker")
    all_of_them = with_heir(started(docker_machine, request))
    kill_each(all_of_them)
    docker_machine.wait_until(lambda: not containers(docker_machine, request))
    docker_machine.wait_until(lambda: not any(identity.start_time(one) for one in all_of_them))
    assert docker_machine.status(request)["state"] == "running"
    listed = docker_machine.ask("builds", {"limit": 1, "build": ""})
    assert (listed["builds"][0]["state"], listed["builds"][0]["cause"]) == ("lost", "startup_died")
    assert not listed["executors"]["1"]["busy"]


def test_settled_by_the_next_launch(machine, address):
    request = machine.request(address, "echo begun; sleep 60")
    all_of_them = with_heir(started(machine, request))
    kill_each(all_of_them)
    # Each of them holds the lock until the kernel is done with it.
    machine.wait_until(lambda: not any(identity.start_time(one) for one in all_of_them))
    assert machine.run(machine.request(address, "true"))["state"] == "success"
    assert machine.status(request)["state"] == "lost"


def test_another_boot_is_a_reboot_and_no_stranger_is_killed(machine, address):
    request = machine.request(address, "true")
    status = machine.run(request)
    machine.wait_until(
        lambda: machine.launch(machine.request(address, "true"))["answer"] == "started"
    )
    stranger = subprocess.Popen(["sleep", "600"])
    status.update(
        state="running", ended_at="", process=dict(identity.of(stranger.pid), boot_id="another")
    )
    machine.wait_until(lambda: not machine.ask("builds", {})["executors"]["1"]["busy"])
    files.publish_json(machine.attempt(request).status, status)
    answer = machine.ask("cancel", {"build_id": request["build_id"], "reason": ""})
    assert (answer["answer"], answer["status"]["cause"]) == ("ended", "rebooted")
    assert stranger.poll() is None
    stranger.kill()
    stranger.wait()


GUARD = """
import os, sys
sys.path.insert(0, sys.argv[1])
from business_hyper_fusion import guardian
worker = os.fork()
if not worker:
    os._exit(0)
guardian.main(sys.argv[1], sys.argv[2:5] + [str(worker), "1", sys.argv[5]])
"""
"""A guardian whose worker has let go of the executor."""


def test_a_guardian_leaves_an_end_to_whoever_has_the_executor(machine, address):
    """What the disk did not take is written once there is room, by one of all who could."""
    request = machine.request(address, "true")
    machine.run(request)
    attempt = machine.attempt(request)
    machine.wait_until(lambda: not lock.held(attempt.executor.lock))
    with open(attempt.events, "rb") as source:
        events = source.readlines()
    with open(attempt.events, "wb") as target:
        target.writelines(events[:-1])
    files.publish(attempt.reserve, b"")
    words = ["-c", GUARD, machine.release, "1", request["build_id"], "1", attempt.reserve]
    held = lock.acquire(attempt.executor.lock)
    machine._python(words, b"")
    assert os.path.exists(attempt.reserve)
    os.close(held)
    machine._python(words, b"")
    assert not os.path.exists(attempt.reserve)
    with open(attempt.events, "rb") as source:
        assert len(source.readlines()) == len(events)


def test_identity_of_a_recycled_pid_is_not_alive():
    mine = identity.mine()
    assert identity.alive(mine)
    assert not identity.alive(dict(mine, start_time=mine["start_time"] - 1))
    assert not identity.alive(dict(mine, boot_id="another"))
    assert not identity.alive({"pid": "1"}) and not identity.alive(None)
