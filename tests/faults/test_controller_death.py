"""Controllers killed or stopped at any moment: the build goes on, once, and the next controller finds all of it."""

from __future__ import absolute_import, print_function, unicode_literals

import hashlib
import io
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import threading

import pytest

from business_hyper_fusion import compat
from tests.faults import aftermath, rows
from tests.faults.place import Place
from tests.lab import process

REATTACHED_WITHIN = 60
"""Seconds from a new controller's start until it knows the build, on a machine that has a lot else to do. 10 is what is
promised: the worst of them all stands in the table of `./dev faults`."""

AT_ONCE = 4

SCRIPT = (
    'echo "$TRISTAN_ATTEMPT" >> {ran}; for i in 1 2 3 4 5 6 7 8; do echo line $i; sleep 0.1; done'
)


@pytest.fixture(scope="module")
def place(engine, executor_python):
    made = Place(engine, executor_python, executors=AT_ONCE + 2)
    first = made.run("build", "script", "--branch", "main", "--param", "SCRIPT=true")
    assert first.code == 0, first  # now the machine has the scripts, and the controller knows it
    yield made
    made.stop()


class Desk(object):
    """One operator's own state, so that a build is known by being the only one in it.

    :param knows: whether it knows the machine from builds before.
    """

    def __init__(self, place, knows):
        self._place = place
        self.state = process.directory("desk")
        self.ran = os.path.join(place.sshd.home, "ran-" + os.path.basename(self.state))
        before = os.path.join(place.environment()["XDG_STATE_HOME"], "tristan")
        os.mkdir(os.path.join(self.state, "tristan"), 0o700)
        for name in ["known_hosts"] + (["machines"] if knows else []):
            copy = shutil.copytree if name == "machines" else shutil.copy
            copy(os.path.join(before, name), os.path.join(self.state, "tristan", name))

    def start(self, *words):
        """:returns: subprocess.Popen with pipes."""
        return self.spawn(self._place.command(*words))

    def spawn(self, command):
        return subprocess.Popen(
            command,
            env=dict(self._place.environment(), XDG_STATE_HOME=self.state),
            cwd=self._place.home,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def run(self, *words):
        """:returns: (exit code, bytes of stdout, bytes of stderr)"""
        child = self.start(*words)
        out, err = child.communicate()
        return child.returncode, out, err

    def build_words(self):
        script = "SCRIPT=" + SCRIPT.format(ran=self.ran)
        return "build", "script", "--branch", "main", "--wait", "--param", script

    def written(self):
        """:returns: list of str, ids in the journal."""
        builds = os.path.join(self.state, "tristan", "builds")
        found = os.listdir(builds) if os.path.isdir(builds) else []
        return [name[:-5] for name in found if name.endswith(".json")]

    def attempts(self):
        """:returns: list of str, the attempts whose script began."""
        if not os.path.exists(self.ran):
            return []
        with io.open(self.ran) as source:
            return source.read().split()

    def remove(self):
        process.remove(self.state)


def reattach(place, desk):
    """A new controller: what the journal holds is known within the time, ends well, ran once, and its log is whole.

    :returns: float, seconds until the build was known; None when the killed one had not recorded any.
    """
    begun = compat.monotonic()
    known, err = contact(desk)
    while b"is busy" in err:  # another build is where this one was to be launched
        begun = compat.monotonic()
        known, err = contact(desk)
    took = compat.monotonic() - begun
    written = [one for one in desk.written() if not refused(desk, one)]
    if not written:
        assert desk.attempts() == []
        return None
    (build_id,) = written
    assert build_id in known, (known, err)
    assert took < REATTACHED_WITHIN
    code, log, err = desk.run("logs", build_id, "--follow")
    assert code == 0, err
    assert desk.attempts() == [build_id + ".1"]
    status = json.loads(desk.run("status", build_id, "--json")[1].decode("utf-8"))
    assert hashlib.sha256(log).hexdigest() == status["log"]["sha256"]
    assert log.count(b"line ") == 8
    aftermath.check(place, status, accepted=False)
    return took


def contact(desk):
    """:returns: (ids of the builds that a new controller finds, bytes of what it says)"""
    _, out, err = desk.run("status", "--json")
    return [one["build_id"] for one in json.loads(out.decode("utf-8"))], err


def refused(desk, build_id):
    """Whether the launch had failed before: every executor was busy, and it waited for one."""
    with io.open(os.path.join(desk.state, "tristan", "builds", build_id + ".json")) as source:
        return json.load(source)["stage"] == "refused"


@rows.fault(1)
def test_a_controller_killed_at_any_moment_leaves_its_build_to_the_next(place, injections):
    whole = Desk(place, knows=False)
    begun = compat.monotonic()
    assert whole.run(*whole.build_words())[0] == 0
    length = compat.monotonic() - begun
    found, failures = [], []
    left = list(range(injections.count(6, 200)))

    def work():
        while left and not failures:
            try:
                number = left.pop()
                seconds = random.uniform(0, length * 2.5)
                found.append(killed(place, number % 2 == 0, seconds, recorded=number == 0))
            except BaseException as error:
                failures.append(error)
                raise

    threads = [threading.Thread(target=work) for _ in range(AT_ONCE)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures, failures
    for took in found:
        injections.add(took or 0.0)
    assert any(took is not None for took in found)
    assert place.containers() == []
    whole.remove()


def killed(place, knows, seconds, recorded):
    """Kills a controller after some seconds. :returns: as reattach.

    :param recorded: whether the seconds begin when its build is; of some that all begin at once none may come so far.
    """
    desk = Desk(place, knows)
    child = desk.start(*desk.build_words())
    if recorded:
        process.wait_until(desk.written, 60, "the build's entry")
    threading.Event().wait(seconds)
    child.kill()
    child.communicate()
    took = reattach(place, desk)
    desk.remove()
    return took


POINTS = {
    "before it is recorded": "journal.Journal.intend = die",
    "recorded, before launching": "offer.Offer.run = die",
    "launching, before it is asked": "offer.Offer._launch_once = die",
    "launched, before recording": "journal.Journal.confirm = die",
    "recorded, before it is watched": "supervision.Supervision.watch = die",
    "watched, before it is accepted": "accept.Acceptance.take = die",
}

DIES = """
import os, signal, sys
from controller import accept, journal, offer, supervision
from controller.cli import main
def die(*a, **k):
    os.kill(os.getpid(), signal.SIGKILL)
{0}
sys.argv[0] = "tristan"
sys.exit(main())
"""


@rows.fault(2)
@pytest.mark.parametrize("point", sorted(POINTS))
def test_a_controller_killed_between_two_steps_had_its_build_started_once(place, injections, point):
    for knows in (False, True)[: injections.count(1, 2)]:
        with injections.measured():
            desk = Desk(place, knows)
            command = [sys.executable, "-c", DIES.format(POINTS[point])]
            if "PYTHONPATH" not in place.environment():
                command[1:1] = ["-P"] if sys.version_info >= (3, 11) else []
            words = ["--config", place.configuration] + list(desk.build_words())
            child = desk.spawn(command + [process.native(word) for word in words])
            _, err = child.communicate()
            assert child.returncode == -signal.SIGKILL, err
            took = reattach(place, desk)
            assert (took is None) == (point == "before it is recorded")
            desk.remove()


@rows.fault(3)
def test_a_controller_that_was_frozen_judges_nothing_by_the_time_it_slept(place, injections):
    """The machine may be silent for 3 s; the controller is frozen for longer, while the log grows by megabytes."""
    place.lost_after = "3s"
    place.configure()
    script = (
        "for i in 1 2 3 4; do head -c 1500000 /dev/zero | tr '\\0' x | fold -w 99; sleep {0}; done"
    )
    seconds = injections.count(6, 40)
    with injections.measured():
        child = place.script(script.format(seconds / 3.0))
        out, err, finish = drained(child)
        for _ in range(2):
            threading.Event().wait(2)
            os.kill(child.pid, signal.SIGSTOP)
            threading.Event().wait(seconds / 2.0)
            os.kill(child.pid, signal.SIGCONT)
        finish()
    assert child.returncode == 0, b"".join(err)[-2000:]
    log = b"".join(out)
    status = place.json("status", "--limit", "1")[0]
    assert (status["state"], status["attempt"]) == ("success", 1)
    assert hashlib.sha256(log).hexdigest() == status["log"]["sha256"]
    aftermath.check(place, status)


def drained(child):
    """Reads a child's pipes. :returns: (list of bytes, list of bytes, function that waits for its end)"""
    found = [], []

    def read(pipe, pieces):
        for piece in iter(lambda: os.read(pipe.fileno(), 65536), b""):
            pieces.append(piece)

    pairs = zip((child.stdout, child.stderr), found)
    threads = [threading.Thread(target=read, args=pair) for pair in pairs]
    for thread in threads:
        thread.start()

    def finish():
        for thread in threads:
            thread.join()
        child.wait()

    return found[0], found[1], finish
