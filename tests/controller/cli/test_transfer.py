"""The bar of bytes on their way: true, as wide as the terminal, and out of the way of words."""

from __future__ import absolute_import, print_function, unicode_literals

import json
import os
import sys

import pexpect

from tests.lab import process

HERE = os.path.abspath(__file__)
TOP = HERE.rsplit(os.sep, 4)[0]
MIB = 1024 * 1024

CHILD = """import json, sys
sys.path.append(sys.argv[1])
from controller.cli import transfer
transfer.REDRAW_SECONDS = 0
with transfer.bar() as bar:
    for name, arguments in json.loads(sys.argv[2]):
        getattr(bar, name)(*arguments)
"""


def drawn(*calls, **environment):
    """:param calls: (method of the bar, its arguments). :returns: what a terminal of 60 columns gets."""
    values = dict(os.environ, TERM=str("xterm"), LC_ALL=str("C.UTF-8"))
    values.update(
        (process.native(key), process.native(value)) for key, value in environment.items()
    )
    child = pexpect.spawn(
        sys.executable,
        ["-B", "-c", CHILD, TOP, json.dumps(calls)],
        env=values,
        dimensions=(24, 60),
        timeout=120,
    )
    text = child.read().decode("utf-8")
    child.close()
    assert child.exitstatus == 0, text
    return text


def show(done, total, name="a"):
    return "show", [done, total, name]


def lines(text):
    """:returns: what was drawn, one text for each time."""
    for sign in ("\x1b[?25l", "\x1b[?25h", "\n"):
        text = text.replace(sign, "")
    return [one.rstrip() for one in text.split("\r") if one.strip()]


def test_it_shows_how_much_of_how_much():
    text = drawn(show(0, 4 * MIB), show(1 * MIB, 4 * MIB), show(4 * MIB, 4 * MIB, "b"))
    before, last = lines(text)[-2:]
    assert "25%" in before and "1.0 MiB of 4.0 MiB" in before
    assert "100%" in last and last.startswith("#" * 20)
    assert text.endswith("\n")


def test_it_is_never_wider_than_the_terminal():
    text = drawn(show(1023 * MIB, 1024 * MIB, "x" * 300))
    assert lines(text) and all(len(line) < 60 for line in lines(text))


def test_a_resumed_one_begins_where_it_is():
    assert "75%" in lines(drawn(show(3 * MIB, 4 * MIB)))[0]


def test_what_comes_again_does_not_go_back():
    """A file that came out wrong is fetched anew: the bar waits for it."""
    text = drawn(show(3 * MIB, 4 * MIB), show(1 * MIB, 4 * MIB), show(4 * MIB, 4 * MIB))
    assert "100%" in lines(text)[-1]


def test_words_stand_on_a_line_of_their_own():
    text = drawn(show(1 * MIB, 4 * MIB), ("say", ["cut\x1b]0;evil"]), show(4 * MIB, 4 * MIB))
    assert "\r\x1b[Ktristan: cut" in text and "\x1b]" not in text


def test_nothing_is_drawn_where_nobody_looks():
    text = drawn(show(1, 2), ("say", ["word"]), TERM="dumb")
    assert text == "tristan: word\r\n"
