"""From a Destination to a login: the way there, the key exchange, the host key, the proof of who
we are.

Job: the steps in their order, for each host on the way; foreign errors become Tristan's here.
In: a Destination, Tristan's known_hosts. Out: paramiko Transports behind their login.

The host key is judged between key exchange and login: a host that is not the one that was pinned
learns no more than that somebody called.
"""

from __future__ import absolute_import, print_function, unicode_literals

import random
import threading
import time

from controller import compat, errors
from controller.transport import certificates, dial, failures, known_hosts
from controller.transport.library import paramiko
from controller.transport.login import Login

CROWDED_SECONDS, SILENT_SECONDS, COMPLAINT_SECONDS = 60.0, 10.0, 2.0
"""How long to go on calling a host that hangs up at once: one that says it has too many callers (MaxStartups); one
that says nothing, as older sshd do then, but others do always; one whose ProxyCommand complains."""

PAUSE_FIRST, PAUSE_MOST = 0.2, 3.0
"""The longest pause behind the first call and behind later ones; each is a random part of it, or all would call again
at once."""

KEEPALIVE = 15
"""Seconds between signs of life on an idle connection; dial.py's limits end a dead one."""

LONGEST_WAIT = 5.0
"""Seconds for which paramiko's thread of an idle connection sleeps; by itself it wakes up ten times a second, which
fifty watched machines make felt. Bytes, and the connection's end, wake it at once."""

WINDOW = 8 * 1024 * 1024
"""Bytes a machine may send before it hears from us: files come fast also where an answer takes 100 ms."""

FASTEST = ("aes128-gcm@openssh.com", "aes256-gcm@openssh.com")
"""Ciphers that tell by themselves whether a packet was changed: without an HMAC of each, either side works half as
long. The paramiko of 2.7 has none of them."""

RSA = ("rsa-sha2-512", "rsa-sha2-256")
"""Signature algorithms of the key type ssh-rsa, best first."""

CERTIFIED = tuple(name + certificates.SUFFIX for name in certificates.SIGNATURES)
"""Host key algorithms with a certificate."""

DISABLED = {
    "keys": ["ssh-rsa", "ssh-dss"],
    "pubkeys": ["ssh-rsa", "ssh-dss"],
    "kex": [
        "diffie-hellman-group-exchange-sha1",
        "diffie-hellman-group14-sha1",
        "diffie-hellman-group1-sha1",
    ],
}
"""What rests on SHA-1. The paramiko of Python 3 knows none of it any more; that of 2.7 does."""


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
        wanted = CERTIFIED if pins.trusted_authorities() else pins.key_types()
        transport = self._exchange_keys(destination, wanted)
        self._chain.append(transport)  # so that it is closed whatever happens
        check_host_key(transport, destination, pins, self._name)
        transport.auth_timeout = self._timeout
        Login(transport, destination, password).run()
        transport.set_keepalive(KEEPALIVE)
        transport.sock.settimeout(LONGEST_WAIT)

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
        began, longest = compat.monotonic(), PAUSE_FIRST
        while True:
            attempt = Attempt(destination, jump, self._timeout)
            try:
                return attempt.exchange_keys(key_types)
            except Exception as error:  # paramiko's, the socket's, or a parser's over noise
                attempt.close()
                if compat.monotonic() - began >= attempt.patience():
                    raise failures.of_call(destination, attempt, error)
            time.sleep(random.uniform(0, longest))
            longest = min(longest * 2, PAUSE_MOST)


class Connection(paramiko.Transport):
    """paramiko's thread, which reads, waits for new keys before it answers the end of a command; but where they were
    asked for just before, it is the one that has to read them: it would wait half a minute, and cut the connection.
    """

    def __init__(self, *arguments, **named):
        self._answers = []
        super(Connection, self).__init__(*arguments, **named)

    def _send_user_message(self, data):
        if threading.current_thread() is self and not self.clear_to_send.is_set():
            self._answers.append(data)
        else:
            super(Connection, self)._send_user_message(data)

    def _activate_inbound(self):
        """The new keys are here; ours were sent before."""
        super(Connection, self)._activate_inbound()
        with self.clear_to_send_lock:  # before all that others wait to send
            while self._answers:
                self._send_message(self._answers.pop(0))


class Attempt(object):
    """One call to a host."""

    def __init__(self, destination, jump, timeout):
        self.line = call(destination, jump, timeout)
        self._timeout = timeout
        self._started = compat.monotonic()
        self.transport = Connection(
            self.line, default_window_size=WINDOW, disabled_algorithms=DISABLED
        )
        self.transport.banner_timeout = self.transport.handshake_timeout = timeout

    def exchange_keys(self, key_types):
        prefer(self.transport, key_types)
        self.transport.start_client(timeout=self._timeout)
        self.transport.get_remote_server_key()  # start_client returns when its time is over, too
        return self.transport

    def patience(self):
        """Seconds worth calling again for: the host hung up on us, as it does when it has too many callers."""
        first = self.line.first
        if first.startswith(failures.CROWDED):
            return CROWDED_SECONDS
        if first or compat.monotonic() - self._started > self._timeout / 2.0:
            return 0
        return COMPLAINT_SECONDS if self.line.complaint else SILENT_SECONDS

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
    """Asks for the host key types that are pinned, or certified ones, and the fastest ciphers, before all others."""
    options = transport.get_security_options()
    ciphers = tuple(options.ciphers)
    fastest = tuple(one for one in FASTEST if one in ciphers)
    options.ciphers = fastest + tuple(one for one in ciphers if one not in fastest)
    present = tuple(options.key_types)
    wanted = [
        algorithm
        for key_type in key_types
        for algorithm in (RSA if key_type == "ssh-rsa" else (key_type,))
        if algorithm in present + CERTIFIED
    ]
    options.key_types = tuple(wanted) + tuple(one for one in present if one not in wanted)


def check_host_key(transport, destination, pins, machine):
    """:raises errors.HostKeyUnknown, errors.HostKeyChanged: the host may be another one.

    :param machine: text, the machine's name in tristan.yml.
    """
    key = transport.get_remote_server_key()
    verdict = pins.verdict(key.asbytes())
    if verdict == "known":
        return
    trouble = certificate_trouble(key, destination, pins)
    if verdict == "unknown" and trouble == "":
        return
    where = "%s port %d" % (destination.host, destination.port)
    shown = "%s %s" % (key.get_name(), known_hosts.fingerprint(key.asbytes()))
    if verdict == "unknown":
        raise failures.unknown_key(where, shown, trouble, machine)
    if verdict == "revoked":
        place = pins.revocation(key.asbytes()).place
        raise errors.HostKeyChanged(
            "the host key of %s is revoked in %s: %s" % (where, place, shown),
            remedy="the machine needs a new host key; nothing was sent to it",
            cause="host_key_revoked",
        )
    raise failures.changed_key(where, shown, pins, machine)


def certificate_trouble(key, destination, pins):
    """Why a host key is not known by a certificate, "" when it is, None when no authority is known."""
    authorities = pins.trusted_authorities()
    if not authorities:
        return None
    if getattr(key, "public_blob", None) is None:
        return "is missing"
    try:
        certificate = certificates.parse(key.public_blob.key_blob)
        return certificates.host_trouble(certificate, destination.pin_name, authorities)
    except Exception as error:  # each parser has errors of its own
        return "can't be read: %s" % error
