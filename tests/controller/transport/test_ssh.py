"""Commands over a real sshd: output, input, ends, cuts, sessions."""

from __future__ import absolute_import, print_function, unicode_literals

import os
import signal
import socket
import threading
import time

import pytest

from controller import errors, remote_command
from controller.transport import NoChannel, ReceiveTimeout, ssh
from controller.transport.library import paramiko
from tests.lab import process

MEGABYTE = 1024 * 1024


def test_output_errors_and_exit_status(connection):
    completed = connection.run("echo out; echo err >&2; exit 3")
    assert completed == (3, b"out\n", b"err\n")


def test_a_signal_is_no_exit_status(connection):
    assert connection.run("kill -9 $$").exit_status == -1
    assert connection.alive()


def test_what_is_sent_comes_back_far_beyond_any_window(connection):
    data = os.urandom(MEGABYTE) * 12
    completed = connection.run("cat", data, timeout=120)
    assert completed.exit_status == 0
    assert completed.stdout == data


def test_stderr_beyond_the_window_blocks_nothing(connection):
    completed = connection.run("head -c 9000000 /dev/zero >&2; echo done", timeout=120)
    assert completed.stdout == b"done\n"
    assert 0 < len(completed.stderr) < MEGABYTE  # its beginning is kept


def test_a_command_that_reads_nothing_takes_no_harm(connection):
    completed = connection.run("echo lack; exit 4", b"x" * 12 * MEGABYTE, timeout=120)
    assert completed[:2] == (4, b"lack\n")


def test_a_command_without_end_is_given_up_in_time(connection):
    started = time.time()
    with pytest.raises(ReceiveTimeout) as caught:
        connection.run("echo begun; sleep 300", timeout=0.5)
    assert time.time() - started < 60
    assert "builder-1" in caught.value.message
    assert connection.run("echo on").stdout == b"on\n"


def test_text_that_is_not_ascii(connection):
    assert connection.run("printf %s '\u00fcber'").stdout == "\u00fcber".encode("utf-8")


def test_conversation_on_a_channel(connection):
    channel = connection.open("while read line; do echo got $line; done; exit 5")
    channel.send(b"one\n")
    assert channel.read_line(60) == b"got one\n"
    with pytest.raises(ReceiveTimeout):
        channel.receive(0.1)
    channel.send(b"two\n")
    assert channel.read_exactly(4, 60) == b"got "
    channel.send_eof()
    assert channel.receive(60) == b"two\n"
    assert channel.receive(60) == b""
    assert channel.exit_status(60) == 5
    channel.close()
    channel.close()


def test_exit_status_has_a_limit(connection):
    channel = connection.open("exec >&- 2>&-; sleep 30")
    with pytest.raises(ReceiveTimeout):
        channel.exit_status(0.2)
    channel.close()


def test_a_fresh_command_costs_no_nagle_delay(connection):
    """40 ms each and more without the option."""
    carrier = connection._ours.sock._carrier
    assert carrier.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_short_commands_at_once_do_not_end_the_connection(connection):
    """An EOF sent behind the answer to a CLOSE would: the commands end without reading their input."""
    for _ in range(25):
        test_many_threads_share_a_connection(connection)
    assert connection.alive()


def test_many_threads_share_a_connection(connection):
    answers = {}

    def ask(number):
        answers[number] = connection.run("echo %d" % number).stdout

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert answers == dict((number, b"%d\n" % number) for number in range(8))


def test_a_cut_in_mid_read(sshd, connection):
    channel = connection.open("echo here; sleep 60")
    assert channel.read_line(60) == b"here\n"
    sshd.kill_sessions()
    with pytest.raises(errors.ConnectionLost) as caught:
        channel.receive(60)
    assert not isinstance(caught.value, ReceiveTimeout)
    assert not connection.alive()
    with pytest.raises(errors.ConnectionLost):
        connection.run("true")


@pytest.mark.parametrize("ask", ["receive", "exit_status", "send"])
def test_a_cut_is_not_taken_for_an_end(sshd, connection, ask):
    """paramiko closes the channels of a dying connection first, and says only then that it is dead;
    here it takes its time between the two.
    """
    channel = connection.open("sleep 60")
    closed, asked, unlink = threading.Event(), threading.Event(), channel._channel._unlink

    def slowly():
        unlink()
        closed.set()
        asked.wait(60)

    channel._channel._unlink = slowly
    sshd.kill_sessions()
    assert closed.wait(60)
    assert connection.alive()
    try:
        with pytest.raises(errors.ConnectionLost):
            getattr(channel, ask)(b"data" if ask == "send" else 60)
    finally:
        asked.set()


