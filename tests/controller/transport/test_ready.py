"""The shell that waits for the next command: what it becomes, and what becomes of it."""

from __future__ import absolute_import, print_function, unicode_literals

import os
import signal
import threading
import time

import pytest

from controller import errors
from controller.transport import ready
from tests.lab import process


def waiting(connection):
    """The connection, once a shell waits."""

    def shell():
        connection.keep_ready()  # where sessions are few, the last one may count a moment longer
        return connection._ready._waiting

    process.wait_until(shell, 60, "a waiting shell")
    return connection


def opened(connection, monkeypatch):
    """:returns: list that grows by one for each session that is opened from now on."""
    found, try_session = [], connection.try_session
    monkeypatch.setattr(connection, "try_session", lambda: found.append(1) or try_session())
    return found


def test_nobody_waits_unasked(connection):
    connection.run("true")
    connection.run("true")
    assert connection._ready._waiting is None


def test_a_command_is_the_same_from_a_waiting_shell(connection, monkeypatch):
    waiting(connection)
    sessions = opened(connection, monkeypatch)
    monkeypatch.setattr(connection._ready, "make", lambda: None)
    data = os.urandom(300000) + b"\nline\n"
    completed = connection.run("cat; echo 'it''s' \"$0\" \\\\ >&2; exit 3", data)
    assert completed == (3, data, b"its sh \\\n")
    assert not sessions
    assert connection.run("cat", data).stdout == data
    assert len(sessions) == 1


def test_there_is_always_a_next_one(connection):
    for number in range(5):
        waiting(connection)
        assert connection.run("echo %d" % number).stdout == b"%d\n" % number


def test_who_gives_it_up_while_one_is_made_has_given_it_up():
    class GivenUp(ready.Ready):
        """Somebody else says so just behind the first look whether one is wanted."""

        wanted = first = True

        @property
        def _wanted(self):
            wanted, self.wanted, self.first = self.wanted, self.wanted and not self.first, False
            return wanted

        @_wanted.setter
        def _wanted(self, wanted):
            self.wanted = wanted

    given_up = GivenUp(None, 1)
    given_up._opened = lambda: object()
    given_up.wanted = given_up.first = True
    given_up._make()
    assert not given_up.wanted


def test_what_start_files_print_comes_before_it(make_sshd, operator, machine_of):
    sshd = make_sshd()
    with open(os.path.join(sshd.home, ".bashrc"), "w") as start_file:
        start_file.write("echo hello; echo from a start file\n")
    operator.know(sshd)
    connection = waiting(operator.connect(machine_of(sshd)))
    assert connection.run("echo mine").stdout == b"mine\n"


def test_a_long_command_has_a_session_of_its_own(connection, monkeypatch):
    waiting(connection)
    sessions = opened(connection, monkeypatch)
    for command in ("echo " + "x" * ready.LONGEST, "echo\necho"):
        assert connection.run(command).exit_status == 0
    assert len(sessions) == 2
    assert connection._ready._waiting


def test_a_shell_that_went_is_not_used(connection, monkeypatch):
    waiting(connection)
    shell = connection._ready._waiting
    shell.send_eof()
    process.wait_until(lambda: shell._at_end(), 60, "its end")
    assert connection.run("echo on").stdout == b"on\n"


def test_a_shell_that_goes_before_it_has_the_command_is_told_as_a_loss(connection):
    """Such as one that is killed at that moment; a launch is repeated then."""
    waiting(connection)
    shell = connection._ready._waiting
    shell._at_end, at_end = lambda: False, shell._at_end
    shell.send_eof()
    process.wait_until(at_end, 60, "its end")
    channel = connection.open("echo never")
    assert channel is shell
    shell._at_end = at_end
    with pytest.raises(errors.ConnectionLost) as caught:
        channel.read_line(60)
    assert "went away" in caught.value.message


def test_a_silent_connection_is_noticed_as_soon_as_by_opening(sshd, operator, machine_of):
    operator.know(sshd)
    connection = waiting(operator.connect(machine_of(sshd)))
    connection._ready._waiting._patience = 1.0
    sshd.signal_sessions(signal.SIGSTOP)
    try:
        channel, begun = connection.open("echo late"), time.time()
        with pytest.raises(errors.ConnectionLost):
            channel.read_line(300)
        assert time.time() - begun < 60
    finally:
        sshd.signal_sessions(signal.SIGCONT)


def test_a_dead_connection_says_that_nothing_was_started(sshd, connection):
    from controller.transport import NoChannel

    waiting(connection)
    sshd.kill_sessions()
    process.wait_until(lambda: not connection.alive(), 60, "the cut")
    with pytest.raises(NoChannel):
        connection.open("true")


def test_where_sessions_are_few_nobody_waits(make_sshd, operator, machine_of):
    sshd = make_sshd(options={"MaxSessions": 1})
    operator.know(sshd)
    connection = operator.connect(machine_of(sshd))
    for number in range(4):
        connection.keep_ready()
        assert connection.run("echo %d" % number).stdout == b"%d\n" % number
    waiting(connection)
    held = connection.open("cat")  # what waits is no obstacle: it is taken
    terminal = connection.open_terminal("echo here; cat")
    assert terminal.read_line(60) == b"here\n"
    assert connection._ready._waiting is None
    held.close()
    terminal.close()


def test_a_terminal_takes_the_place_of_a_waiting_shell(make_sshd, operator, machine_of):
    sshd = make_sshd(options={"MaxSessions": 1})
    operator.know(sshd)
    connection = waiting(operator.connect(machine_of(sshd)))
    terminal = connection.open_terminal("echo here; cat")
    assert terminal.read_line(60) == b"here\n"
    with open(sshd.log) as log:
        assert log.read().count("Accepted publickey") <= 2
    terminal.close()


def test_many_threads_have_each_their_own(connection):
    waiting(connection)
    answers = {}

    def ask(number):
        for step in range(10):
            answers[number, step] = connection.run("echo %d %d" % (number, step)).stdout

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(answers) == 40
    assert all(said == b"%d %d\n" % key for key, said in answers.items())


def test_close_ends_it(connection):
    waiting(connection)
    before = threading.active_count()
    connection.close()
    process.wait_until(lambda: threading.active_count() < before, 60, "paramiko's thread")
    assert not connection.alive()
