"""A shell that waits on a machine for the next command, which takes a single round trip then.

Job: for a connection that asked for it, have one session with such a shell in it; hand it out; make the next one behind
    everybody's back.
In: an SshTransport. Out: channels to commands, or None where a session has to be opened for one.

A command by itself takes three round trips: one opens the session; one starts the command, and before that sshd
takes no input; one carries the input there and the answer back. The shell reads one line, the command, byte by byte as
POSIX has it, and becomes it; what follows on stdin is the command's. It ends with the connection, or with the line.

Where a machine refuses a session once, none is kept waiting any more: sessions are for those who have work.
"""

from __future__ import absolute_import, print_function, unicode_literals

import threading
import time

from controller import compat, errors
from controller.transport.library import paramiko
from controller.transport.ssh_channel import SshChannel

WAITING = b"tristan waits\n"
"""What the shell prints when it waits: behind it stands nothing of what a login's start files print."""

TAKEN = b"\n"
"""What it prints when it has a command."""

SHELL = b"""exec sh -c 'echo tristan waits; IFS= read -r line && echo && eval "$line"'"""

LONGEST = 4096
"""Bytes of a command. Shells read a line byte by byte, so what is long comes sooner by itself."""

PAUSE = 0.05
"""Seconds before one is made: what has just been launched has the machine to itself while it begins."""

MAX_NOISE = 1000
"""Lines that a login's start files may print."""


class Ready(object):
    """:param transport: SshTransport. :param timeout: seconds for each step."""

    def __init__(self, transport, timeout):
        self._transport = transport
        self._timeout = timeout
        self._lock = threading.Lock()
        self._wanted = False
        self._making = False
        self._waiting = None

    def keep(self):
        """From now on a shell waits whenever that is possible."""
        self._wanted = True
        self.make()

    def give_up(self):
        """Sessions are scarce: none is to wait, from now on."""
        self._wanted = False
        waiting = self._taken()
        if waiting is not None:
            waiting.close()

    def make(self):
        """Has the next one made, in a thread of its own, if one is wanted and lacking."""
        with self._lock:
            if not self._wanted or self._making or self._waiting is not None:
                return
            self._making = True
        thread = threading.Thread(target=self._make)
        thread.daemon = True
        thread.start()

    def take(self, command):
        """A channel to a command that the waiting shell has become, or None when there is none.

        :param command: text.
        """
        line = compat.ensure_binary(command)
        if len(line) > LONGEST or b"\n" in line:
            return None
        waiting = self._taken()
        if waiting is not None and not waiting.takes(line + b"\n"):
            waiting.close()
            return None
        return waiting

    def _taken(self):
        with self._lock:
            waiting, self._waiting = self._waiting, None
        return waiting

    def _make(self):
        made = None
        time.sleep(PAUSE)
        try:
            made = self._opened()
        except (errors.TristanError, paramiko.SSHException, EOFError, EnvironmentError):
            pass  # whoever opens a session next is told why
        with self._lock:
            self._making = False
            if made is None:
                self._wanted = False
            elif self._wanted:  # not set again: others give it up meanwhile
                self._waiting, made = made, None
        if made is not None:
            made.close()

    def _opened(self):
        """:returns: ReadyChannel, or None where there can be none."""
        session = self._transport.try_session()
        if session is None:
            return None
        session.exec_command(SHELL)
        made = ReadyChannel(self._transport, session, self._timeout)
        if made.begins():
            return made
        made.close()
        return None


class ReadyChannel(SshChannel):
    """The channel of a waiting shell, and then of the command that it has become.

    :param patience: seconds in which the shell has to say that it took the command: a connection that died unseen is
        noticed as soon as by opening a session.
    """

    def __init__(self, transport, channel, patience):
        super(ReadyChannel, self).__init__(transport, channel)
        self._patience = patience
        self._is_taken = True

    def begins(self):
        """Whether it waits; what comes next is its word that it has a command then."""
        for _ in range(MAX_NOISE):
            line = self.read_line(self._patience)
            if line == WAITING:
                self._is_taken = False
                return True
            if not line:
                break
        return False

    def takes(self, line):
        """Whether the command could be sent; if not, nothing was started.

        :param line: bytes, with their line end.
        """
        if self._at_end():
            return False
        try:
            self.send(line)
        except errors.ConnectionLost:
            return False
        return True

    def _receive(self, timeout):
        receive = super(ReadyChannel, self)._receive
        if self._is_taken:
            return receive(timeout)
        first = receive(min(timeout, self._patience))
        if not first.startswith(TAKEN):
            raise errors.ConnectionLost(
                "the shell that waited on %s for a command went away" % self._transport.name
            )
        self._is_taken = True
        return first[len(TAKEN) :] or receive(timeout)