def test_a_cut_just_before_something_is_asked_of_a_session_is_told(connection):
    """paramiko forgets it and waits for the answer for ever."""
    session, told = connection.try_session(), []
    pending = session._event_pending

    def after_a_cut():
        session._unlink()
        pending()

    def ask():
        with pytest.raises(paramiko.SSHException):
            session.exec_command(b"true")
        told.append(True)

    session._event_pending = after_a_cut
    thread = threading.Thread(target=ask)
    thread.daemon = True
    thread.start()
    thread.join(60)
    assert told


@pytest.mark.parametrize("ask", ["open", "open_terminal"])
def test_a_machine_that_stands_still_when_something_is_asked_of_a_session_counts_as_cut(
    sshd, connection, monkeypatch, ask
):
    """Its kernel goes on acknowledging what is sent, so that no keepalive fails."""
    try_session = connection.try_session

    def and_stand_still():
        session = try_session()
        sshd.signal_sessions(signal.SIGSTOP)
        return session

    monkeypatch.setattr(ssh, "ANSWER_SECONDS", 1.0)
    monkeypatch.setattr(connection, "try_session", and_stand_still)
    try:
        with pytest.raises(errors.ConnectionLost):
            getattr(connection, ask)("true")
        assert not connection.alive()
    finally:
        sshd.signal_sessions(signal.SIGCONT)


def test_a_cut_before_the_exit_status(sshd, connection):
    channel = connection.open("sleep 60")
    sshd.kill_sessions()
    with pytest.raises(errors.ConnectionLost):
        channel.exit_status(60)


def test_a_cut_while_sending(sshd, connection):
    channel = connection.open("sleep 60")
    cutter = threading.Timer(0.3, sshd.kill_sessions)
    cutter.start()
    with pytest.raises(errors.ConnectionLost) as caught:
        channel.send(b"x" * 20 * MEGABYTE)
    assert not isinstance(caught.value, ReceiveTimeout)


def test_a_cut_that_shows_while_room_is_made_for_more(connection):
    channel = connection.open("head -c 3000000 /dev/zero; sleep 60")
    process.wait_until(lambda: len(channel._channel.in_buffer) > MEGABYTE, 60, "the output")
    connection._ours.sock._carrier.shutdown(socket.SHUT_WR)
    with pytest.raises(errors.ConnectionLost) as caught:
        while channel.receive(60):
            pass
    assert not isinstance(caught.value, ReceiveTimeout)


def test_all_that_came_before_a_cut_is_read(sshd, connection):
    channel = connection.open("echo kept; sleep 60")
    process.wait_until(lambda: len(channel._channel.in_buffer) == 5, 60, "the output")
    sshd.kill_sessions()
    process.wait_until(lambda: not connection.alive(), 60, "the cut")
    assert channel.read_line(1) == b"kept\n"
    with pytest.raises(errors.ConnectionLost):
        channel.read_line(1)


def test_close_leaves_no_thread(connection):
    connection.run("true")
    before = threading.active_count()
    connection.close()
    connection.close()
    process.wait_until(lambda: threading.active_count() < before, 60, "paramiko's thread")
    assert not connection.alive()


def test_one_session_at_a_time_is_enough(make_sshd, operator, machine_of, monkeypatch):
    """MaxSessions 1: commands one after the other stay on one connection; a cancel gets through
    beside a watch."""
    sshd = make_sshd(options={"MaxSessions": 1})
    operator.know(sshd)
    connection = operator.connect(machine_of(sshd))
    with monkeypatch.context() as patient:
        # on a busy machine the session of a command that has ended counts for longer
        patient.setattr(ssh, "SPARE_AFTER", 60.0)
        for number in range(5):
            assert connection.run("echo %d" % number).stdout == b"%d\n" % number
        watch = connection.open("echo watching; cat")
    assert logins(sshd) == 1
    assert watch.read_line(60) == b"watching\n"
    assert connection.try_session() is None
    for _ in range(3):
        assert connection.run("echo cancelled").stdout == b"cancelled\n"
    assert logins(sshd) == 2
    watch.send_eof()
    assert watch.exit_status(60) == 0


