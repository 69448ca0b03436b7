"""Tables, sizes, durations, symbols."""

from __future__ import absolute_import, print_function, unicode_literals

import click
import pytest

from controller.cli import output


@pytest.mark.parametrize(
    "value, text",
    [(None, "-"), ("x", "-"), (True, "-"), (0, "0 B"), (1023, "1023 B"), (1536, "1.5 KiB"),
     (300 * 1024 ** 2, "300.0 MiB"), (5 * 1024 ** 4, "5.0 TiB")],
)  # fmt: skip
def test_size(value, text):
    assert output.size(value) == text


@pytest.mark.parametrize(
    "value, text",
    [(None, "-"), (-1, "-"), ([], "-"), (0, "0.0s"), (0.44, "0.4s"), (9.97, "10s"), (59.4, "59s"),
     (59.7, "1m 00s"), (185, "3m 05s"), (7385, "2h 03m")],
)  # fmt: skip
def test_duration(value, text):
    assert output.duration(value) == text


@pytest.mark.parametrize(
    "seconds, text", [(-30, "0s ago"), (5, "5s ago"), (200, "3m ago"), (90000, "1d ago")]
)
def test_ago(seconds, text):
    then = output.parse_time("2026-11-21T06:55:12.123Z")
    assert output.ago("2026-11-21T06:55:12.123Z", then + seconds) == text


@pytest.mark.parametrize("value", [None, "", "yesterday", 5, {}])
def test_no_time_is_unknown(value):
    assert output.ago(value) == "-"


def test_table_aligns_wide_characters_and_coloured_cells():
    rows = [["\u4e2d\u6587", ("ok", "ok"), "1"], ["ab", ("failed", "fail"), "100"]]
    lines = [click.unstyle(line) for line in output.table(rows, ["NAME", "STATE", "N"], right=(2,))]
    assert lines == [
        "NAME  STATE     N",
        "\u4e2d\u6587  ok        1",
        "ab    failed  100",
    ]
    assert [output.width(line) for line in lines] == [17, 17, 17]


def test_an_empty_table_has_no_lines():
    assert output.table([]) == []


@pytest.mark.parametrize(
    "environment, expected",
    [({}, False), ({"LANG": "de_DE.UTF-8"}, True), ({"LANG": "C"}, False),
     ({"LC_ALL": "C", "LANG": "de_DE.UTF-8"}, False), ({"LC_ALL": "", "LC_CTYPE": "C.utf8"}, True)],
)  # fmt: skip
def test_unicode_is_the_locales_word(environment, expected):
    assert output.speaks_unicode(environment) is expected


@pytest.mark.parametrize(
    "environment, expected",
    [({}, None), ({"NO_COLOR": "1"}, False), ({"NO_COLOR": ""}, None), ({"TERM": "dumb"}, False)],
)
def test_colour_is_wanted_unless_said_otherwise(environment, expected):
    assert output.colour_wanted(environment) is expected


def test_every_symbol_has_an_ascii_form(monkeypatch):
    monkeypatch.setenv(str("LC_ALL"), str("C"))
    for kind in output._SYMBOLS:
        output.symbol(kind).encode("ascii")


def test_a_machines_text_is_one_harmless_line():
    assert output.text_of("a\x1b]0;x\x07\nb") == "a]0;x b"
    assert output.text_of(b"\xff") == "\ufffd"
    assert output.text_of({"a": 1}) != ""
