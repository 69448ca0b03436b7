"""What a log may do to a terminal: colour its text, and nothing else."""

from __future__ import absolute_import, print_function, unicode_literals

import pytest

from controller.cli import terminal
from tests.faults import rows


def shown(data, cut=None):
    """:param cut: bytes a chunk, or None for all at once."""
    safe = terminal.SafeText()
    cut = cut or max(1, len(data))
    pieces = [safe.feed(data[at : at + cut]) for at in range(0, len(data), cut)]
    return "".join(pieces) + safe.flush()


HARMLESS = [
    (b"plain\ttext\r\n50%\r100%\n", "plain\ttext\r\n50%\r100%\n"),
    (b"\x1b[1;31mred\x1b[0m", "\x1b[1;31mred\x1b[0m"),
    (b"\x1b[38:2::255:0:0mrgb\x1b[m", "\x1b[38:2::255:0:0mrgb\x1b[m"),
    (
        "gr\u00fc\u00df \u4e2d\u6587 \U0001f600".encode("utf-8"),
        "gr\u00fc\u00df \u4e2d\u6587 \U0001f600",
    ),
    (b"not \xff utf-8", "not \ufffd utf-8"),
]

HARMFUL = [
    (b"a\x1b]52;c;cm0gLXJmIC8=\x07b", "ab"),  # fills the clipboard
    (b"a\x1b]8;;http://evil/\x1b\\link\x1b]8;;\x1b\\b", "alinkb"),  # a link that says another
    (b"a\x1b]0;title\x07b", "ab"),
    (b"a\xc2\x9d52;c;xx\xc2\x9cb", "ab"),  # the same as 8-bit controls
    (b"a\x1bP1$qm\x1b\\b", "ab"),  # makes the terminal answer
    (b"a\x1b_apc\x1b\\b\x1b^pm\x1b\\c\x1bXsos\x1b\\d", "abcd"),
    (b"a\x1b[2J\x1b[1;1H\x1b[5Ab", "ab"),  # moves over other lines
    (b"a\xc2\x9b2Jb\xc2\x9b31mc", "ab\x1b[31mc"),
    (b"a\x1b[6n\x1b[c\x1b[>4;1mb", "ab"),  # asks; and an "m" that is no colour
    (b"a\x1bcb\x1b(0c\x1b#8d\x1b=e", "abcde"),  # resets; charsets
    (b"a\x07\x08\x0b\x0c\x0e\x0f\x7fb", "ab"),
    (b"a\x1b\x1b[31mb", "a\x1b[31mb"),
    (b"a\x1b]0;no end\nnext line\n", "a\nnext line\n"),
    (b"a\x1b]0;x\x1b[31mb", "a\x1b[31mb"),
]


@rows.hostile(11)
@pytest.mark.parametrize("data, text", HARMLESS + HARMFUL)
@pytest.mark.parametrize("cut", [None, 1, 2, 3, 7])
def test_shows_text_and_colours_alone_however_it_is_cut(data, text, cut):
    assert shown(data, cut) == text


@pytest.mark.parametrize("data", [b"a\x1b", b"a\x1b[", b"a\x1b[31", b"a\x1b]52;c;x", b"a\x1b("])
def test_drops_what_never_ended(data):
    assert shown(data) == "a"


def test_holds_little_of_a_sequence_that_never_ends():
    safe = terminal.SafeText()
    text = safe.feed(b"\x1b[" + b"1;" * 5000)
    assert len(text) > 9000
    assert "\x1b" not in text


def test_an_endless_control_string_takes_no_memory_and_ends_with_its_line():
    safe = terminal.SafeText()
    for _ in range(100):
        assert safe.feed(b"\x1b]52;" + b"A" * 10000) == ""
    assert safe.feed(b"\nfree\n") == "\nfree\n"


def test_knows_the_colours_that_are_on():
    safe = terminal.SafeText()
    safe.feed(b"\x1b[1m\x1b[31mred")
    assert safe.colours == "\x1b[1m\x1b[31m"
    safe.feed(b"\x1b[0;32m")
    assert safe.colours == "\x1b[0;32m"
    safe.feed(b"\x1b[m")
    assert safe.colours == ""


def test_a_thousand_colours_are_not_all_remembered():
    safe = terminal.SafeText()
    for number in range(1000):
        safe.feed(b"\x1b[38;5;%dm" % (number % 256))
    assert len(safe.colours) < 300


def test_plain_is_one_line_without_controls():
    assert terminal.plain("a\x1b[31m\nb\r\x9bc\x07") == "a[31m b c"
