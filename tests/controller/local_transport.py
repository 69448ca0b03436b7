"""The transport's contract without SSH: every command is a child of `sh` on this host.

A real part, and quick: the commands, the quoting, the scripts and the executor are the real ones.
Cuts are
real too: a cut channel's child loses its pipes, as under sshd.
"""

from __future__ import absolute_import, print_function, unicode_literals

import errno
import os
import select
import subprocess
import tempfile
import time

from controller import compat, errors
from controller.transport import Channel, ReceiveTimeout, Transport


class LocalTransport(Transport):
    """:param cut_after: for each channel opened, bytes to receive before it is cut; None for never.
    :param cut_sending: the same for bytes sent.
    """

    name = "this host"

    def __init__(self, cut_after=(), cut_sending=()):
        self.commands = []
        self.sent = []
        self._cut_after = list(cut_after)
        self._cut_sending = list(cut_sending)
        self.channels = []

    def open(self, command):
        self.commands.append(command)
        cut_after = self._cut_after.pop(0) if self._cut_after else None
        cut_sending = self._cut_sending.pop(0) if self._cut_sending else None
        self.channels.append(LocalChannel(self, command, cut_after, cut_sending))
        return self.channels[-1]

    def close(self):
        for channel in self.channels:
            channel.close()

    def alive(self):
        return True


class LocalChannel(Channel):
    """One child."""

    def __init__(self, transport, command, cut_after, cut_sending):
        super(LocalChannel, self).__init__()
        self._transport = transport
        self._cut_after = cut_after
        self._cut_sending = cut_sending
        self._errors = tempfile.TemporaryFile()
        self._process = subprocess.Popen(
            ["sh", "-c", command.encode("utf-8")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            close_fds=True,
            bufsize=0,
        )
        self.closed = False

    def send(self, data):
        if self.closed:
            raise errors.ConnectionLost("cut before sending")
        if self._cut_sending is not None:
            self._cut_sending -= len(data)
            if self._cut_sending < 0:
                self.close()
                raise errors.ConnectionLost("cut while sending")
        self._transport.sent.append(data)
        try:
            while data:
                data = data[os.write(self._process.stdin.fileno(), data) :]
        except EnvironmentError as error:
            if error.errno != errno.EPIPE:  # it ended without reading, and its output says why
                raise

    def send_eof(self):
        self._process.stdin.close()

    def _receive(self, timeout):
        if self._cut_after is not None and self._cut_after <= 0:
            self.close()
        if self.closed:
            raise errors.ConnectionLost("cut while receiving")
        if not select.select([self._process.stdout], [], [], timeout)[0]:
            raise ReceiveTimeout("nothing within %s seconds" % timeout)
        most = 65536 if self._cut_after is None else min(self._cut_after, 65536)
        data = os.read(self._process.stdout.fileno(), most)
        if self._cut_after is not None:
            self._cut_after -= len(data)
        return data

    def stderr(self):
        self._errors.seek(0)
        return self._errors.read()

    def exit_status(self, timeout):
        end = compat.monotonic() + timeout
        while self._process.poll() is None:
            if compat.monotonic() > end:
                raise ReceiveTimeout("still running after %s seconds" % timeout)
            time.sleep(0.01)
        return self._process.returncode

    def close(self):
        if not self.closed:
            self.closed = True
            self._process.stdin.close()
            self._process.stdout.close()
            self._wait()
            self._errors.close()

    def _wait(self):
        """The child sees its pipes closed, as under sshd; one that doesn't mind is ended."""
        end = compat.monotonic() + 60
        while self._process.poll() is None and compat.monotonic() < end:
            time.sleep(0.005)
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
