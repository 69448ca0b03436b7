"""Enrolling real host keys: asked, scripted, changed, revoked, behind a jump host."""

from __future__ import absolute_import, print_function, unicode_literals

import io
import os
import stat

import pytest

from controller import enroll, errors, transport
from controller.state import State
from tests.controller.examined import machine_of
from tests.lab import process
from tests.lab.sshd import Sshd


class Person(object):
    """Somebody who is asked. :param says: bool. .shown: list of the texts of each question."""

    def __init__(self, says=True):
        self.says = says
        self.shown = []

    def __call__(self, *texts):
        self.shown.append("\n".join(texts))
        return self.says


@pytest.fixture
def state(tmpdir, monkeypatch):
    monkeypatch.setenv(str("HOME"), str(tmpdir))
    tmpdir.mkdir(".ssh")
    return State(str(tmpdir.join("state")))


@pytest.fixture(scope="module")
def machine_sshd():
    """An sshd whose host key stays; starting one for each test takes most of the time."""
    with Sshd() as made:
        yield made


def connects(machine, state):
    connection = transport.connect(machine, state.known_hosts)
    try:
        return connection.run("echo in").stdout == b"in\n"
    finally:
        connection.close()


def user_knows(state, text):
    path = os.path.join(os.environ["HOME"], ".ssh", "known_hosts")
    with io.open(path, "w") as opened:
        opened.write(text + "\n")


def test_a_person_compares_and_says_yes(machine_sshd, state):
    machine, person = machine_of(machine_sshd), Person()
    found = enroll.enroll(machine, state, confirm=person)
    assert found == (machine_sshd.fingerprint, "ssh-ed25519", False)
    assert "builder-1 is 127.0.0.1 port %d" % machine_sshd.port in person.shown[0]
    assert "ssh-ed25519 %s" % machine_sshd.fingerprint in person.shown[0]
    assert "CHANGED" not in person.shown[0]
    assert stat.S_IMODE(os.stat(state.known_hosts).st_mode) == 0o600
    assert connects(machine, state)


def test_a_person_says_no(machine_sshd, state):
    with pytest.raises(errors.HostKeyUnknown):
        enroll.enroll(machine_of(machine_sshd), state, confirm=Person(says=False))
    assert not os.path.exists(state.known_hosts)


def test_nobody_is_there_to_ask(machine_sshd, state):
    with pytest.raises(errors.HostKeyUnknown) as caught:
        enroll.enroll(machine_of(machine_sshd), state)
    assert "--fingerprint" in caught.value.remedy
    assert not os.path.exists(state.known_hosts)


def test_again_it_is_known_and_nobody_is_asked(machine_sshd, state):
    machine, person = machine_of(machine_sshd), Person()
    enroll.enroll(machine, state, machine_sshd.fingerprint)
    found = enroll.enroll(machine, state, confirm=person)
    assert found.already and person.shown == []
    with open(state.known_hosts) as opened:
        assert len(opened.readlines()) == 1


def test_a_key_that_the_users_ssh_knows_is_pinned_unasked(machine_sshd, state):
    user_knows(state, machine_sshd.known_hosts_line)
    machine, person = machine_of(machine_sshd), Person()
    assert not enroll.enroll(machine, state, confirm=person).already
    assert person.shown == []
    user_knows(state, "")
    assert connects(machine, state)


@pytest.mark.parametrize("padding", ["", "="])
def test_a_script_brings_the_fingerprint(machine_sshd, state, padding):
    machine = machine_of(machine_sshd)
    found = enroll.enroll(machine, state, machine_sshd.fingerprint + padding)
    assert found.fingerprint == machine_sshd.fingerprint
    assert connects(machine, state)


def test_a_script_brings_another_fingerprint(machine_sshd, state):
    wrong = "SHA256:" + "A" * 43
    with pytest.raises(errors.HostKeyChanged) as caught:
        enroll.enroll(machine_of(machine_sshd), state, wrong, confirm=Person())
    assert wrong in caught.value.message and machine_sshd.fingerprint in caught.value.message
    assert caught.value.cause == "fingerprint_mismatch"
    assert not os.path.exists(state.known_hosts)


def test_a_wrong_fingerprint_counts_for_a_known_key_too(machine_sshd, state):
    machine = machine_of(machine_sshd)
    enroll.enroll(machine, state, machine_sshd.fingerprint)
    with pytest.raises(errors.HostKeyChanged):
        enroll.enroll(machine, state, "SHA256:" + "A" * 43)


@pytest.mark.parametrize("text", ["", "abc", "MD5:00:11", "SHA256:short", "sha256:" + "A" * 43])
def test_what_is_no_fingerprint(machine_sshd, state, text):
    with pytest.raises(errors.UsageError) as caught:
        enroll.enroll(machine_of(machine_sshd), state, text)
    assert caught.value.exit_code == 2
    assert "ssh-keygen -lf" in caught.value.remedy


