"""Key files of every kind that ssh-keygen makes, looked at and loaded."""

from __future__ import absolute_import, print_function, unicode_literals

import base64
import os

import pytest

from controller import errors
from controller.transport import keys
from tests.lab import process

KINDS = [
    ("ed25519", ["-t", "ed25519"]),
    ("ecdsa", ["-t", "ecdsa", "-b", "384"]),
    ("rsa", ["-t", "rsa", "-b", "2048"]),
    ("rsa", ["-t", "rsa", "-b", "2048", "-m", "PEM"]),
    ("ecdsa", ["-t", "ecdsa", "-m", "PEM"]),
]


def public(path):
    with open(path + ".pub") as opened:
        return base64.b64decode(opened.read().split()[1])


@pytest.mark.parametrize("kind, options", KINDS)
def test_a_key_is_seen_and_loaded(operator, kind, options):
    path = operator.key("key", *options)
    found = keys.look(path)
    assert (found.kind, found.encrypted, found.trouble) == (kind, False, "")
    assert found.public == public(path)
    assert keys.load(found).asbytes() == public(path)


@pytest.mark.parametrize("kind, options", KINDS)
def test_an_encrypted_key_is_seen_without_its_passphrase(operator, kind, options):
    path = operator.key("key", "-N", "secret", *options)
    found = keys.look(path)
    assert (found.encrypted, found.trouble) == (True, "needs a passphrase")
    assert found.public == public(path)
    with pytest.raises(keys.Unusable) as caught:
        keys.load(found)
    assert "passphrase" in caught.value.reason


def test_a_key_is_loaded_once(operator):
    found = keys.look(operator.key("key", "-t", "ed25519"))
    first = keys.load(found)
    assert keys.load(found) is first
    os.utime(found.path, (1, 1))  # another key may stand there now
    assert keys.load(found) is not first


def test_a_public_key_alone_stands_for_the_agents(operator):
    path = operator.key("key", "-t", "ed25519")
    blob = public(path)
    os.remove(path)
    for name in (path, path + ".pub"):
        found = keys.look(name)
        assert found.public == blob and "agent" in found.trouble


@pytest.mark.parametrize(
    "text, word",
    [
        ("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "ssh-keygen -p"),
        ("-----BEGIN DSA PRIVATE KEY-----\nAAAA\n-----END DSA PRIVATE KEY-----\n", "DSA"),
        ("PuTTY-User-Key-File-3: ssh-ed25519\n", "puttygen"),
        ("-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n", "damaged"),
        ("-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAA\n", "damaged"),
        ("hello\n", "no private key"),
        ("", "no private key"),
    ],
)  # fmt: skip
def test_what_can_not_be_used_is_told_with_what_to_do(operator, text, word):
    found = keys.look(operator.write("key", text))
    assert word in found.trouble
    with pytest.raises(keys.Unusable):
        keys.load(found)


def test_a_torn_key_is_unusable_not_a_crash(operator):
    path = operator.key("key", "-t", "rsa", "-b", "2048", "-m", "PEM")
    with open(path) as opened:
        lines = opened.read().splitlines(True)
    found = keys.look(operator.write("torn", "".join(lines[:5] + lines[-1:])))
    with pytest.raises(keys.Unusable) as caught:
        keys.load(found)
    assert "can't be read" in caught.value.reason


def test_a_key_that_everyone_can_read_is_refused(operator):
    path = operator.key("key", "-t", "ed25519")
    os.chmod(path, 0o644)
    with pytest.raises(errors.SecretUnavailable) as caught:
        keys.look(path)
    assert "chmod 600" in caught.value.remedy


def test_a_missing_key_is_told(operator):
    with pytest.raises(errors.SecretUnavailable):
        keys.look(os.path.join(operator.home, "missing"))


def certify(operator, name):
    """A certificate for the key `name`. :returns: the key's path."""
    ca, key = [operator.key(one, "-t", "ed25519") for one in ("ca-of-" + name, name)]
    process.output(["ssh-keygen", "-q", "-s", ca, "-I", "id", "-n", "builder", key + ".pub"])
    return key


def test_a_certificate_beside_the_key_is_taken(operator):
    loaded = keys.load(keys.look(certify(operator, "key")))
    assert loaded.public_blob.key_type == "ssh-ed25519-cert-v01@openssh.com"


def test_a_certificate_of_another_key_is_told(operator):
    key = keys.look(operator.key("key", "-t", "ed25519"))
    other = certify(operator, "other") + "-cert.pub"
    with pytest.raises(keys.Unusable) as caught:
        keys.load(key, other)
    assert "does not go with its certificate" in caught.value.reason


def test_a_certificate_that_is_none_is_told(operator):
    key = keys.look(operator.key("key", "-t", "ed25519"))
    for text in ("", "noise", "ssh-ed25519-cert-v01@openssh.com AAAA", "x y"):
        with pytest.raises(keys.Unusable) as caught:
            keys.load(key, operator.write("certificate%d" % len(text), text))
        assert "certificate" in caught.value.reason
