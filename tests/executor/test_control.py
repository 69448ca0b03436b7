"""What ends an attempt early, and which reason counts."""

from __future__ import absolute_import, print_function, unicode_literals

import os
import signal

import pytest

from business_hyper_fusion import cancel, elsewhere, identity
from business_hyper_fusion.control import Control
from business_hyper_fusion.errand import Place
from business_hyper_fusion.process import Command, Runner

LIMITS = {"soft_seconds": 600, "hard_seconds": 600}


@pytest.fixture
def place(tmpdir):
    made = Place(str(tmpdir.join("place")))
    made.prepare({})
    return made


@pytest.fixture
def control(place):
    before = [(number, signal.getsignal(number)) for number in (signal.SIGINT, signal.SIGHUP)]
    made = Control(place, LIMITS)
    made.install()
    yield made
    made.uninstall()
    for number, handler in before:
        signal.signal(number, handler)


def test_nothing_ends_it_by_itself(control):
    assert control.reason() is None


def test_a_signal_without_a_marker_is_the_machines(control):
    cancel.wake(identity.of(os.getpid()))
    assert control.reason().cause == "terminated"


def test_signals_while_a_command_is_handed_its_input(control, tmpdir):
    """On 2.7 the first one ends a write early, the next one that of the rest without a byte."""
    ready = str(tmpdir.join("ready"))
    os.mkfifo(ready)
    told = []

    def count(number, frame):
        told.append(number)
        if len(told) == 3:
            os.close(os.open(ready, os.O_WRONLY))

    given = b"x" * 1000000  # much more than a pipe holds
    words = ["sh", "-c", 'read -r word <"$1"; wc -c', "sh", ready]
    before = signal.signal(signal.SIGALRM, count)
    signal.setitimer(signal.ITIMER_REAL, 0.1, 0.1)
    try:
        finished = Runner(None, control).run(Command(words, os.environ, stdin=given, capture=True))
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        os.close(os.open(ready, os.O_RDWR | os.O_NONBLOCK))
    assert finished.text() == str(len(given))


def test_a_cancellation_while_it_looks_is_one(control, place, monkeypatch):
    """The marker comes before the signal, and both can come behind the look at the marker."""
    look = elsewhere.find

    def look_and_be_cancelled(attempt, name):
        found = look(attempt, name)
        cancel.leave(place, b"no longer wanted")
        cancel.wake(identity.of(os.getpid()))
        return found

    monkeypatch.setattr(elsewhere, "find", look_and_be_cancelled)
    assert control.reason() is None
    reason = control.reason()
    assert (reason.state, reason.message) == ("cancelled", "cancelled: no longer wanted")
    assert os.path.exists(place.cancel)
