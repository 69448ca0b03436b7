"""The live line on a real pseudo-terminal, drawn by a real child process."""

from __future__ import absolute_import, print_function, unicode_literals

import os
import re
import sys

import pexpect
import pytest

from controller import compat
from controller.cli import progress
from tests.controller.cli import fake

CHILD = os.path.join(os.path.dirname(os.path.abspath(__file__)), "child.py")


def spawn(*words, **environment):
    given = dict(os.environ, LC_ALL="C.UTF-8", TERM="xterm-256color", PYTHONIOENCODING="utf-8")
    given.pop("NO_COLOR", None)
    given.update(environment)
    given = {str(key): str(value) for key, value in given.items()}
    arguments = [str(CHILD)] + [str(word) for word in words]
    return pexpect.spawn(sys.executable, arguments, env=given, dimensions=(24, 100), timeout=120)


def run(*words, **environment):
    """:returns: every byte that reached the terminal, as text."""
    child = spawn(*words, **environment)
    data = child.read().decode("utf-8")
    child.close()
    return data


def drawn(data):
    """What a terminal shows: a carriage return goes to the line's beginning, CSI K clears its rest.

    :returns: (lines, whether text was ever written over other text).
    """
    lines, column, overwritten = [""], 0, False
    for token in re.findall("\x1b\\[[0-9;]*[A-Za-z]|.|\n", re.sub("\r+\n", "\n", data)):
        if token == "\n":
            lines.append("")
            column = 0
        elif token == "\r":
            column = 0
        elif token == "\x1b[K":
            lines[-1] = lines[-1][:column]
        elif not token.startswith("\x1b"):
            overwritten = overwritten or column < len(lines[-1])
            lines[-1] = lines[-1][:column] + token + lines[-1][column + 1 :]
            column += 1
    return lines, overwritten


def test_the_live_line_never_tears_the_log():
    data = run("torn", "build", "shop", "--branch", "main")
    lines, overwritten = drawn(data)
    assert not overwritten
    assert lines[1:7] == [
        "one",
        "two",
        "red",
        "tristan: connection lost",
        "still red \u20ac",
        "safe",
    ]
    assert "\u2714 success  shop branch main" in lines[7]
    assert not any("\u25b8" in line for line in lines)  # the live line is gone at the end


def test_the_live_line_shows_the_phases_and_its_time_goes_on():
    data = run("torn", "build", "shop", "--branch", "main")
    live = re.findall("\x1b\\[K([^\r\n]*sync[^\r\n]*)", data)
    plain = [re.sub("\x1b\\[[0-9;]*m", "", line) for line in live]
    assert re.match("\u2714 sync 0.1s  \u25b8 build [0-9.]+s$", plain[0])
    assert len(set(plain)) >= 3


def test_a_colour_goes_on_behind_the_live_line():
    data = run("torn", "build", "shop", "--branch", "main")
    assert "\x1b[31mstill red" in data
    assert "\x1b]52" not in data
    assert "aGk=" not in data


@pytest.mark.parametrize("environment", [{"TERM": "dumb"}])
def test_a_dumb_terminal_gets_plain_lines(environment):
    data = run("torn", "build", "shop", "--branch", "main", **environment)
    assert "==> sync\r\n==> build\r\n" in data
    assert "\x1b[K" not in data


def test_no_color_leaves_the_live_line_without_colour():
    data = run("torn", "build", "shop", "--branch", "main", NO_COLOR="1")
    assert "\u2714 sync 0.1s  \u25b8 build" in data


def test_ascii_on_a_terminal_without_utf_8():
    data = run("torn", "build", "shop", "--branch", "main", LC_ALL="C")
    assert "sync 0.1s" in data
    assert "\u25b8" not in data


def line(phases, columns):
    live = progress.LivePhases(joined_late=False)
    live.update({"phases": phases})
    return re.sub("\x1b\\[[0-9;]*m", "", live.line(columns))


@pytest.mark.parametrize("columns", range(0, 60))
def test_the_line_fits_whatever_the_width(columns, monkeypatch):
    monkeypatch.setattr(compat, "monotonic", lambda: 7.0)
    names = ("sync", "source", "image")
    phases = [fake.phase(name, "success", wall_seconds=1) for name in names]
    phases += [fake.phase("build", "running"), fake.phase("clean", "waiting")]
    text = line(phases, columns)
    assert len(text) <= columns
    assert "clean" not in text
    if columns >= 12:
        assert text.endswith("\u25b8 build 0.0s")


def test_phases_said_once_in_a_pipe(capfd):
    plain = progress.PlainPhases()
    for state in ("waiting", "running", "success"):
        plain.update({"phases": [fake.phase("build", state), fake.phase("clean", "skipped")]})
    assert capfd.readouterr()[1] == "==> build\n"
