"""Sockets to machines: straight, through a ProxyCommand, or through a channel of a jump host.

In: a Destination. Out: something with a socket's methods, or errors.MachineUnreachable.
"""

from __future__ import absolute_import, print_function, unicode_literals

import errno
import os
import socket
import subprocess
import tempfile

from controller import errors
from controller.transport.library import paramiko

KEEPALIVE_IDLE, KEEPALIVE_INTERVAL, KEEPALIVE_COUNT = 15, 5, 3
UNANSWERED_MILLISECONDS = 30000
"""A peer that acknowledges nothing for this long is gone; the kernel then ends the connection."""

OPTIONS = (
    ("TCP_NODELAY", 1),  # paramiko leaves Nagle's delay on: 45 ms a command instead of 3
    ("TCP_KEEPIDLE", KEEPALIVE_IDLE),
    ("TCP_KEEPINTVL", KEEPALIVE_INTERVAL),
    ("TCP_KEEPCNT", KEEPALIVE_COUNT),
    ("TCP_USER_TIMEOUT", UNANSWERED_MILLISECONDS),
)
NUMBERS = {"TCP_USER_TIMEOUT": 18}
"""Linux's number of what 2.7's socket module does not name."""

AT_ONCE = 256 * 1024
"""Most bytes that are asked of the kernel at once; paramiko asks for 16, then for the rest of a packet."""


class Line(object):
    """A socket, or a channel that acts as one, as paramiko uses it.

    `first` holds the first bytes that came, to tell later what answered when it was no SSH.
    """

    def __init__(self, carrier, close_too=None, complaints=None):
        self.first = b""
        self._complaints = complaints
        self._closed = False  # paramiko asks for this, as sockets of Python 3 have it
        self._carrier = carrier
        self._held = b""
        self._at = 0  # what of it was handed out
        self._close_too = close_too
        kind = getattr(carrier, "family", None)
        self._quick = kind in (socket.AF_INET, socket.AF_INET6) and hasattr(socket, "TCP_QUICKACK")

    @property
    def complaint(self):
        """What a ProxyCommand said on its stderr last, as text; "" for none."""
        if self._complaints is None:
            return ""
        self._complaints.seek(0)
        lines = self._complaints.read(4096).decode("utf-8", "replace").strip().splitlines()
        return lines[-1].strip() if lines else ""

    def recv(self, size):
        if self._at >= len(self._held):
            self._held, self._at = self._fetch(), 0
        data = self._held[self._at : self._at + size]
        self._at += len(data)
        return data

    def _fetch(self):
        data = self._carrier.recv(AT_ONCE)
        if len(self.first) < 80:
            self.first += data[:80]
        if self._quick:
            self._acknowledge_at_once()
        return data

    def _acknowledge_at_once(self):
        """The kernel forgets this wish after a while, so it is renewed behind each receive."""
        try:
            self._carrier.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
        except EnvironmentError:
            self._quick = False

    def send(self, data):
        return self._carrier.send(data)

    def settimeout(self, seconds):
        self._carrier.settimeout(seconds)

    def getpeername(self):
        return self._carrier.getpeername()

    def close(self):
        self._closed = True
        self._wake()
        self._carrier.close()
        if self._close_too is not None:
            close_too, self._close_too = self._close_too, None
            close_too()

    def _wake(self):
        """Who is waiting in recv() learns of an end at once; of a mere close only when its time is over."""
        try:
            self._carrier.shutdown(socket.SHUT_RDWR)
        except (paramiko.SSHException, EOFError, EnvironmentError):
            pass  # it has ended already


def straight(destination, timeout):
    """:param timeout: seconds. :returns: Line over TCP."""
    where = "%s port %d" % (destination.host, destination.port)
    last = None
    for family, address in addresses(destination):
        connection = socket.socket(family, socket.SOCK_STREAM)
        connection.settimeout(timeout)
        try:
            connection.connect(address)
        except EnvironmentError as error:
            connection.close()
            last = error
            continue
        tune(connection)
        return Line(connection)
    raise errors.MachineUnreachable(
        "no answer from %s: %s" % (where, reason(last, timeout)),
        remedy="is it on, is sshd running there, does a firewall stand between? "
        "`ssh -p %d %s` must work" % (destination.port, destination.host),
    )


def addresses(destination):
    """[(family, address)] of a host name."""
    try:
        found = socket.getaddrinfo(
            destination.host, destination.port, socket.AF_UNSPEC, socket.SOCK_STREAM
        )
    except (EnvironmentError, UnicodeError):
        raise errors.MachineUnreachable(
            "no address is known for the host %s" % destination.host,
            remedy="check host of the machine in tristan.yml, and the name service",
        )
    return [(one[0], one[4]) for one in found]


def reason(error, timeout):
    if isinstance(error, socket.timeout) or getattr(error, "errno", None) == errno.ETIMEDOUT:
        return "nothing within %g seconds" % timeout
    if getattr(error, "errno", None) == errno.ECONNREFUSED:
        return "nobody listens there"
    return getattr(error, "strerror", None) or "%s" % error


def tune(connection):
    """Send at once; notice a peer that is gone."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in OPTIONS:
        number = getattr(socket, name, NUMBERS.get(name))
        try:
            connection.setsockopt(socket.IPPROTO_TCP, number, value)
        except (EnvironmentError, TypeError):
            pass  # another system, which lacks it


def through_command(destination):
    """:returns: Line to a ProxyCommand's stdin and stdout."""
    ours, theirs = socket.socketpair()
    complaints = tempfile.TemporaryFile()
    try:
        process = subprocess.Popen(
            [b"/bin/sh", b"-c", b"exec " + destination.proxy_command.encode("utf-8")],
            stdin=theirs.fileno(),
            stdout=theirs.fileno(),
            stderr=complaints,
            close_fds=True,
            preexec_fn=os.setsid,  # Ctrl-C is for the operator's command, not for its connection
        )
    except EnvironmentError as error:
        raise errors.MachineUnreachable("/bin/sh can't be run: %s" % error)
    finally:
        theirs.close()
    return Line(ours, lambda: end(process), complaints)


def end(process):
    """A proxy ends when its stdin does; one that doesn't is told to."""
    if process.poll() is None:
        try:
            process.terminate()
        except EnvironmentError:
            pass
    process.wait()


def through_jump(jump, destination, timeout):
    """:param jump: the paramiko Transport of the host before. :returns: Line through it."""
    target = (destination.host, destination.port)
    try:
        channel = jump.open_channel("direct-tcpip", target, ("127.0.0.1", 0), timeout=timeout)
    except (paramiko.SSHException, EOFError, EnvironmentError) as error:
        raise errors.MachineUnreachable(
            "the jump host can't reach %s port %d: %s" % (target + (error,)),
            remedy="does its sshd allow forwarding (AllowTcpForwarding)? can it reach the machine?",
        )
    return Line(channel)
