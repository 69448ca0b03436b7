"""A partition that says nothing: noticed in bounded time, and the connection replaced."""

from __future__ import absolute_import, print_function, unicode_literals

import threading
import time

import pytest

from business_hyper_fusion import compat
from controller import errors
from controller.contact import Contact
from controller.state import State
from controller.transport import dial, handshake
from tests.faults import rows
from tests.lab import firewall, process
from tests.lab.python import interpreter

NOTICED_WITHIN = 60
"""Seconds; docs/operations.md says 45, and this machine may be busy."""


@pytest.fixture
def quick(monkeypatch):
    """The kernel gives up after 3 s of what it does in 30."""
    options = dict(dial.OPTIONS)
    options.update(TCP_KEEPIDLE=2, TCP_KEEPINTVL=1, TCP_KEEPCNT=2, TCP_USER_TIMEOUT=3000)
    monkeypatch.setattr(dial, "OPTIONS", tuple(options.items()))
    monkeypatch.setattr(handshake, "KEEPALIVE", 2)


@pytest.fixture
def contact(make_sshd, operator, machine_of):
    """A Contact over a real connection, counted: .made (list of Transport)."""
    sshd = make_sshd()
    operator.know(sshd)
    machine = Machine(sshd, machine_of)
    made = Contact(machine, State(operator.home), lambda _: machine.connect(operator))
    yield made
    made.close()


class Machine(object):
    """A settings Machine as far as it is asked for here, which counts the connections to it."""

    name = "builder-1"
    patience = 60.0

    def __init__(self, sshd, machine_of):
        self.sshd = sshd
        self.root = sshd.root
        self.python = interpreter()
        self._login = machine_of(sshd)
        self.connections = []

    def connect(self, operator):
        self.connections.append(operator.connect(self._login, timeout=self.patience))
        return self.connections[-1]


def noticed(connection, seconds):
    process.wait_until(lambda: not connection.alive(), seconds, "the end of a silent connection")


def test_an_idle_connection_is_known_to_be_dead(contact, quick):
    connection = contact.transport()
    port = contact.machine.sshd.port
    with firewall.dropped(port):
        noticed(connection, 60)
    assert contact.transport() is not connection
    assert contact.transport().run("echo in").stdout == b"in\n"
    assert len(contact.machine.connections) == 2


def test_a_question_is_asked_again_once_it_is_healed(contact, quick):
    """It was asked when nobody could hear it; the answer comes on the next connection."""
    connection = contact.transport()
    contact.find_python()
    answers = []
    with firewall.dropped(contact.machine.sshd.port):
        asking = threading.Thread(
            target=lambda: answers.append(contact.ask("builds", {"limit": 1}))
        )
        asking.start()
        noticed(connection, 60)
        time.sleep(0.5)
    asking.join(120)
    assert answers == [None], "Tristan is not there; but it answered"
    assert len(contact.machine.connections) >= 2


def test_a_call_into_silence_ends_in_time(contact, quick):
    contact.machine.patience = 3.0
    with firewall.dropped(contact.machine.sshd.port):
        began = compat.monotonic()
        with pytest.raises(errors.MachineUnreachable) as caught:
            contact.transport()
        assert compat.monotonic() - began < 60
    assert "nothing within 3 seconds" in caught.value.message


@rows.fault(6)
@rows.thorough
def test_with_the_limits_as_they_are(contact, injections):
    connection = contact.transport()
    began = compat.monotonic()
    assert connection.run("echo in").stdout == b"in\n"
    with firewall.dropped(contact.machine.sshd.port), injections.measured():
        noticed(connection, NOTICED_WITHIN)
    assert compat.monotonic() - began > 20, "not taken for dead too soon either"
    assert contact.transport().run("echo in").stdout == b"in\n"