@pytest.mark.parametrize("kind", ["rsa", "ecdsa", "ed25519"])
def test_the_fingerprint_of_any_of_its_keys(make_sshd, state, tmpdir, kind):
    paths = {}
    for one in ("rsa", "ecdsa", "ed25519"):
        paths[one] = str(tmpdir.join(one))
        process.output(["ssh-keygen", "-q", "-t", one, "-N", "", "-f", paths[one]])
    sshd = make_sshd(options={"HostKey": "\nHostKey ".join(paths.values())})
    printed = process.output(["ssh-keygen", "-l", "-f", paths[kind] + ".pub"])
    machine = machine_of(sshd)
    found = enroll.enroll(machine, state, printed.split()[1])
    assert kind in found.key_type and connects(machine, state)


def test_a_changed_key_shows_old_and_new_and_wants_a_yes(sshd, state):
    machine, old = machine_of(sshd), sshd.fingerprint
    enroll.enroll(machine, state, old)
    sshd.replace_host_key()
    person = Person(says=False)
    with pytest.raises(errors.HostKeyUnknown):
        enroll.enroll(machine, state, confirm=person)
    assert "CHANGED" in person.shown[0]
    assert person.shown[0].index(old) < person.shown[0].index(sshd.fingerprint)
    with pytest.raises(errors.HostKeyChanged):
        connects(machine, state)
    assert not enroll.enroll(machine, state, confirm=Person()).already
    assert connects(machine, state)
    with open(state.known_hosts) as opened:
        assert len(opened.readlines()) == 1


def test_a_changed_key_by_its_fingerprint(sshd, state):
    machine = machine_of(sshd)
    enroll.enroll(machine, state, sshd.fingerprint)
    sshd.replace_host_key()
    enroll.enroll(machine, state, sshd.fingerprint)
    assert connects(machine, state)


@pytest.mark.parametrize("scripted", [True, False])
def test_a_revoked_key_is_never_pinned(machine_sshd, state, scripted):
    user_knows(state, "@revoked * " + machine_sshd.known_hosts_line.split(" ", 1)[1])
    fingerprint = machine_sshd.fingerprint if scripted else None
    person = Person()
    with pytest.raises(errors.HostKeyChanged) as caught:
        enroll.enroll(machine_of(machine_sshd), state, fingerprint, person)
    assert caught.value.cause == "host_key_revoked"
    assert person.shown == [] and not os.path.exists(state.known_hosts)


def test_nothing_is_proved_while_enrolling(make_sshd, state):
    sshd = make_sshd(options={"LogLevel": "DEBUG2"})
    enroll.enroll(machine_of(sshd), state, sshd.fingerprint)
    with io.open(sshd.log, encoding="utf-8", errors="replace") as log:
        text = log.read()
    assert "kex" in text and "userauth-request" not in text


def test_a_machine_that_is_down(sshd, state):
    sshd.stop_listening()
    with pytest.raises(errors.MachineUnreachable):
        enroll.enroll(machine_of(sshd), state, confirm=Person())


CONFIG = """
Host builder-1
    HostName 127.0.0.1
    ProxyJump gate
Host gate
    HostName localhost
    Port {gate.port}
    User builder
    IdentityFile {gate.client_key}
"""


@pytest.fixture
def behind_a_gate(make_sshd, machine_sshd, state):
    """(gate's sshd, machine behind it)"""
    gate = make_sshd()
    with io.open(os.path.join(os.environ["HOME"], ".ssh", "config"), "w") as opened:
        opened.write(CONFIG.format(gate=gate))
    return gate, machine_of(machine_sshd, host="builder-1")


def test_a_jump_host_is_enrolled_on_the_way(behind_a_gate, machine_sshd, state):
    gate, machine = behind_a_gate
    person = Person()
    found = enroll.enroll(machine, state, confirm=person)
    assert found.fingerprint == machine_sshd.fingerprint
    assert [gate.fingerprint in text for text in person.shown] == [True, False]
    assert "on the way to builder-1" in person.shown[0]
    assert connects(machine, state)


def test_a_fingerprint_speaks_for_the_machine_alone(behind_a_gate, machine_sshd, state):
    gate, machine = behind_a_gate
    with pytest.raises(errors.HostKeyUnknown) as caught:
        enroll.enroll(machine, state, machine_sshd.fingerprint, Person())
    assert gate.fingerprint in caught.value.message and "ssh gate" in caught.value.remedy
    user_knows(state, gate.known_hosts_line.replace("127.0.0.1", "localhost"))
    enroll.enroll(machine, state, machine_sshd.fingerprint)
    assert connects(machine, state)
