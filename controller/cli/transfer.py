"""Bytes on their way, as a bar on stderr: how many of how many, how fast, how long yet.

In: calls of ``show(done, total, name)``. Out: click's bar on a terminal, nothing elsewhere.
"""

from __future__ import absolute_import, print_function, unicode_literals

import contextlib
import os
import sys

import click

from controller import compat
from controller.cli import output, progress

REDRAW_SECONDS = 0.1
BAR_WIDTH = 20
TEMPLATE = "%(bar)s %(info)s"

_ERASE = "\r\x1b[K"


@contextlib.contextmanager
def bar():
    """:returns: something with show(done, total, name) and say(text)."""
    made = Bar() if sys.stderr.isatty() and os.environ.get("TERM") != "dumb" else NoBar()
    try:
        yield made
    finally:
        made.close()


class NoBar(object):
    """For a pipe: words only."""

    def show(self, done, total, name):
        """Nobody looks."""

    def say(self, text):
        output.say("tristan: " + output.text_of(text))

    def close(self):
        """Nothing was drawn."""


class Bar(NoBar):
    """click's bar, drawn a few times a second."""

    def __init__(self):
        self._bar = None
        self._first = self._begun = self._drawn = 0

    def show(self, done, total, name):
        """:param done: bytes. :param total: bytes. :param name: text, what comes now."""
        now = compat.monotonic()
        if self._bar is None:
            self._begin(now, done, total)
        if now - self._drawn < REDRAW_SECONDS and done < total:
            return
        self._drawn = now
        self._bar.current_item = self._words(now, done, total, name)
        self._bar.update(max(0, done - self._bar.pos))

    def say(self, text):
        if self._bar is not None:
            click.echo(_ERASE, err=True, nl=False)
        super(Bar, self).say(text)

    def close(self):
        if self._bar is not None:
            self._bar.render_finish()
            self._bar = None

    def _begin(self, now, done, total):
        self._first, self._begun = done, now
        self._bar = click.progressbar(
            length=total,
            width=BAR_WIDTH,
            bar_template=TEMPLATE,
            show_eta=False,
            item_show_func=lambda item: item,
            file=sys.stderr,
        )
        self._bar.short_limit = 0  # click 7 would draw nothing for half a second

    def _words(self, now, done, total, name):
        """What stands beside the bar, as wide as the terminal lets it be."""
        speed = (done - self._first) / max(now - self._begun, 0.001)
        left = (total - done) / speed if speed else None
        words = "%s of %s  %s/s  %s left  %s" % (
            output.size(done),
            output.size(total),
            output.size(speed),
            output.duration(left),
            output.text_of(name),
        )
        return words[: max(0, progress.columns() - BAR_WIDTH - len(" 100%  ") - 1)]
