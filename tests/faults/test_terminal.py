"""Whatever a log, a name or an error says, a terminal shows text and colours, and does nothing else."""

from __future__ import absolute_import, print_function, unicode_literals

import io
import json
import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from controller import errors
from controller.cli import output, progress, report
from controller.notify.document import clean
from tests.controller.cli import ecma48
from tests.faults import rows, table

EXAMPLES = settings(max_examples=table.Injections.count(200, 3000), deadline=None)

INTRODUCERS = [
    b"\x1b", b"\x1b[", b"\x9b", b"\xc2\x9b", b"\x1b]", b"\x9d", b"\xc2\x9d", b"\x1bP", b"\x90", b"\xc2\x90",
    b"\x1b_", b"\x9f", b"\x1b^", b"\x9e", b"\x1bX", b"\x98", b"\xc2\x98", b"\x1b(", b"\x1b#", b"\x1b%", b"\x1b ",
]  # fmt: skip
HARM = [
    b"\x1b]52;c;cm0gLXJmIC8=\x07", b"\x1b]8;;http://evil/\x1b\\link\x1b]8;;\x1b\\", b"\x1b]0;title\x07",
    b"\x1b]1337;File=:AA\x07", b"\x1b[2J\x1b[1;1H", b"\x1b[6n", b"\x1b[?1049h", b"\x1b[?2004h", b"\x1b[21t",
    b"\x1b[>4;1m", b"\x1b[4 m", b"\x1bc", b"\x1b(0", b"\x1bP$q\x1b\\", b"\x1b[5i", b"\x05", b"\x0e", b"\x08",
    b"\x7f", b"\xc2\x85", b"\x84", b"\r\x1b[K", b"<script>alert(1)</script>", b"\x1b[!p", b"\x1b[\n2J",
    b"\x1b[1\x1b[2J", b"\x1b\x1b[2J", b"\x1b]0;\x1b[2J", b"\x1b[38;5;\x9b2J", b"\xe2\x1b[2J", b"\x1b[" + b"1" * 80,
]  # fmt: skip
ENDS = [
    b"\x07",
    b"\x1b\\",
    b"\x9c",
    b"\xc2\x9c",
    b"\x18",
    b"\x1a",
    b"\n",
    b"m",
    b"H",
    b"J",
    b"h",
    b"0;31",
    b"?",
    b";",
]
COLOURS = [b"\x1b[31m", b"\x1b[0m", b"\x1b[m", b"\x1b[1;38;5;196m", b"\x1b[48:2::1:2:3m"]
TEXT = [
    b"text ",
    b"\n",
    b"\t",
    b"\r\n",
    "gr\u00fc\u00df \u5206 \U0001f600".encode("utf-8"),
    b"<b>&",
]

_anything = st.lists(
    st.sampled_from(INTRODUCERS + HARM + ENDS + COLOURS + TEXT) | st.binary(max_size=6), max_size=12
).map(b"".join)
_cuts = st.lists(st.integers(0, 200), max_size=6)


def shown(log, cuts=(), encoding="utf-8"):
    """:returns: bytes that reach a terminal of a log that arrives in pieces."""
    stream = io.BytesIO()
    screen = progress.TerminalLog(stream, encoding)
    at = 0
    for cut in sorted(cuts) + [len(log)]:
        screen.write(log[at:cut])
        at = max(at, cut)
    screen.close()
    return stream.getvalue()


def text_of(data):
    """:returns: bytes without colours, which are set again after a line of ours."""
    return re.sub(b"\x1b\\[[0-9;:]*m", b"", data)


@rows.hostile(11)
def test_the_reader_by_the_book_sees_each_kind_of_harm():
    """So that the other tests of this file can fail."""
    for data in HARM:
        if not data.startswith(b"<"):
            assert ecma48.harm(data, "latin-1"), data
    for data in COLOURS + TEXT:
        assert not ecma48.harm(data), data


@rows.hostile(11)
@pytest.mark.parametrize("data", HARM)
def test_known_harm_is_shown_as_text_or_not_at_all(injections, data):
    with injections.measured():
        for cut in range(len(data) + 1):
            log = b"before " + data + b" after\n\x1b[31mred\x1b[0m\n"
            found = shown(log, [len(b"before ") + cut])
            assert not ecma48.harm(found), found
            assert b"\x1b[31mred\x1b[0m\n" in found


@rows.hostile(11)
@EXAMPLES
@given(log=_anything, cuts=_cuts, encoding=st.sampled_from(["utf-8", "latin-1", "ascii"]))
def test_no_log_makes_the_terminal_do_more_than_show_text_and_colours(log, cuts, encoding):
    found = shown(log, cuts, encoding)
    assert not ecma48.harm(found, encoding)
    assert text_of(found) == text_of(shown(log, [], encoding)), "how it was cut does not matter"


@rows.hostile(11)
@EXAMPLES
@given(log=st.lists(st.sampled_from(COLOURS + TEXT), max_size=12).map(b"".join), cuts=_cuts)
def test_text_and_colours_come_through(log, cuts):
    found = shown(log)
    assert found.startswith(log)
    assert found[len(log) :] in (b"", b"\n", b"\x1b[0m", b"\x1b[0m\n")
    assert text_of(shown(log, cuts)) == text_of(found)


_texts = st.text(max_size=20) | _anything.map(lambda data: data.decode("utf-8", "replace"))
_names = _texts | _anything.map(lambda data: data.decode("latin-1"))


@rows.hostile(11)
@EXAMPLES
@given(text=_names | st.text(alphabet="\ud800\udc00\u202e\u2066\u2028ab", max_size=5))
def test_a_name_in_a_table_is_one_line_of_text(text):
    line = output.text_of(text)
    assert not ecma48.harm(line.encode("utf-8"))
    assert not set(line) & set("\r\n\u2028\u2029\u202e\u2066")


@rows.hostile(11)
@settings(
    EXAMPLES,
    max_examples=table.Injections.count(20, 300),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(text=_names)
def test_errors_tracebacks_and_json_of_such_texts_are_text(text, said):
    try:
        raise errors.ProtocolError(text, remedy=text, cause=text)
    except errors.ProtocolError as error:
        report.write(error)
        output.say(report.masked_traceback(error))
        output.print_json(report.as_document(error))
    found = said()
    assert not ecma48.harm(found), found


@pytest.fixture
def said(capfdbinary):
    """Function: :returns: bytes written since it was called last."""

    def read():
        captured = capfdbinary.readouterr()
        return captured.out + captured.err

    return read


@rows.hostile(11)
@EXAMPLES
@given(text=_names)
def test_what_is_told_of_a_build_is_text(text):
    cleaned = clean(text)
    assert not ecma48.harm(cleaned.encode("utf-8", "replace"))
    json.dumps(cleaned)
