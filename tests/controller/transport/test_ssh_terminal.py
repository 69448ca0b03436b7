"""Commands that a person talks to, over a real sshd: on a terminal and on pipes."""

from __future__ import absolute_import, print_function, unicode_literals

import select
import threading

import pytest

from controller import errors
from tests.lab import process

MEGABYTE = 1024 * 1024


def read_until(terminal, what=None, seconds=60):
    """Take until some bytes came, or the end. :returns: (stdout, stderr)"""
    out, err, ended = b"", b"", False
    while not ended and (what is None or what not in out):
        assert select.select([terminal], [], [], seconds)[0], (out, err)
        more, more_err, ended = terminal.take()
        out, err = out + more, err + more_err
    return out, err


def test_a_terminal_has_a_kind_a_size_and_a_person(connection):
    terminal = connection.open_terminal(
        'tty >/dev/null; echo $? $TERM $(stty size); read answer; echo "got $answer"; exit 7',
        size=(101, 37),
        term="vt220",
    )
    out, _ = read_until(terminal, b"\n")
    assert out.strip() == b"0 vt220 37 101"
    terminal.send(b"yes\r")
    out, err = read_until(terminal)
    assert b"got yes" in out and err == b""
    assert terminal.exit_status(60) == 7
    terminal.close()
    terminal.close()


def test_a_new_size_is_told(connection):
    terminal = connection.open_terminal(
        "trap 'stty size; exit' WINCH; echo ready; while :; do sleep 0.1; done", size=(80, 24)
    )
    read_until(terminal, b"ready")
    terminal.resize(132, 50)
    assert b"50 132" in read_until(terminal)[0]


def test_ctrl_c_reaches_the_command(connection):
    terminal = connection.open_terminal("echo ready; sleep 60", size=(80, 24))
    read_until(terminal, b"ready")
    terminal.send(b"\x03")
    read_until(terminal)
    assert terminal.exit_status(60) in (-1, 130)


def test_pipes_keep_stdout_and_stderr_apart_byte_for_byte(connection):
    terminal = connection.open_terminal("tty -s; echo $? >&2; cat; echo end >&2; exit 3")
    data = bytes(bytearray(range(256))) * 100
    terminal.send(data)
    terminal.send_eof()
    assert read_until(terminal) == (data, b"1\nend\n")
    assert terminal.exit_status(60) == 3


def test_all_of_a_long_stderr_comes(connection):
    terminal = connection.open_terminal("head -c %d /dev/zero >&2" % (20 * MEGABYTE))
    out, err = read_until(terminal)
    assert (len(out), len(err)) == (0, 20 * MEGABYTE)


def test_typing_and_reading_at_once_keep_their_order(connection):
    """What comes while something is sent is handed out before what comes later."""
    terminal = connection.open_terminal("cat")
    data = b"".join(b"%08d" % number for number in range(MEGABYTE))
    out = b""
    for begin in range(0, len(data), 700000):
        terminal.send(data[begin : begin + 700000])
        out += terminal.take()[0]
    terminal.send_eof()
    assert out + read_until(terminal)[0] == data


def test_a_cut_is_told(sshd, connection):
    terminal = connection.open_terminal("echo here; sleep 60", size=(80, 24))
    read_until(terminal, b"here")
    sshd.kill_sessions()
    with pytest.raises(errors.ConnectionLost):
        read_until(terminal)
    with pytest.raises(errors.ConnectionLost):
        terminal.send(b"x")


def test_a_closed_one_touches_no_descriptor_of_others(connection):
    """paramiko's thread may ring the bell after the descriptors went to somebody else."""
    terminal = connection.open_terminal("echo one; sleep 0.3; echo two; sleep 5")
    bell = terminal._arrival
    read_until(terminal, b"one")
    terminal.close()
    ringer = threading.Thread(target=bell.set)
    ringer.start()
    ringer.join(60)
    with pytest.raises(OSError):
        process.os.fstat(bell.descriptor)
