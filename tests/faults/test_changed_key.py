"""A machine that has another host key than the one that is pinned: nothing is said to it but a key exchange.

What it was sent is recorded on the way there. Up to NEWKEYS the packets of SSH are in the clear, so they can be
read; behind it everything is encrypted, so nothing may stand there at all.
"""

from __future__ import absolute_import, print_function, unicode_literals

import io
import os
import struct

import pytest

from tests.faults import aftermath, rows
from tests.faults.place import Place
from tests.lab import process
from tests.lab.relay import Relay

KEXINIT, NEWKEYS = 20, 21
KEY_EXCHANGE = range(30, 50)
"""Numbers of messages, see RFC 4250, 4.1.2."""


@pytest.fixture
def place(engine, executor_python):
    made = Place(engine, executor_python, {"LogLevel": "DEBUG2"})
    yield made
    made.stop()


@pytest.fixture
def relay(place):
    """What stands between; the machine's pins are those of the relay's port from now on."""
    with Relay(place.sshd.port) as made:
        place.configure(port=int(made.address.rpartition(":")[2]))
        place.enroll()
        yield made


def packets(data):
    """Numbers of the messages in what a client sent in the clear, and the bytes behind NEWKEYS."""
    rest, found = bytes(data).partition(b"\n")[2], []
    while rest and NEWKEYS not in found:
        (length,) = struct.unpack(">I", rest[:4])
        found.append(struct.unpack(">B", rest[5:6])[0])
        rest = rest[4 + length :]
    return found, rest


def is_silent(data):
    """Whether a client sent its version and its part of a key exchange, and nothing else."""
    numbers, encrypted = packets(data)
    return (
        numbers[0] == KEXINIT
        and all(one in KEY_EXCHANGE for one in numbers[1:] if one != NEWKEYS)
        and not encrypted
    )


def is_untouched(sshd):
    with io.open(sshd.log, encoding="utf-8", errors="replace") as log:
        return "userauth" not in log.read()


@rows.fault(9)
def test_a_build_sends_nothing_to_a_machine_with_another_key(place, relay, injections):
    ran = place.script("true", "--json")
    ran.communicate()
    assert ran.returncode == 0
    assert not all(is_silent(one) for one in relay.heard), "a login is something to be seen"
    for _ in range(injections.count(2, 10)):
        place.sshd.replace_host_key()
        io.open(place.sshd.log, "w").close()
        del relay.heard[:]
        for words in (
            ("build", "script", "--branch", "main"),
            ("status",),
            ("doctor", "builder-1"),
        ):
            with injections.measured():
                refused = place.run(*words)
            assert refused.code in (1, 3), refused
            said = refused.err + refused.out
            assert "has changed" in said and place.sshd.fingerprint in said
            assert "Traceback" not in said
        assert len(relay.heard) >= 3
        assert all(is_silent(one) for one in relay.heard), [packets(one) for one in relay.heard]
        assert is_untouched(place.sshd)


@rows.fault(9)
def test_who_watches_when_the_key_changes_is_refused_and_the_build_goes_on(
    place, relay, injections
):
    go = os.path.join(place.home, "go")
    os.chmod(place.home, 0o755)
    child = place.script('echo begun; until [ -e "%s" ]; do sleep 0.1; done' % go)
    for line in iter(child.stdout.readline, b""):
        if b"begun" in line:
            break
    with injections.measured():
        del relay.heard[:]
        place.sshd.replace_host_key()
        out, err = child.communicate()
        assert child.returncode == 3, err
    assert b"has changed" in err
    assert relay.heard and all(is_silent(one) for one in relay.heard)
    place.enroll()
    io.open(go, "w").close()
    status = place.json("status", "--limit", "1")[0]
    process.wait_until(
        lambda: place.json("status", status["build_id"])["state"] == "success", 60, "its end"
    )
    aftermath.check(place, place.json("status", status["build_id"]))
