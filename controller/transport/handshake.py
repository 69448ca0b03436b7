"""From a Destination to a login: the way there, the key exchange, the host key, the proof of who
we are.

Job: the steps in their order, for each host on the way; foreign errors become Tristan's here.
In: a Destination, Tristan's known_hosts. Out: paramiko Transports behind their login.

The host key is judged between key exchange and login: a host that is not the one that was pinned
learns no more than that somebody called.
"""

from __future__ import absolute_import, print_function, unicode_literals

import random
import re
import time

from controller import compat, errors
from controller.transport import dial, known_hosts
from controller.transport.library import paramiko
from controller.transport.login import Login

TRIES = 4
"""How often to call a host that hangs up at once: it may have too many callers (MaxStartups)."""

KEEPALIVE = 15
"""Seconds between signs of life on an idle connection; dial.py's limits end a dead one."""

WINDOW = 8 * 1024 * 1024
"""Bytes a machine may send before it hears from us: files come fast also where an answer takes 100 ms."""

OPENSSH = re.compile(r"OpenSSH_(\d+)\.(\d+)")
LEAST_OPENSSH = (7, 4)
RSA = ("rsa-sha2-512", "rsa-sha2-256", "ssh-rsa")
"""Signature algorithms of the key type ssh-rsa, best first."""


class Way(object):
    """The hosts to a machine, entered one after the other; each is the road to the next one.

    :param name: text, the machine's name in tristan.yml. :param own: path of Tristan's known_hosts.
    :param timeout: seconds for each step.
    """

    def __init__(self, name, own, timeout):
        self._name = name
        self._own = own
        self._timeout = timeout
        self._chain = []

    @property
    def last(self):
        """The paramiko Transport of the host entered last."""
        return self._chain[-1]

    def enter(self, destination, password=None):
        """Logs in on the next host, if it is the one that is known.

        :param password: secrets.SecretReference or None.
        """
        pins = self.pins(destination)
        transport = self._exchange_keys(destination, pins.key_types())
        self._chain.append(transport)  # so that it is closed whatever happens
        check_host_key(transport, destination, pins, self._name)
        transport.auth_timeout = self._timeout
        Login(transport, destination, password).run()
        transport.set_keepalive(KEEPALIVE)

    def host_key(self, destination, key_types=()):
        """The next host's key; nothing is said to it but what a key exchange needs.

        :param key_types: types to ask for first. :returns: (key type, bytes).
        """
        transport = self._exchange_keys(destination, key_types)
        try:
            key = transport.get_remote_server_key()
            return compat.ensure_text(key.get_name()), key.asbytes()
        finally:
            transport.close()

    def pins(self, destination):
        """:returns: known_hosts.Pins of a host."""
        return known_hosts.pins(
            destination.pin_name, destination.pin_port, self._own, destination.known_hosts
        )

    def close(self):
        for transport in reversed(self._chain):
            transport.close()

    def _exchange_keys(self, destination, key_types):
        jump = self._chain[-1] if self._chain else None
        for tries_left in reversed(range(TRIES)):
            attempt = Attempt(destination, jump, self._timeout)
            try:
                return attempt.exchange_keys(key_types)
            except Exception as error:  # paramiko's, the socket's, or a parser's over noise
                attempt.close()
                if not (tries_left and attempt.hung_up()):
                    raise failure(destination, attempt, error)
            time.sleep(random.uniform(0.1, 0.4) * (TRIES - tries_left))


class Attempt(object):
    """One call to a host."""

    def __init__(self, destination, jump, timeout):
        self.line = call(destination, jump, timeout)
        self._timeout = timeout
        self._started = compat.monotonic()
        self.transport = paramiko.Transport(self.line, default_window_size=WINDOW)
        self.transport.banner_timeout = self.transport.handshake_timeout = timeout

    def exchange_keys(self, key_types):
        prefer(self.transport, key_types)
        self.transport.start_client(timeout=self._timeout)
        self.transport.get_remote_server_key()  # start_client returns when its time is over, too
        return self.transport

    def hung_up(self):
        """Whether the host hung up on us at once, as it does when it has too many callers."""
        quick = compat.monotonic() - self._started < self._timeout / 2.0
        return quick and not self.line.first.startswith(b"SSH-")

    def close(self):
        self.transport.close()
        self.line.close()


