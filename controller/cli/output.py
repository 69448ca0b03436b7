"""How the command line writes values: aligned tables, sizes, durations, symbols, JSON.

Colour reaches a terminal only and honours NO_COLOR; what is unknown is ``-`` everywhere.
"""

from __future__ import absolute_import, print_function, unicode_literals

import calendar
import json
import os
import time
import unicodedata

import click
import six

from controller.cli import terminal

UNKNOWN = "-"

_SYMBOLS = {
    "ok": ("\u2714", "ok"),
    "warn": ("!", "!"),
    "fail": ("\u2718", "x"),
    "info": ("\u00b7", "-"),
    "running": ("\u25b8", ">"),
    "arrow": ("\u2192", "->"),
    "more": ("\u2026", "..."),
}

_KIND_OF_STATE = {
    "success": "ok",
    "running": "running",
    "cancelled": "warn",
    "skipped": "info",
    "waiting": "info",
}

_COLOURS = {"ok": "green", "warn": "yellow", "fail": "red", "running": "cyan"}


def speaks_unicode(environment=None):
    """:returns: whether the locale says that the terminal shows UTF-8.

    The order LC_ALL, LC_CTYPE, LANG is POSIX's (XBD 8.2).
    """
    environment = os.environ if environment is None else environment
    for name in ("LC_ALL", "LC_CTYPE", "LANG"):
        value = environment.get(name, "")
        if value:
            return "utf-8" in value.lower() or "utf8" in value.lower()
    return False


def symbol(kind):
    """:returns: the sign of a key of _SYMBOLS, in ASCII where the terminal has no other."""
    return _SYMBOLS[kind][0 if speaks_unicode() else 1]


def kind_of_state(state):
    """:param state: a build's or a phase's state. :returns: a kind of symbol and colour."""
    return _KIND_OF_STATE.get(state, "fail")


def coloured(text, kind):
    colour = _COLOURS.get(kind)
    return click.style(text, fg=colour) if colour else text


def colour_wanted(environment=None):
    """:returns: False when colour is unwanted anywhere, None to let the stream decide. https://no-color.org"""
    environment = os.environ if environment is None else environment
    unwanted = environment.get("NO_COLOR") or environment.get("TERM") == "dumb"
    return False if unwanted else None


def text_of(value):
    """:returns: a value that came from a machine as one harmless line of text."""
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    if value is None or value == "":
        return UNKNOWN
    return terminal.plain(six.text_type(value)) or UNKNOWN


def number(value):
    """:returns: the value when it is a number at all, else None."""
    is_number = isinstance(value, six.integer_types + (float,)) and not isinstance(value, bool)
    return value if is_number else None


def size(value):
    """:param value: bytes, or None when unknown."""
    value = number(value)
    if value is None:
        return UNKNOWN
    if value < 1024:
        return "%d B" % value
    for unit in ("KiB", "MiB", "GiB"):
        value /= 1024.0
        if value < 1024:
            return "%.1f %s" % (value, unit)
    return "%.1f TiB" % (value / 1024.0)


def duration(value):
    """:param value: seconds, or None when unknown."""
    value = number(value)
    if value is None or value < 0:
        return UNKNOWN
    if value < 9.95:
        return "%.1fs" % value
    seconds = int(round(value))
    if seconds < 60:
        return "%ds" % seconds
    if seconds < 3600:
        return "%dm %02ds" % divmod(seconds, 60)
    return "%dh %02dm" % divmod(seconds // 60, 60)


def counted(count, kind):
    """:returns: e.g. "1 image", "2 docker registries"."""
    if count == 1:
        return "1 " + kind
    return "%d %s" % (count, kind[:-1] + "ies" if kind.endswith("y") else kind + "s")


def parse_time(value):
    """:param value: ISO 8601 in UTC. :returns: seconds since the epoch, or None."""
    if not isinstance(value, (bytes, six.text_type)):
        return None
    try:
        return calendar.timegm(time.strptime(value[:19], "%Y-%m-%dT%H:%M:%S"))
    except (TypeError, ValueError):
        return None


def ago(value, now=None):
    """:param value: ISO 8601 in UTC. :returns: e.g. "3m ago"."""
    then = parse_time(value)
    if then is None:
        return UNKNOWN
    seconds = int(max(0, (time.time() if now is None else now) - then))
    for unit, length in (("d", 86400), ("h", 3600), ("m", 60)):
        if seconds >= length:
            return "%d%s ago" % (seconds // length, unit)
    return "%ds ago" % seconds


def width(text):
    """:returns: columns the text takes on a terminal; wide East Asian characters take two."""
    return sum(_character_width(character) for character in text)


def _character_width(character):
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def table(rows, heading=None, right=()):
    """Columns aligned with two spaces between them.

    :param rows: list of lists; a cell is a text, or a pair (text, kind of colour).
    :param heading: list of texts, or None.
    :param right: indexes of the columns that are aligned to the right (numbers).
    :returns: list of lines.
    """
    rows = [[cell if isinstance(cell, tuple) else (cell, None) for cell in row] for row in rows]
    if heading is not None:
        rows.insert(0, [(title, None) for title in heading])
    widths = [max(width(text) for text, _ in column) for column in zip(*rows)]
    return [_line(row, widths, right) for row in rows]


def _line(row, widths, right):
    cells = []
    for index, (text, kind) in enumerate(row):
        padding = " " * (widths[index] - width(text))
        styled = coloured(text, kind)
        cells.append(padding + styled if index in right else styled + padding)
    return "  ".join(cells).rstrip()


def print_json(document):
    """One JSON document on stdout; printable ASCII only, so no terminal can be harmed by a value in it."""
    # DEL is a control character, and the one that json leaves as it is.
    click.echo(json.dumps(document, indent=2, sort_keys=True).replace("\x7f", "\\u007f"))


def advise(remedy, color=None):
    """:param remedy: text, what to do; a line for each way, or nothing."""
    for line in remedy.splitlines():
        say("  %s %s" % (symbol("arrow"), text_of(line)), color)


def say(text="", color=None):
    """A word to the person: on stderr, so that stdout holds results only."""
    click.echo(text, err=True, color=color)
