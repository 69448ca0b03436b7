"""Pins a machine's host key: shown to a person, or compared with the fingerprint a script brings.

In: a settings Machine, the State, a fingerprint or a function that asks. Out: Enrolled, the pin in
    Tristan's own known_hosts.

Nothing is sent to a host whose key is not pinned but a key exchange. Jump hosts are enrolled on the
way.
"""

from __future__ import absolute_import, print_function, unicode_literals

import collections
import re

from . import errors

Enrolled = collections.namedtuple("Enrolled", "fingerprint key_type already")
"""`already`: bool, whether Tristan knew this very key before."""

FINGERPRINT = re.compile(r"^SHA256:[A-Za-z0-9+/]{43}=?$")
FAMILIES = (
    ("ssh-ed25519",),
    ("ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521"),
    ("ssh-rsa",),
)
"""Kinds of host keys; a host may have one of each, and a fingerprint may be any one's."""

READ_IT = "read it on the machine itself: ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub"


def enroll(machine, state, fingerprint=None, confirm=None):
    """Pins the key that a machine shows.

    :param fingerprint: text SHA256:..., which the key must have; nobody is asked then.
    :param confirm: function(*texts) -> bool, shown what the key is and what was known before.
    :returns: Enrolled.
    :raises errors.HostKeyUnknown: nobody confirmed the key.
    :raises errors.HostKeyChanged: the key has another fingerprint, or is revoked.
    """
    from .transport import TIMEOUT, handshake, ssh_config

    if fingerprint is not None and not FINGERPRINT.match(fingerprint):
        raise errors.UsageError(
            "%s is no fingerprint of the form SHA256:..." % fingerprint, READ_IT
        )
    destination = ssh_config.resolve(machine)
    way = handshake.Way(machine.name, state.known_hosts, TIMEOUT)
    try:
        for hop in destination.via:
            Enrolment(machine, state, way, hop).by_person(fingerprint is None and confirm)
            way.enter(hop)
        enrolment = Enrolment(machine, state, way, destination)
        if fingerprint is not None:
            return enrolment.by_fingerprint(fingerprint.rstrip("="))
        return enrolment.by_person(confirm)
    finally:
        way.close()


class Enrolment(object):
    """The enrolment of one host: a machine, or a jump host on the way to it."""

    def __init__(self, machine, state, way, destination):
        self._machine = machine
        self._state = state
        self._way = way
        self._destination = destination
        self._pins = way.pins(destination)
        self._where = "%s port %d" % (destination.host, destination.port)

    def by_fingerprint(self, wanted):
        """Pins the one of the host's keys that has the fingerprint."""
        shown = []
        for family in FAMILIES:
            key_type, blob = self._way.host_key(self._destination, family)
            text = described(key_type, blob)
            if text.endswith(" " + wanted):
                return self._pin(key_type, blob)
            if text not in shown:
                shown.append(text)
        raise errors.HostKeyChanged(
            "%s has no key with the fingerprint %s; it shows %s"
            % (self._where, wanted, ", ".join(shown)),
            remedy="nothing was pinned; " + READ_IT,
            cause="fingerprint_mismatch",
        )

    def by_person(self, confirm):
        """Pins the host's key, if it is known already or somebody says that it is the right one.

        :param confirm: function(*texts) -> bool; something false when there is nobody to ask.
        """
        key_type, blob = self._way.host_key(self._destination, self._pins.key_types())
        if self._pins.verdict(blob) != "known":
            if not confirm:
                raise self._unconfirmed(key_type, blob, "nobody was asked")
            self._refuse_revoked(blob)
            if not confirm(*self._texts(key_type, blob)):
                raise self._unconfirmed(key_type, blob, "it was not confirmed")
        return self._pin(key_type, blob)

    def _texts(self, key_type, blob):
        """What a person needs to judge the key."""
        texts = ["%s is %s" % (self._machine.name, self._where)]
        if self._where_is_jump():
            texts = ["%s is on the way to %s" % (self._where, self._machine.name)]
        for entry in self._pins.deciding:
            old = described(entry.key_type, entry.blob)
            texts.append("known until now: %s (%s)" % (old, entry.place))
        texts.append("it shows:        %s" % described(key_type, blob))
        if self._pins.deciding:
            texts.insert(1, "ITS KEY HAS CHANGED: a machine set up anew, or somebody in between?")
        return texts

    def _where_is_jump(self):
        return self._destination.label != self._machine.host

    def _pin(self, key_type, blob):
        from .transport import known_hosts

        self._refuse_revoked(blob)
        already = any(entry.blob == blob for entry in self._pins.own)
        if not already or len(self._pins.own) > 1:
            name, port = self._destination.pin_name, self._destination.pin_port
            known_hosts.pin(self._state.known_hosts, name, port, key_type, blob)
        return Enrolled(known_hosts.fingerprint(blob), key_type, already)

    def _refuse_revoked(self, blob):
        entry = self._pins.revocation(blob)
        if entry is not None:
            raise errors.HostKeyChanged(
                "the host key of %s is revoked in %s" % (self._where, entry.place),
                remedy="the machine needs a new host key; nothing was pinned",
                cause="host_key_revoked",
            )

    def _unconfirmed(self, key_type, blob, why):
        remedy = "tristan enroll %s --fingerprint SHA256:..." % self._machine.name
        if self._where_is_jump():
            remedy = "enroll the jump host: `tristan enroll %s` at a terminal, or `ssh %s` once" % (
                self._machine.name,
                self._destination.label,
            )
        return errors.HostKeyUnknown(
            "the host key of %s is not pinned: %s; it shows %s"
            % (self._where, why, described(key_type, blob)),
            remedy=remedy,
            cause="not_confirmed",
        )


def described(key_type, blob):
    from .transport import known_hosts

    return "%s %s" % (key_type, known_hosts.fingerprint(blob))
