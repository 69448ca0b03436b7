"""The transport over SSH, on paramiko.

Job: one connection with channels for commands; a machine that allows one session at a time
    (MaxSessions 1) gets its commands one after the other.
In: a settings Machine. Out: base.Transport; paramiko's errors are turned into Tristan's in this
    package and nowhere else.
"""

from __future__ import absolute_import, print_function, unicode_literals

import random
import threading
import time

from controller import compat, errors
from controller.transport import base, handshake, ssh_config
from controller.transport.library import paramiko
from controller.transport.pieces import Pieces
from controller.transport.ready import Ready
from controller.transport.ssh_channel import SshChannel
from controller.transport.turns import Turns

TURN_SECONDS = 120.0
"""How long a command waits for its turn where sessions are limited; many that are short may stand before it."""

TURN_FIRST, TURN_MOST = 0.02, 0.5
CUT_PAUSE = (0.1, 1.0)
"""Seconds, at least and at most, before a call that was cut is repeated."""

SPARE_AFTER = 0.3
"""Seconds between two tries for a session; seconds after which a second connection is made."""

DYING_SECONDS = 0.2
"""How long the end of a connection takes to be seen, once its channels are closed."""

ANSWER_SECONDS = 60.0
"""How long a machine may take to answer what is asked of a session: its login may wait 25 s for a service (D-Bus)."""


class Session(paramiko.Channel):
    """paramiko's own waits for ever for an answer, also where an end came just before it asked for something."""

    def _event_pending(self):
        with self.lock:
            if self.closed:
                raise paramiko.SSHException("Channel closed.")
            super(Session, self)._event_pending()

    def _wait_for_event(self):
        if not self.event.wait(ANSWER_SECONDS):
            # Whether it has begun, or will once the machine goes on, can't be known: as after a cut.
            self.transport.close()
            raise EOFError("no answer within %g seconds" % ANSWER_SECONDS)
        super(Session, self)._wait_for_event()


def connect(machine, known_hosts, ssh_config_path, timeout):
    """See transport.connect. :returns: SshTransport."""
    destination = ssh_config.resolve(machine, ssh_config_path)

    def entered():
        way = handshake.Way(machine.name, known_hosts, timeout)
        try:
            for hop in destination.via:
                way.enter(hop)
            way.enter(destination, machine.password)
        except BaseException:
            way.close()
            raise
        return way

    def login():
        """Once more if the connection was cut on the way in, where nothing was asked for yet."""
        try:
            return entered()
        except errors.ConnectionLost:
            time.sleep(random.uniform(*CUT_PAUSE))
        try:
            return entered()
        except errors.ConnectionLost as error:
            raise errors.MachineUnreachable(error.message, error.remedy)

    return SshTransport(machine.name, login, timeout)


