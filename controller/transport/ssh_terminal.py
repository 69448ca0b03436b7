"""A command that a person talks to, over SSH: on a terminal of the machine's, or on pipes.

In: a paramiko Channel of a started command, the SshTransport it belongs to. Out: base.Terminal.

One thread reads and writes, so that what was typed and what came stay in order; it can wait for the channel and for
the keyboard in one ``select``.
"""

from __future__ import absolute_import, print_function, unicode_literals

import errno
import fcntl
import os
import threading

from controller.transport import base
from controller.transport.library import paramiko
from controller.transport.ssh_channel import Arrival, SshChannel


class Bell(Arrival):
    """An Arrival that can be waited for by its descriptor."""

    def __init__(self):
        super(Bell, self).__init__()
        self.descriptor, self._writing = os.pipe()
        for end in (self.descriptor, self._writing):
            fcntl.fcntl(end, fcntl.F_SETFD, fcntl.FD_CLOEXEC)
            fcntl.fcntl(end, fcntl.F_SETFL, os.O_NONBLOCK)
        self._lock = threading.Lock()
        self._is_open = True
        self._set_event, self.set = self.set, self._ring

    def _ring(self):
        """Called by paramiko's thread, too, and that even when nobody listens any more."""
        self._set_event()
        with self._lock:
            if self._is_open:
                quietly(os.write, self._writing, b"!")

    def drain(self):
        while quietly(os.read, self.descriptor, 4096):
            pass

    def close(self):
        with self._lock:
            if self._is_open:
                self._is_open = False
                os.close(self.descriptor)
                os.close(self._writing)


def quietly(call, *arguments):
    """:returns: what a call on a descriptor gives, None where it would have to wait."""
    try:
        return call(*arguments)
    except EnvironmentError as error:
        if error.errno != errno.EAGAIN:
            raise
        return None


class SshTerminal(SshChannel, base.Terminal):
    """:param transport: SshTransport. :param channel: paramiko.Channel of a started command."""

    stderr_kept = float("inf")

    def __init__(self, transport, channel):
        super(SshTerminal, self).__init__(transport, channel, Bell())
        self._arrival.set()  # what came before somebody listened

    def fileno(self):
        return self._arrival.descriptor

    def take(self):
        self._arrival.drain()
        ended = self._at_end()  # asked first: what comes between the two is taken
        self._collect()
        out, err = b"".join(self._early), b"".join(self._errors)
        self._early, self._errors, self._errors_size = [], [], 0
        if ended and (out or err):
            self._arrival.set()  # to be told of the end, or of a cut, next
            return out, err, False
        if ended and not self._channel.eof_received:
            self._check_cut()
        return out, err, ended

    def resize(self, columns, rows):
        try:
            self._channel.resize_pty(width=columns, height=rows)
        except (paramiko.SSHException, EOFError, EnvironmentError):
            self._check_cut()

    def close(self):
        super(SshTerminal, self).close()
        self._arrival.close()
