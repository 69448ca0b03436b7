"""The transport over SSH, on paramiko.

Job: one connection with channels for commands; a machine that allows one session at a time
    (MaxSessions 1) gets its commands one after the other.
In: a settings Machine. Out: base.Transport, base.Channel; paramiko's errors are turned into
    Tristan's here and in handshake.py, and nowhere else.
"""

from __future__ import absolute_import, print_function, unicode_literals

import socket
import threading
import time

from controller import compat, errors
from controller.transport import base, handshake, ssh_config
from controller.transport.library import paramiko

TURN_SECONDS = 60.0
"""How long a command waits for its turn where sessions are limited."""

TURN_FIRST, TURN_MOST = 0.02, 0.5
SPARE_AFTER = 0.3
"""Seconds between two tries for a session; seconds after which a second connection is made."""

STALL_SECONDS = 180.0
"""How long a machine may take no input and give no output before sending to it is given up."""

DYING_SECONDS = 0.2
"""How long the end of a connection takes to be seen, once its channels are closed."""

SEND_TICK = 0.02
CHUNK = 256 * 1024
STDERR_KEPT = 256 * 1024


def connect(machine, known_hosts, ssh_config_path, timeout):
    """See transport.connect. :returns: SshTransport."""
    destination = ssh_config.resolve(machine, ssh_config_path)

    def login():
        way = handshake.Way(machine.name, known_hosts, timeout)
        try:
            for hop in destination.via:
                way.enter(hop)
            way.enter(destination, machine.password)
        except BaseException:
            way.close()
            raise
        return way

    return SshTransport(machine.name, login, timeout)


class SshTransport(base.Transport):
    """:param name: the machine's. :param login: function that gives a handshake.Way to its end.
    :param timeout: seconds for opening a channel.
    """

    def __init__(self, name, login, timeout):
        self.name = name
        self._login = login
        self._timeout = timeout
        self._way = login()
        self._ours = self._way.last
        self._opening = threading.Lock()
        self._lock = threading.Lock()
        self._spare = None

    @property
    def server_version(self):
        """Text that the machine's SSH server calls itself by, such as OpenSSH_9.2p1 Debian-2."""
        return compat.ensure_text(self._ours.remote_version).split("-", 2)[2]

    def alive(self):
        return self._ours.is_active() and self._ours.is_authenticated()

    def close(self):
        with self._lock:
            spare, self._spare = self._spare, None
        if spare is not None:
            spare.close()
        self._way.close()

    def open(self, command):
        owner, session = self._turn()
        try:
            session.exec_command(compat.ensure_binary(command))
        except (paramiko.SSHException, EOFError, EnvironmentError) as error:
            raise owner.lost("would not start a command", error)
        return SshChannel(owner, session)

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
                return self._ours.open_session(timeout=self._timeout)
        except paramiko.ChannelException:
            return None
        except (paramiko.SSHException, EOFError, EnvironmentError) as error:
            raise self.lost("gave no channel", error)

    def _turn(self):
        """(transport, session): one of ours, or of the spare connection where we have no more.

        What runs long, such as a watch, must not shut a cancel out, so a machine that allows fewer
        sessions than are wanted gets a second connection; on it, commands take turns.
        """
        started = compat.monotonic()
        pause = TURN_FIRST
        while compat.monotonic() - started < TURN_SECONDS:
            session = self.try_session()
            if session is not None:
                return self, session
            # the session of a command that has just ended may count a moment longer
            if self._spare is not None or compat.monotonic() - started > SPARE_AFTER:
                spare = self._spare_connection()
                session = spare.try_session()
                if session is not None:
                    return spare, session
            time.sleep(pause)
            pause = min(pause * 2, TURN_MOST)
        raise errors.MachineUnreachable(
            "%s allows no more sessions, and none ended within %d seconds"
            % (self.name, TURN_SECONDS),
            remedy="raise MaxSessions in its sshd_config",
            cause="too_many_sessions",
        )

    def _spare_connection(self):
        with self._lock:
            if self._spare is None or not self._spare.alive():
                self._spare = SshTransport(self.name, self._login, self._timeout)
            return self._spare

    def lost(self, what, error):
        """What an error in mid-connection means."""
        if self._ours.is_active():
            return errors.MachineUnreachable(
                "%s %s: %s" % (self.name, what, error), remedy="the log of sshd there says more"
            )
        return self.cut()

    def went(self):
        """Whether the connection is gone, or about to be: a dying one closes its channels before it
        says so.
        """
        if self.alive():
            self._ours.join(DYING_SECONDS)
        return not self.alive()

    def cut(self):
        """The error of a connection that went."""
        error = self._ours.get_exception()
        because = ": %s" % error if error is not None and "%s" % error else ""
        return errors.ConnectionLost(
            "the connection to %s was cut%s" % (self.name, because),
            remedy="is the machine, or the network, down?",
        )


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

    def __init__(self, transport, channel):
        super(SshChannel, self).__init__()
        self._transport = transport
        self._channel = channel
        self._errors = []
        self._errors_size = 0
        self._early = []  # stdout that came while we were sending
        self._arrival = Arrival()
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
        except (paramiko.SSHException, EOFError, EnvironmentError):
            return self._ended()

    def _ended(self):
        self._check_cut()
        return None

    def send_eof(self):
        try:
            self._channel.shutdown_write()
        except (paramiko.SSHException, EOFError, EnvironmentError):
            self._check_cut()

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

    def _receive(self, timeout):
        end = compat.monotonic() + timeout
        while True:
            self._arrival.forget()
            self._collect_errors()
            if self._early:
                return self._early.pop(0)
            if self._channel.recv_ready():
                return self._channel.recv(CHUNK)
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
            return self._channel.recv(CHUNK)
        if not self._channel.eof_received:
            self._check_cut()
        return b""

    def _collect(self):
        """Takes in what came while sending, so that the machine can go on reading."""
        came = self._collect_errors()
        while self._channel.recv_ready():
            self._early.append(self._channel.recv(CHUNK))
            came = True
        return came

    def _collect_errors(self):
        """Unread stderr would use up the window that it shares with stdout."""
        came = False
        while self._channel.recv_stderr_ready():
            data = self._channel.recv_stderr(CHUNK)
            came = True
            if self._errors_size < STDERR_KEPT:
                self._errors.append(data)
                self._errors_size += len(data)
        return came

    def _check_cut(self):
        """To be asked of a channel that ended in an unusual way."""
        if self._transport.went():
            raise self._transport.cut()