class SshTransport(base.Transport):
    """:param name: the machine's. :param login: function that gives a handshake.Way to its end.
    :param timeout: seconds for opening a channel. :param turns: of the connection that this one is a spare of.
    """

    def __init__(self, name, login, timeout, turns=None):
        self.name = name
        self._login = login
        self._timeout = timeout
        self._way = login()
        self._ours = self._way.last
        self._opening = threading.Lock()
        self._lock = threading.Lock()
        self._spare = None
        self._is_closed = False
        self._turns = turns or Turns()
        self._ready = Ready(self, timeout)

    @property
    def server_version(self):
        """Text that the machine's SSH server calls itself by, such as OpenSSH_9.2p1 Debian-2."""
        return compat.ensure_text(self._ours.remote_version).split("-", 2)[2]

    def alive(self):
        return self._ours.is_active() and self._ours.is_authenticated()

    def close(self):
        with self._lock:
            self._is_closed = True
            spare, self._spare = self._spare, None
        if spare is not None:
            spare.close()
        self._way.close()

    def keep_ready(self):
        self._ready.keep()

    def open(self, command):
        return self._ready.take(command) or self._open(command)

    def _open(self, command):
        owner, session = self._turn()
        try:
            session.exec_command(compat.ensure_binary(command))
        except (paramiko.SSHException, EOFError, EnvironmentError) as error:
            raise owner.lost("would not start a command", error)
        return SshChannel(owner, session)

    def open_terminal(self, command, size=None, term="xterm"):
        from controller.transport.ssh_terminal import SshTerminal

        owner, session = self._turn()
        try:
            if size is not None:
                session.get_pty(term, width=size[0], height=size[1])
            session.exec_command(compat.ensure_binary(command))
        except (paramiko.SSHException, EOFError, EnvironmentError) as error:
            raise owner.lost("would not start a command", error)
        return SshTerminal(owner, session)

    def open_sftp_probe(self):
        """Whether the machine offers SFTP, which Tristan does not need."""
        session = self._turn()[1]
        try:
            session.invoke_subsystem("sftp")
            return True
        except (paramiko.SSHException, EOFError):
            return False
        finally:
            session.close()

    def try_session(self):
        """An open session, to be closed, or None when the machine allows no more of them now."""
        try:
            # one at a time: paramiko has one place for the reason of a refusal
            with self._opening:
                session = self._ours.open_session(timeout=self._timeout)
            session.in_buffer = Pieces()  # nothing comes before a command was asked for
            session.__class__ = Session
            return session
        except paramiko.ChannelException:
            return None
        except (paramiko.SSHException, EOFError, EnvironmentError):
            raise self._no_channel()

    def _no_channel(self):
        if self.went():
            error = self.cut()
            return base.NoChannel(error.message, error.remedy)
        return base.NoChannel(
            "%s gave no channel within %g seconds" % (self.name, self._timeout),
            remedy="is the machine overloaded, or does a firewall drop what is sent to it?",
        )

    def _turn(self):
        """(transport, session): one of ours, or of the spare connection where we have no more.

        What runs long, such as a watch, must not shut a cancel out, so a machine that allows fewer
        sessions than are wanted gets a second connection; on it, commands take turns.
        """
        end = compat.monotonic() + TURN_SECONDS
        with self._turns.turn(TURN_SECONDS) as came:
            if came:
                return self._session(end)
        raise self._too_many()

    def _session(self, end):
        """The same for who is next. :param end: of the monotonic clock, when to give up."""
        started, pause = compat.monotonic(), TURN_FIRST
        while True:
            self._turns.freed.clear()
            session = self.try_session()
            if session is not None:
                return self, session
            self._ready.give_up()
            # the session of a command that has just ended may count a moment longer
            if self._spare is not None or compat.monotonic() - started > SPARE_AFTER:
                spare = self._spare_connection()
                session = spare.try_session()
                if session is not None:
                    return spare, session
            if compat.monotonic() > end:
                raise self._too_many()
            if self._turns.freed.wait(pause):
                pause = TURN_FIRST
            pause = min(pause * 2, TURN_MOST)

    def freed(self):
        """A session of this connection, or of its spare, has ended."""
        self._turns.freed.set()
        self._ready.make()

    def _too_many(self):
        return errors.MachineUnreachable(
            "%s allows no more sessions, and none ended within %d seconds"
            % (self.name, TURN_SECONDS),
            remedy="raise MaxSessions in its sshd_config",
            cause="too_many_sessions",
        )

    def _spare_connection(self):
        with self._lock:
            if self._is_closed:  # by another thread; nobody would ever close a new one
                raise base.NoChannel("the connection to %s was closed" % self.name)
            if self._spare is not None and not self._spare.alive():
                self._spare.close()
                self._spare = None
            if self._spare is None:
                self._spare = SshTransport(self.name, self._login, self._timeout, self._turns)
            return self._spare

    def lost(self, what, error):
        """What an error in mid-connection means; EOFError is what could not be written any more."""
        if not isinstance(error, EOFError) and not self.went():
            return errors.MachineUnreachable(
                "%s %s: %s" % (self.name, what, error), remedy="the log of sshd there says more"
            )
        return self.cut()

    def went(self):
        """Whether the connection is gone, or about to be: a dying one closes its channels before it
        says so.
        """
        if self.alive() and not self._is_dying():
            self._ours.join(DYING_SECONDS)
        return self._is_dying() or not self.alive()

    def _is_dying(self):
        """paramiko strikes itself off its list, closes the channels, and says last that it is not active."""
        return self._ours not in paramiko.transport._active_threads

    def cut(self):
        """The error of a connection that went."""
        error = self._ours.get_exception()
        because = ": %s" % error if error is not None and "%s" % error else ""
        return errors.ConnectionLost(
            "the connection to %s was cut%s" % (self.name, because),
            remedy="is the machine, or the network, down?",
        )
