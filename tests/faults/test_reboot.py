"""The machine was started anew, or the dead worker's pid is another process's by now: lost, and no stranger touched."""

from __future__ import absolute_import, print_function

import os
import signal
import time
import uuid

import pytest

from business_hyper_fusion import files, identity
from business_hyper_fusion.suspect import STOPPED
from tests.executor import test_remove
from tests.executor.conftest import address, shop  # noqa: F401
from tests.executor.machine import Machine
from tests.faults import rows, victims

BOOT_ID = "/proc/sys/kernel/random/boot_id"
LAST_PID = "/proc/sys/kernel/ns_last_pid"

ANOTHER_BOOT = 'mount --bind "$1" %s; shift; exec "$@"' % BOOT_ID


class OtherBoot(Machine):
    """A machine that can be started anew, as its processes see it: with another boot id, in a mount namespace."""

    def reboot(self):
        boot = os.path.join(self.root, "boot_id")
        with open(boot, "w") as target:
            target.write("%s\n" % uuid.uuid4())
        self.before = ["unshare", "--mount", "/bin/sh", "-euc", ANOTHER_BOOT, "sh", boot]


class Stranger(object):
    """A process with a pid of one's choice, that nobody may signal."""

    def __init__(self, pid):
        end = time.time() + 60
        self.pid = None
        while self.pid != pid:
            assert time.time() < end, "the kernel does not give pid %d again" % pid
            self.pid = _fork_at(pid)

    def is_untouched(self):
        """It would have died of any signal, or stopped."""
        fields = identity.stat_fields(self.pid)
        return fields is not None and fields[0] not in STOPPED + ("Z", "X")

    def end(self):
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)


def _fork_at(pid):
    """:returns: pid of a sleeping child, which is the wanted one when nobody was quicker; others are ended."""
    with open(LAST_PID, "w") as last:
        last.write(str(pid - 1))
    child = os.fork()
    if child == 0:
        os.execv("/bin/sleep", ["sleep", "600"])
    if child != pid:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    return child


def ask_builds(machine, request):
    machine.ask("builds", {})


def ask_cancel(machine, request):
    question = {"build_id": request["build_id"], "reason": ""}
    assert machine.ask("cancel", question)["answer"] == "ended"


def ask_gc(machine, request):
    machine.ask("gc", {"older_than_seconds": 0, "engine": []})
    ask_builds(machine, request)


def launch_next(machine, request):
    following = machine.request(request["repository"]["address"], "true")
    assert machine.run(following)["state"] == "success"


def uninstall(machine, request):
    said = test_remove.run(machine.root, force=True, before=machine.before)
    assert said["answer"] == "removed", said


CONTACTS = (ask_builds, ask_cancel, ask_gc, launch_next, uninstall)


@pytest.fixture
def machine(executor_python):
    made = OtherBoot(interpreter=executor_python)
    yield made
    made.remove()


def killed(machine, where):
    """A build that the machine took down with it. :returns: its request."""
    request = machine.request(where, "echo begun; sleep 60")
    assert machine.launch(request)["answer"] == "started"
    machine.wait_for_log(request, "begun")
    victims.kill_every(machine, request)
    return request


@rows.thorough
@rows.fault(12)
@pytest.mark.parametrize("rebooted", [True, False], ids=["rebooted", "same boot"])
@pytest.mark.parametrize("contact", CONTACTS, ids=lambda one: one.__name__)
def test_a_stranger_has_the_pid(machine, address, injections, contact, rebooted):  # noqa: F811
    with injections.measured():
        request = killed(machine, address)
        stranger = Stranger(victims.worker(machine, request))
        try:
            if rebooted:
                machine.reboot()
            contact(machine, request)
            assert stranger.is_untouched()
            if contact is not uninstall:
                check_lost(machine, request, "rebooted" if rebooted else "startup_died")
            assert stranger.is_untouched()
        finally:
            stranger.end()


@rows.fault(12)
@pytest.mark.parametrize("contact", CONTACTS, ids=lambda one: one.__name__)
def test_a_stranger_has_the_pid_and_the_start_time(machine, address, injections, contact):  # noqa: F811
    """As many ticks after this boot as the worker was after the last one."""
    with injections.measured():
        request = killed(machine, address)
        stranger = Stranger(victims.worker(machine, request))
        try:
            document = machine.status(request)
            document["process"]["start_time"] = identity.start_time(stranger.pid)
            files.publish_json(machine.attempt(request).status, document)
            machine.reboot()
            contact(machine, request)
            assert stranger.is_untouched()
            if contact is not uninstall:
                check_lost(machine, request, "rebooted")
        finally:
            stranger.end()


def check_lost(machine, request, cause):
    status = machine.status(request)
    assert (status["state"], status["cause"]) == ("lost", cause)
    assert (status["wall_seconds"] is None) == (cause == "rebooted"), "of another boot nobody knows"
    victims.one_end(machine, request, status)
    victims.builds_on(machine, request, request["repository"]["address"])