def test_a_connection_that_another_thread_closes_gets_no_spare_one(
    make_sshd, operator, machine_of, monkeypatch
):
    sshd = make_sshd(options={"MaxSessions": 1})
    operator.know(sshd)
    connection = operator.connect(machine_of(sshd))
    running, spare_connection = connection.open("sleep 60"), connection._spare_connection

    def closed_meanwhile():
        connection.close()
        return spare_connection()

    monkeypatch.setattr(connection, "_spare_connection", closed_meanwhile)
    with pytest.raises(NoChannel) as caught:
        connection.open("true")
    assert "was closed" in caught.value.message
    running.close()


def test_a_cut_spare_connection_is_told_as_a_cut(make_sshd, operator, machine_of):
    sshd = make_sshd(options={"MaxSessions": 1})
    operator.know(sshd)
    connection = operator.connect(machine_of(sshd))
    connection.open("sleep 60")
    spare = connection.open("sleep 60")
    sshd.kill_sessions()
    with pytest.raises(errors.ConnectionLost):
        spare.receive(60)


def logins(sshd):
    with open(sshd.log) as log:
        return log.read().count("Accepted publickey")


def test_sftp_is_told(make_sshd, operator, machine_of):
    for options, there in (({}, True), ({"Subsystem": None}, False)):
        sshd = make_sshd(options=options)
        operator.know(sshd)
        connection = operator.connect(machine_of(sshd))
        assert connection.open_sftp_probe() is there
        assert connection.run("echo on").stdout == b"on\n"
        assert connection.server_version.startswith("OpenSSH_")


SHELLS = [one for one in ("/bin/sh", "/usr/bin/fish", "/bin/tcsh") if os.path.exists(one)]


@pytest.mark.parametrize("shell", SHELLS + ["strict"])
def test_quoted_once_it_means_the_same_under_any_login_shell(
    make_sshd, operator, machine_of, shell
):
    if shell == "strict":
        shell = operator.write("login-shell", STRICT, 0o755)
        os.chmod(operator.home, 0o755)
    sshd = make_sshd(shell=shell)
    operator.know(sshd)
    connection = operator.connect(machine_of(sshd))
    script = 'for x in \'a b\' "$0" "it\'s"; do printf \'[%s]\\n\' "$x"; done; exit $((2+4))'
    completed = connection.run(remote_command.through_sh(script))
    assert completed == (6, b"[a b]\n[sh]\n[it's]\n", b"")


STRICT = """#!/usr/bin/python3
# A login shell with what csh can't do: a quoted word holds no line end, `!` is history anywhere.
import os, shlex, sys
command = sys.argv[2]
if "\\n" in command or "!" in command:
    sys.exit("Unmatched '''.")
words = shlex.split(command)
if words[:3] != ["exec", "sh", "-c"] or len(words) != 4:
    sys.exit("exec: Command not found.")
os.execvp("sh", words[1:])
"""


def test_where_sessions_are_few_many_threads_have_their_turn_in_order(
    make_sshd, operator, machine_of
):
    """Who has waited longest is next, or somebody would wait for ever."""
    sshd = make_sshd(options={"MaxSessions": 1})
    operator.know(sshd)
    connection = operator.connect(machine_of(sshd))
    watch = connection.open("echo watching; cat")
    assert watch.read_line(60) == b"watching\n"
    busy = connection.open("echo busy; cat")
    assert busy.read_line(60) == b"busy\n"
    order, ended, threads = os.path.join(sshd.root, "order"), [], []

    def work(number):
        command = "echo %d | tee -a %s" % (number, order)
        ended.append((number, connection.run(command).stdout))

    for number in range(20):
        threads.append(threading.Thread(target=work, args=(number,)))
        threads[-1].start()
        wait_for_queue(connection, number + 1)
    busy.close()
    for thread in threads:
        thread.join(60)
    assert [answer for _, answer in ended] == [b"%d\n" % number for number, _ in ended]
    assert sorted(number for number, _ in ended) == list(range(20))
    with open(order) as numbers:
        assert [int(number) for number in numbers] == list(range(20))
    assert logins(sshd) == 2
    watch.close()


def wait_for_queue(connection, length):
    queue = connection._turns._queue
    process.wait_until(lambda: len(queue) >= length, 60, "a place in the queue")


