"""Certificates that ssh-keygen makes, and such as nobody signed."""

from __future__ import absolute_import, print_function, unicode_literals

import base64
import random

import pytest

from controller.transport import certificates
from tests.lab import process


def blob_of(path):
    with open(path) as opened:
        return base64.b64decode(opened.read().split()[1])


@pytest.fixture
def make(operator):
    """Function (type of the authority's key, *options) -> (bytes of a host's certificate, of its authority)."""

    def certify(kind, *options):
        ca, key = operator.key("ca", "-t", kind), operator.key("host", "-t", "ed25519")
        process.output(
            ["ssh-keygen", "-q", "-s", ca, "-h", "-I", "me"] + list(options) + [key + ".pub"]
        )
        return blob_of(key + "-cert.pub"), blob_of(ca + ".pub")

    return certify


@pytest.mark.parametrize("kind", ["ed25519", "ecdsa", "rsa"])
def test_what_an_authority_of_each_kind_signed(make, kind):
    blob, authority = make(kind, "-n", "a.example.com,*.b.example.com", "-V", "-1d:+1d")
    found = certificates.parse(blob)
    assert (found.kind, found.key_id) == (certificates.HOST, "me")
    assert found.principals == ("a.example.com", "*.b.example.com")
    assert found.before - found.after == 2 * 86400
    assert found.authority == authority
    for name in ("a.example.com", "A.Example.com", "x.b.example.com"):
        assert certificates.host_trouble(found, name, [authority]) == ""
    assert certificates.host_trouble(found, "b.example.com", [authority])
    assert "not known" in certificates.host_trouble(found, "a.example.com", [])


def test_a_signature_with_sha1_is_none(make):
    blob, authority = make("rsa", "-t", "ssh-rsa", "-n", "a")
    found = certificates.parse(blob)
    assert "wrong signature" in certificates.host_trouble(found, "a", [authority])


def test_one_for_ever(make):
    blob, authority = make("ed25519", "-n", "a")
    assert certificates.parse(blob).before == certificates.FOREVER
    assert certificates.time_trouble(certificates.parse(blob)) == ""


def test_conditions_that_are_not_known(make):
    blob, authority = make("ed25519", "-n", "a", "-O", "critical:moon=full")
    assert "conditions" in certificates.host_trouble(certificates.parse(blob), "a", [authority])


def test_no_changed_byte_is_believed(make):
    """Whatever is changed, it is refused or can't be read."""
    blob, authority = make("ed25519", "-n", "a")
    for _ in range(300):
        place = random.randrange(len(blob))
        changed = bytearray(blob)
        changed[place] ^= 1 << random.randrange(8)
        try:
            trouble = certificates.host_trouble(
                certificates.parse(bytes(changed)), "a", [authority]
            )
        except Exception:  # each parser has errors of its own, and the handshake takes all of them
            continue
        assert trouble, "changed at %d" % place


def test_names_that_nobody_signed_are_not_looked_at(make, monkeypatch):
    """Such as one that takes a day to match; what is refused is the signature, whatever else is wrong."""
    blob, authority = make("ed25519", "-n", "a")
    slow = certificates.packed(b"*a" * 30 + b"b")
    changed = blob.replace(
        certificates.packed(certificates.packed(b"a")), certificates.packed(slow)
    )
    found = certificates.parse(changed)
    assert found.principals == ("*a" * 30 + "b",)
    monkeypatch.setattr(certificates, "fnmatch", None)
    assert "wrong signature" in certificates.host_trouble(found, "a" * 60, [authority])


@pytest.mark.parametrize("data", [b"\0\0\0\x02a", b"\0\0\0", b"\0\x0f\xff\xffa", b"\xff" * 5])
def test_a_name_that_is_cut_is_none(make, data):
    """paramiko reads it with zeros behind it, up to a megabyte: a pattern that took minutes."""
    blob, _ = make("ed25519", "-n", "a")
    good = certificates.packed(b"a")
    for names in (data, good + data):
        changed = blob.replace(certificates.packed(good), certificates.packed(names))
        assert changed != blob
        with pytest.raises(ValueError):
            certificates.parse(changed)


def test_what_is_no_certificate(operator):
    blob = blob_of(operator.key("key", "-t", "ed25519") + ".pub")
    for one in (blob, b"", b"\0\0\0\1x"):
        with pytest.raises(ValueError):
            certificates.parse(one)
