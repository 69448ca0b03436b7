"""A command's channel over SSH: both its outputs read, its input sent, its end and its cut told apart.

In: a paramiko Channel of a started command, the SshTransport it belongs to. Out: base.Channel.
"""

from __future__ import absolute_import, print_function, unicode_literals

import socket
import threading

from controller import compat
from controller.transport import base
from controller.transport.library import paramiko

STALL_SECONDS = 180.0
"""How long a machine may take no input and give no output before sending to it is given up."""

SEND_TICK = 0.02
"""Seconds to wait for the machine to take input before looking whether it gave output."""

CHUNK = 256 * 1024
STDERR_KEPT = 256 * 1024


class Arrival(object):
    """Set when something came or ended; shared by a channel's two buffers, so never cleared by
    one of them.
    """

    def __init__(self):
        self._event = threading.Event()
        self.set = self._event.set
        self.wait = self._event.wait
        self.forget = self._event.clear

    def clear(self):
        """A buffer says that it is empty; the other one may not be."""


class SshChannel(base.Channel):
    """:param transport: SshTransport. :param channel: paramiko.Channel of a started command."""

    stderr_kept = STDERR_KEPT
    """Bytes; more is read, and dropped."""

    def __init__(self, transport, channel, arrival=None):
        super(SshChannel, self).__init__()
        self._transport = transport
        self._channel = channel
        self._errors = []
        self._errors_size = 0
        self._early = []  # stdout that came while we were sending
        self._arrival = arrival or Arrival()
        channel.in_buffer.set_event(self._arrival)
        channel.in_stderr_buffer.set_event(self._arrival)

    def send(self, data):
        view = memoryview(data)
        self._channel.settimeout(SEND_TICK)
        last = compat.monotonic()
        while len(view):
            if self._collect():
                last = compat.monotonic()
            sent = self._send_some(view)
            if sent is None:
                return
            if sent:
                view, last = view[sent:], compat.monotonic()
            elif compat.monotonic() - last > STALL_SECONDS:
                raise base.ReceiveTimeout(
                    "%s has read nothing for %d seconds" % (self._transport.name, STALL_SECONDS)
                )

    def _send_some(self, view):
        """Bytes sent, 0 when the machine takes none now, None when the command takes no more."""
        try:
            return self._channel.send(view[:CHUNK].tobytes()) or self._ended()
        except socket.timeout:
            return 0
        except EOFError:  # the connection takes nothing; who reads from it may see that later
            raise self._transport.cut()
        except (paramiko.SSHException, EnvironmentError):
            return self._ended()

    def _ended(self):
        self._check_cut()
        return None

    def send_beside(self, data):
        sent = 0
        self._channel.settimeout(STALL_SECONDS)
        while sent is not None and data:
            sent = self._send_some(memoryview(data))
            data = data[sent or 0 :]

    def send_eof(self):
        """Say that no more input comes.

        Under the channel's lock: paramiko's own shutdown_write lets go of it before it sends, and the answer to
        the machine's CLOSE may then go out first; sshd ends the whole connection for an EOF on a channel that
        is gone, and with it everybody else's channels. But without it while new keys are waited for: who reads
        them may want it first.
        """
        connection = self._channel.transport
        end = compat.monotonic() + connection.clear_to_send_timeout
        try:
            while not self._sent_eof(connection) and compat.monotonic() < end:
                connection.clear_to_send.wait(SEND_TICK)
        except (paramiko.SSHException, EOFError, EnvironmentError):
            self._check_cut()

    def _sent_eof(self, connection):
        """Whether that is said, or would reach nobody; not while new keys are agreed on."""
        with self._channel.lock, connection.clear_to_send_lock:
            if not connection.active or not connection.clear_to_send.is_set():
                return not connection.active
            message = self._channel._send_eof()
            if message is not None:
                connection._send_message(message)
            return True

    def stderr(self):
        self._collect_errors()
        return b"".join(self._errors)[:STDERR_KEPT]

    def exit_status(self, timeout):
        if not self._channel.status_event.wait(timeout):
            raise base.ReceiveTimeout(
                "the command on %s did not end within %g seconds" % (self._transport.name, timeout)
            )
        if self._channel.exit_status == -1:
            self._check_cut()
        return self._channel.exit_status

    def close(self):
        try:
            self._channel.close()
        except (paramiko.SSHException, EOFError, EnvironmentError):
            pass  # it is closed, then
        self._transport.freed()

    def _receive(self, timeout):
        end = compat.monotonic() + timeout
        while True:
            self._arrival.forget()
            self._collect_errors()
            if self._early:
                return self._early.pop(0)
            if self._channel.recv_ready():
                return self._take_in(self._channel.recv)
            if self._at_end():
                return self._last()
            if not self._arrival.wait(base.left(end)) and base.left(end) <= 0:
                raise base.ReceiveTimeout(
                    "no answer from %s within %g seconds" % (self._transport.name, timeout),
                    remedy="is the machine overloaded, or its disk?",
                )

    def _at_end(self):
        return self._channel.eof_received or self._channel.closed

    def _last(self):
        """What is left at the end: it may have come between the look and the end."""
        if self._channel.recv_ready():
            return self._take_in(self._channel.recv)
        if not self._channel.eof_received:
            self._check_cut()
        return b""

    def _collect(self):
        """Takes in what came while sending, so that the machine can go on reading."""
        came = self._collect_errors()
        while self._channel.recv_ready():
            self._early.append(self._take_in(self._channel.recv))
            came = True
        return came

    def _collect_errors(self):
        """Unread stderr would use up the window that it shares with stdout."""
        came = False
        while self._channel.recv_stderr_ready():
            data = self._take_in(self._channel.recv_stderr)
            came = True
            if self._errors_size < self.stderr_kept:
                self._errors.append(data)
                self._errors_size += len(data)
        return came

    def _take_in(self, receive):
        """What came; giving the machine room for more writes to the connection, which may be gone by now."""
        try:
            return receive(CHUNK)
        except (paramiko.SSHException, EOFError, EnvironmentError) as error:
            raise self._transport.lost("broke off", error)

    def _check_cut(self):
        """To be asked of a channel that ended in an unusual way."""
        if self._transport.went():
            raise self._transport.cut()
