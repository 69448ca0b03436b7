"""Certificates of OpenSSH: who signed which key, for whom, for how long.

In: a certificate's bytes, see PROTOCOL.certkeys of OpenSSH. Out: its fields; why it is not to be believed.
"""

from __future__ import absolute_import, print_function, unicode_literals

import collections
import fnmatch
import struct
import time

from controller.compat import ensure_text
from controller.transport.library import paramiko

SUFFIX = "-cert-v01@openssh.com"
USER, HOST = 1, 2
FOREVER = 0xFFFFFFFFFFFFFFFF

KEY_FIELDS = {"ssh-ed25519": 1, "ssh-rsa": 2}
ECDSA_FIELDS = 2
"""How many strings a public key is made of, behind its type."""

SIGNATURES = (
    "ssh-ed25519",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
    "rsa-sha2-256",
    "rsa-sha2-512",
)
"""Of authorities; what rests on SHA-1 is none."""

Certificate = collections.namedtuple(
    "Certificate", "kind key_id principals after before critical authority signed signature"
)
"""`kind`: USER or HOST; `principals`: tuple of text; `after`, `before`: int, seconds since the epoch; `critical`,
`authority`, `signed`, `signature`: bytes, options that must be understood, the public key of who signed, what was
signed, and how."""


def parse(blob):
    """:param blob: bytes. :returns: Certificate. :raises ValueError: it is none."""
    message = paramiko.Message(blob)
    key_type = message.get_text()
    if not key_type.endswith(SUFFIX):
        raise ValueError("it is of type %s" % key_type)
    message.get_binary()  # nonce
    for _ in range(KEY_FIELDS.get(key_type[: -len(SUFFIX)], ECDSA_FIELDS)):
        message.get_binary()
    message.get_int64()  # serial number
    kind, key_id = message.get_int(), ensure_text(message.get_binary(), errors="replace")
    principals = message.get_binary()
    after, before = message.get_int64(), message.get_int64()
    critical, _, _ = [message.get_binary() for _ in range(3)]
    authority = message.get_binary()
    signed, signature = message.get_so_far(), message.get_binary()
    if blob != signed + packed(signature):
        raise ValueError("it is cut")
    names = tuple(ensure_text(one, errors="replace") for one in strings(principals))
    return Certificate(kind, key_id, names, after, before, critical, authority, signed, signature)


def packed(*texts):
    """Strings of SSH's wire format; paramiko reads what is too short as if zeros stood there."""
    return b"".join(struct.pack(">I", len(one)) + one for one in texts)


def strings(data):
    """The reverse. :param data: bytes. :returns: list of bytes. :raises ValueError: the last one is cut."""
    found, place = [], 0
    while place < len(data):
        head = data[place : place + 4]
        end = place + 4 + (struct.unpack(">I", head)[0] if len(head) == 4 else 0)
        if end > len(data):
            raise ValueError("it is cut")
        found.append(data[place + 4 : end])
        place = end
    return found


def time_trouble(certificate):
    """Why a certificate is not good at this time, "" when it is."""
    now = time.time()
    if now < certificate.after:
        return "is not valid before %s" % day(certificate.after)
    if certificate.before != FOREVER and now >= certificate.before:
        return "has expired on %s" % day(certificate.before)
    return ""


def day(seconds):
    return time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(seconds))


def host_trouble(certificate, name, authorities):
    """Why a host's certificate is not to be believed, "" when it is.

    :param name: text, what the host is called. :param authorities: public keys (bytes) that may sign.
    """
    if certificate.authority not in authorities:
        return "is signed by an authority that is not known"
    # Before anything of it is taken up: a name that anybody wrote may be a pattern that takes minutes to match.
    if not is_signed(certificate):
        return "has a wrong signature"
    if certificate.kind != HOST:
        return "is no host's"
    if not any(fnmatch.fnmatchcase(name.lower(), one.lower()) for one in certificate.principals):
        return "is for %s" % (", ".join(certificate.principals) or "no host by name")
    if certificate.critical:
        return "has conditions that are not known here"
    return time_trouble(certificate)


def is_signed(certificate):
    """Whether its authority did sign it."""
    message = paramiko.Message(certificate.signature)
    name, proof = message.get_binary(), message.get_binary()
    if ensure_text(name) not in SIGNATURES or packed(name, proof) != certificate.signature:
        return False
    kind = paramiko.Message(certificate.authority).get_text()
    classes = (("ssh-rsa", paramiko.RSAKey), ("ssh-ed25519", paramiko.Ed25519Key))
    key = dict(classes).get(kind, paramiko.ECDSAKey)(data=certificate.authority)
    return bool(key.verify_ssh_sig(certificate.signed, paramiko.Message(certificate.signature)))