def call(destination, jump, timeout):
    if jump is not None:
        return dial.through_jump(jump, destination, timeout)
    if destination.proxy_command:
        return dial.through_command(destination)
    return dial.straight(destination, timeout)


def prefer(transport, key_types):
    """Asks for the host key types that are pinned before all others."""
    options = transport.get_security_options()
    present = tuple(options.key_types)
    wanted = [
        algorithm
        for key_type in key_types
        for algorithm in (RSA if key_type == "ssh-rsa" else (key_type,))
        if algorithm in present
    ]
    options.key_types = tuple(wanted) + tuple(one for one in present if one not in wanted)


def failure(destination, attempt, error):
    """Why there is no connection: what answered, and what is the matter with it."""
    line = attempt.line
    where = "%s port %d" % (destination.host, destination.port)
    if isinstance(error, paramiko.ssh_exception.IncompatiblePeer):
        return incompatible(where, attempt.transport.remote_version, error)
    if line.complaint:
        return errors.MachineUnreachable(
            "the ProxyCommand to %s failed: %s" % (where, line.complaint),
            remedy="check it in ~/.ssh/config; `ssh %s` must work" % destination.label,
        )
    if line.first.startswith(b"SSH-"):
        return errors.MachineUnreachable(
            "the SSH key exchange with %s failed: %s" % (where, error),
            remedy="try again; the log of sshd there says more",
        )
    if line.first and not line.first.startswith((b"Exceeded", b"Not allowed")):
        said = line.first.split(b"\n")[0].decode("ascii", "replace").strip()
        return errors.MachineUnreachable(
            "what answers on %s is no SSH server: it says %.60r" % (where, str(said)),
            remedy="check host and port of the machine in tristan.yml",
        )
    return errors.MachineUnreachable(
        "%s takes calls, but no SSH server speaks there" % where,
        remedy="check the port; if sshd has too many callers (MaxStartups), try again",
    )


def incompatible(where, version, error):
    found = OPENSSH.search(version or "")
    old = bool(found) and tuple(int(part) for part in found.groups()) < LEAST_OPENSSH
    if old:
        message = "the sshd on %s is too old: %s" % (where, found.group())
    else:
        message = "the sshd on %s (%s) and Tristan have no common way: %s" % (
            where,
            version or "unknown",
            error,
        )
    return errors.MachineUnreachable(
        message,
        remedy="Tristan needs OpenSSH %d.%d or newer, with SHA-2 signatures: update it, or allow "
        "HostKeyAlgorithms rsa-sha2-256 or ssh-ed25519 in its sshd_config" % LEAST_OPENSSH,
        cause="incompatible_sshd",
    )


def check_host_key(transport, destination, pins, machine):
    """:raises errors.HostKeyUnknown, errors.HostKeyChanged: the host may be another one.

    :param machine: text, the machine's name in tristan.yml.
    """
    key = transport.get_remote_server_key()
    verdict = pins.verdict(key.asbytes())
    if verdict == "known":
        return
    where = "%s port %d" % (destination.host, destination.port)
    shown = "%s %s" % (key.get_name(), known_hosts.fingerprint(key.asbytes()))
    if verdict == "unknown":
        raise unknown(where, shown, pins, machine)
    if verdict == "revoked":
        place = pins.revocation(key.asbytes()).place
        raise errors.HostKeyChanged(
            "the host key of %s is revoked in %s: %s" % (where, place, shown),
            remedy="the machine needs a new host key; nothing was sent to it",
            cause="host_key_revoked",
        )
    raise changed(where, shown, pins, machine)


def unknown(where, shown, pins, machine):
    authority = " (a @cert-authority is known, which Tristan can't use)" if pins.authorities else ""
    return errors.HostKeyUnknown(
        "the host key of %s is not known%s: %s" % (where, authority, shown),
        remedy="compare it with the machine's own, then `tristan enroll %s`" % machine,
    )


def changed(where, shown, pins, machine):
    old = ", ".join(
        "%s %s (%s)" % (entry.key_type, known_hosts.fingerprint(entry.blob), entry.place)
        for entry in pins.deciding
    )
    return errors.HostKeyChanged(
        "the host key of %s has changed: it is %s, known was %s" % (where, shown, old),
        remedy="somebody may stand between; nothing was sent. If the machine was set up anew: "
        "`tristan enroll %s`" % machine,
    )
