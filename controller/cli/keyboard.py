"""The person's own terminal while they talk to a machine: every key goes there, and all is as it was afterwards.

In: a transport Terminal. Out: what it says on stdout and stderr, its exit status.
"""

from __future__ import absolute_import, print_function, unicode_literals

import contextlib
import errno
import fcntl
import os
import select
import signal
import struct
import termios
import tty

from controller.cli import report

STDIN, STDOUT, STDERR = 0, 1, 2

CHUNK = 65536
EXIT_SECONDS = 60.0

KILLED = 255
"""Exit status for a command that ended without one of its own, as ssh has it."""


def is_terminal():
    """Whether a person sits at both ends of this command."""
    return os.isatty(STDIN) and os.isatty(STDOUT)


def size():
    """:returns: (columns, rows) of the terminal."""
    answer = fcntl.ioctl(STDIN, termios.TIOCGWINSZ, b"\0" * 8)
    rows, columns = struct.unpack(str("HHHH"), answer)[:2]
    return columns or 80, rows or 24


def talk(terminal, window=None):
    """Hand everything to and fro until the command has ended.

    :param window: descriptor that is readable when the window has another size, or None.
    :returns: its exit status.
    :raises errors.ConnectionLost:
    """
    listened = [terminal, STDIN] + ([window] if window is not None else [])
    ended = False
    while not ended:
        readable = wait(listened)
        if window in readable:
            os.read(window, CHUNK)
            terminal.resize(*size())
        if STDIN in readable and not hand_over(terminal):
            listened.remove(STDIN)
        out, err, ended = terminal.take()
        write(STDOUT, out)
        write(STDERR, err)
    exit_status = terminal.exit_status(EXIT_SECONDS)
    return exit_status if exit_status >= 0 else KILLED


def wait(listened):
    """Descriptors that are readable, [] when a signal came."""
    try:
        return select.select(listened, [], [])[0]
    except (EnvironmentError, select.error) as error:  # two kinds on 2.7
        if error.args[0] != errno.EINTR:
            raise
        return []


def hand_over(terminal):
    """What was typed. :returns: False at its end."""
    data = os.read(STDIN, CHUNK)
    if data:
        terminal.send(data)
    else:
        terminal.send_eof()
    return bool(data)


def write(descriptor, data):
    view = memoryview(data)
    while len(view):
        try:
            view = view[os.write(descriptor, view) :]
        except EnvironmentError as error:
            if error.errno == errno.EPIPE:
                raise report.PipeClosed()
            if error.errno != errno.EINTR:
                raise


@contextlib.contextmanager
def raw():
    """Every key is for the machine. :returns: descriptor for `talk`, readable when the window changes."""
    before = termios.tcgetattr(STDIN)
    reading, writing = os.pipe()
    for end in (reading, writing):
        fcntl.fcntl(end, fcntl.F_SETFL, os.O_NONBLOCK)
        fcntl.fcntl(end, fcntl.F_SETFD, fcntl.FD_CLOEXEC)
    handlers = {signal.SIGWINCH: lambda number, frame: ring(writing)}
    handlers.update(dict.fromkeys((signal.SIGTERM, signal.SIGHUP), interrupt))
    replaced = dict((number, signal.signal(number, new)) for number, new in handlers.items())
    ring(writing)  # it may have changed since its size was asked for
    try:
        tty.setraw(STDIN)
        yield reading
    finally:
        termios.tcsetattr(STDIN, termios.TCSADRAIN, before)
        for number, old in replaced.items():
            signal.signal(number, old)
        os.close(reading)
        os.close(writing)


def ring(descriptor):
    try:
        os.write(descriptor, b"!")
    except EnvironmentError as error:
        if error.errno != errno.EAGAIN:  # it rings already
            raise


def interrupt(number, frame):
    raise KeyboardInterrupt()