def test_who_gets_no_turn_is_told(make_sshd, operator, machine_of, monkeypatch):
    sshd = make_sshd(options={"MaxSessions": 1})
    operator.know(sshd)
    connection = operator.connect(machine_of(sshd))
    held = [connection.open("cat") for _ in range(2)]
    found = []

    def wait():
        with pytest.raises(errors.MachineUnreachable) as caught:
            connection.open("true")
        found.append(caught.value)

    threads = [threading.Thread(target=wait) for _ in range(3)]
    with monkeypatch.context() as impatient:
        impatient.setattr(ssh, "TURN_SECONDS", 1.5)
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
    assert [error.cause for error in found] == ["too_many_sessions"] * 3
    assert "MaxSessions" in found[0].remedy
    held[0].close()
    assert connection.run("echo in").stdout == b"in\n"


def test_a_few_bytes_are_sent_while_another_thread_receives(connection):
    channel = connection.open("cat")
    data = b"".join(b"%d\n" % number for number in range(2000))
    sender = threading.Thread(
        target=lambda: [channel.send_beside(line + b"\n") for line in data.splitlines()]
    )
    sender.start()
    assert channel.read_exactly(len(data), 60) == data
    sender.join(60)
    assert not sender.is_alive()
    channel.close()


def test_a_packet_needs_no_hmac_where_the_cipher_checks_it(connection):
    if any("gcm" in name for name in connection._ours.get_security_options().ciphers):
        assert connection._ours.remote_cipher == "aes128-gcm@openssh.com"
    else:
        assert connection._ours.remote_cipher == "aes128-ctr"  # the paramiko of 2.7


def test_other_keys_in_the_middle_of_an_output(connection):
    connection._ours.packetizer.REKEY_BYTES = 4 * MEGABYTE
    before = connection._ours.session_id, connection._ours.H
    data = os.urandom(MEGABYTE) * 12
    assert connection.run("cat", data, timeout=120).stdout == data
    assert connection._ours.session_id == before[0] and connection._ours.H != before[1]


def test_the_end_of_input_waits_for_new_keys_without_the_lock_that_their_reader_may_want(
    connection, monkeypatch
):
    channel, clear = connection.open("cat; echo end"), connection._ours.clear_to_send
    waiting, wait = threading.Event(), clear.wait
    monkeypatch.setattr(clear, "wait", lambda seconds: waiting.set() or wait(seconds))
    clear.clear()  # as while new keys are agreed on
    sender = threading.Thread(target=channel.send_eof)
    sender.start()
    try:
        assert waiting.wait(60)
        process.wait_until(lambda: channel._channel.lock.acquire(False), 10, "the channel's lock")
        channel._channel.lock.release()
    finally:
        clear.set()
        sender.join()
    assert channel.receive(60) == b"end\n"


def test_what_is_answered_while_new_keys_are_agreed_on_goes_out_behind_them(
    connection, monkeypatch
):
    """By the thread that has to read the keys, and does not wait for itself."""
    sent, answered = [], threading.Event()
    ours = type(connection._ours)(socket.socketpair()[0])
    ours.active, ours.clear_to_send_timeout = True, 1
    monkeypatch.setattr(ours, "_send_message", sent.append)
    monkeypatch.setattr(paramiko.Transport, "_activate_inbound", lambda ours: None)

    def read():
        ours._send_user_message("the end of input")
        ours._send_user_message("the end of a command")
        answered.set()

    monkeypatch.setattr(ours, "run", read)
    ours.start()
    ours.join()
    assert answered.is_set() and sent == []
    ours._activate_inbound()
    assert sent == ["the end of input", "the end of a command"]


def test_an_idle_connection_sleeps_and_still_closes_at_once(connection, monkeypatch):
    """paramiko's thread wakes up ten times a second unless it is told otherwise."""
    line, calls = connection._ours.sock, []
    monkeypatch.setattr(line, "recv", lambda size, recv=line.recv: calls.append(size) or recv(size))
    assert connection.run("echo on").stdout == b"on\n"
    calls[:] = []
    started = time.time()
    time.sleep(1)
    assert len(calls) < 7 * (
        time.time() - started
    )  # the end of the command that was, a sign of life
    line.settimeout(600)
    assert connection.run("echo on").stdout == b"on\n"
    connection.close()
    connection._ours.join(60)
    assert not connection._ours.is_alive()
