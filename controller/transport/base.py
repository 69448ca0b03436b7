"""The transport's contract: what the controller asks of a connection, whatever carries it.

In: commands as text, bytes for their stdin. Out: bytes of their stdout and stderr, exit statuses.

Every failure is an error of errors.py. A channel belongs to one thread, but for `send_beside`; a
transport may be used by several.
"""

from __future__ import absolute_import, print_function, unicode_literals

import collections

from controller import compat, errors

Completed = collections.namedtuple("Completed", "exit_status stdout stderr")
"""`exit_status`: int, -1 when a signal ended the command; `stdout`, `stderr`: bytes."""

LONGEST_LINE = 64 * 1024 * 1024
"""Bytes; a line beyond this is noise that must not fill the memory."""


class ReceiveTimeout(errors.ConnectionLost):
    """Nothing came for as long as the caller was ready to wait."""

    cause = "no_answer"


class NoChannel(errors.ConnectionLost):
    """The connection is cut, or silent: no command was started, so that it can be on another one."""

    cause = "no_answer"


class Transport(object):
    """One connection to one machine. A kind of transport gives open, close and alive."""

    name = ""

    def open(self, command):
        """Starts a command. :param command: text, read by the login shell. :returns: Channel.

        :raises NoChannel: nothing was started. :raises errors.ConnectionLost: nobody knows.
        """
        raise NotImplementedError

    def keep_ready(self):
        """Says that more commands will come: the next ones may be prepared for. A kind of transport need not."""

    def open_terminal(self, command, size=None, term="xterm"):
        """Starts a command for a person. :returns: Terminal.

        :param size: (columns, rows) of a terminal that the command gets; None for pipes, as of open().
        :param term: what kind of terminal it is, as TERM says it.
        """
        raise NotImplementedError

    def close(self):
        """Ends the connection and every channel; harmless when repeated."""
        raise NotImplementedError

    def alive(self):
        """Whether the connection still stood when last heard of."""
        raise NotImplementedError

    def run(self, command, stdin=b"", timeout=60.0):
        """Runs a command to its end; input and output of any size.

        :param timeout: seconds for all of it.
        :returns: Completed.
        :raises ReceiveTimeout: it did not end in time; what it does meanwhile is not known.
        """
        end = compat.monotonic() + timeout
        channel = self.open(command)
        try:
            channel.send(stdin)
            channel.send_eof()
            pieces = list(iter(lambda: channel.receive(left(end)), b""))
            exit_status = channel.exit_status(left(end))
            return Completed(exit_status, b"".join(pieces), channel.stderr())
        except ReceiveTimeout:
            raise ReceiveTimeout(
                "a command on %s did not end within %d seconds" % (self.name, timeout),
                remedy="try again; is the machine overloaded, or its disk?",
            )
        finally:
            channel.close()


class Channel(object):
    """One running command. A kind of channel gives _receive, send, send_eof, stderr, exit_status
    and close.
    """

    def __init__(self):
        self._held = b""
        self._at = 0  # what of `_held` was handed out; cutting it off each time would cost squares

    def send(self, data):
        """Sends all of `data`; while the machine is not ready for it, its output is kept for
        `receive`, so neither side waits for the other for ever. What a command that has ended did
        not read is dropped: its output says why.
        """
        raise NotImplementedError

    def send_beside(self, data):
        """Sends a few bytes while another thread receives."""
        self.send(data)

    def send_eof(self):
        raise NotImplementedError

    def stderr(self):
        """What came on stderr until now, from its beginning; bytes."""
        raise NotImplementedError

    def exit_status(self, timeout):
        """:param timeout: seconds. :returns: int, -1 when a signal ended the command."""
        raise NotImplementedError

    def close(self):
        """Lets go of the command: its stdin ends, its output is no longer read."""
        raise NotImplementedError

    def _receive(self, timeout):
        """The next bytes from the machine, b"" at the end."""
        raise NotImplementedError

    def receive(self, timeout):
        """The next bytes of stdout, b"" when there are no more.

        :param timeout: seconds without a byte. :raises ReceiveTimeout, errors.ConnectionLost:
        """
        if self._at < len(self._held):
            return self._take(len(self._held))
        return self._receive(timeout)

    def read_line(self, timeout):
        """The next line with its line end, what is left at the end of stdout, then b""."""
        pieces, size = [], 0
        while True:
            self._hold(timeout)
            newline = self._held.find(b"\n", self._at)
            pieces.append(self._take(newline + 1 if newline >= 0 else len(self._held)))
            size += len(pieces[-1])
            if newline >= 0 or not pieces[-1]:
                return b"".join(pieces)
            if size > LONGEST_LINE:
                raise errors.ProtocolError("the machine sent a line without end")

    def read_exactly(self, count, timeout):
        """:param count: bytes. :raises errors.ConnectionLost: stdout ended before that."""
        pieces = []
        while count:
            self._hold(timeout)
            pieces.append(self._take(self._at + count))
            if not pieces[-1]:
                raise errors.ConnectionLost("the machine's output ended in the middle")
            count -= len(pieces[-1])
        return b"".join(pieces)

    def _hold(self, timeout):
        """Makes sure that something is held, but at the end of stdout."""
        if self._at >= len(self._held):
            self._held, self._at = self._receive(timeout), 0

    def _take(self, end):
        taken = self._held[self._at : end]
        self._at += len(taken)
        return taken


class Terminal(Channel):
    """A running command that a person talks to, by one thread: whoever reads also sends."""

    def fileno(self):
        """A descriptor that is readable when there is something to take."""
        raise NotImplementedError

    def take(self):
        """What came since, without waiting. :returns: (bytes of stdout, bytes of stderr, whether that was all).

        :raises errors.ConnectionLost:
        """
        raise NotImplementedError

    def resize(self, columns, rows):
        """The person's window has another size now."""
        raise NotImplementedError


def left(end):
    """Seconds until a point of the monotonic clock, at least 0."""
    return max(0.0, end - compat.monotonic())
