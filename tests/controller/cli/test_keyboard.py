"""The person's own terminal while they talk to a machine."""

from __future__ import absolute_import, print_function, unicode_literals

import fcntl
import os
import struct
import termios

import pytest

from controller.cli import keyboard


class Ended(object):
    """A terminal whose command has ended; keeps what it was told."""

    def __init__(self, descriptor):
        self.sizes = []
        self.fileno = lambda: descriptor

    def resize(self, columns, rows):
        self.sizes.append((columns, rows))

    def take(self):
        return b"", b"", True

    def exit_status(self, timeout):
        return 0


@pytest.fixture
def person(monkeypatch):
    """Descriptor of this process's terminal."""
    ours, theirs = os.openpty()
    monkeypatch.setattr(keyboard, "STDIN", theirs)
    yield theirs
    os.close(ours)
    os.close(theirs)


def set_size(descriptor, columns, rows):
    size = struct.pack(str("HHHH"), rows, columns, 0, 0)
    fcntl.ioctl(descriptor, termios.TIOCSWINSZ, size)


def test_a_size_that_changes_while_the_machine_is_called_is_told(person):
    set_size(person, 80, 24)
    assert keyboard.size() == (80, 24)
    set_size(person, 132, 50)
    with open(os.devnull, "rb") as nothing, keyboard.raw() as window:
        terminal = Ended(nothing.fileno())
        assert keyboard.talk(terminal, window) == 0
    assert terminal.sizes == [(132, 50)]
