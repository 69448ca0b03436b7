"""A watched build on the screen: its log as it comes, and its phases.

In: the calls of Controller.watch on its sink (``log``, ``status``, ``note``). Out, on a terminal:
the log made safe, and below it one live line of phases; in a pipe: the log's bytes as they are on
stdout, and a plain line ``==> build`` on stderr as each phase begins.
"""

from __future__ import absolute_import, print_function, unicode_literals

import errno
import fcntl
import os
import struct
import sys
import termios
import threading
import time

import click

from controller import compat
from controller.cli import output, terminal

_ERASE = "\r\x1b[K"
_NOT_BEGUN = ("waiting", "skipped", "", None)


class ReaderGone(KeyboardInterrupt):
    """Who read our output went away.

    An interrupt and no EnvironmentError: nobody may take it for a broken connection to the machine.
    """


def screen(log_to_stderr=False, joined_late=False):
    """:param log_to_stderr: with ``--json`` stdout is for the result.
    :param joined_late: whether the build ran before we began to watch it.
    :returns: a sink for Controller.watch.
    """
    name = "stderr" if log_to_stderr else "stdout"
    stream = getattr(sys, name)
    binary = getattr(stream, "buffer", stream)  # on 2.7 the stream itself takes bytes
    if not stream.isatty():
        return Screen(RawLog(binary), PlainPhases())
    log = TerminalLog(binary, getattr(stream, "encoding", None) or "utf-8")
    if sys.stderr.isatty() and os.environ.get("TERM") != "dumb":
        return LiveScreen(log, LivePhases(joined_late))
    return Screen(log, PlainPhases())


class RawLog(object):
    """The log's own bytes, for a pipe or a file.

    :param stream: binary file object.
    """

    middle_of_line = False  # in a pipe nothing of ours ever stands between the log's bytes

    def __init__(self, stream):
        self._stream = stream

    def write(self, data):
        _write(self._stream, data)

    def close(self):
        return


class TerminalLog(object):
    """The log as text that can do a terminal no harm.

    :param stream: binary file object of the terminal.
    :param encoding: text, what the terminal speaks.
    """

    def __init__(self, stream, encoding):
        self._stream = stream
        self._encoding = encoding
        self._safe = terminal.SafeText()
        self.middle_of_line = False

    def write(self, data, before="", after=None):
        """:param before: text shown first. :param after: gives the text shown last."""
        colours = self._safe.colours
        text = self._safe.feed(data)
        if text:
            self.middle_of_line = not text.endswith("\n")
            before += colours  # a line of ours may have ended them
        self.show(before + text + (after() if after else ""))

    def show(self, text):
        """Our own text, in one write: a half-drawn line is never seen."""
        if text:
            _write(self._stream, text.encode(self._encoding, "replace"))

    def end_line(self):
        """Leave the log's unfinished line, so that a line of ours can follow."""
        text = terminal.RESET if self._safe.colours else ""
        if self.middle_of_line:
            text += "\n"
        self.middle_of_line = False
        self.show(text)

    def close(self):
        rest = self._safe.flush()
        if rest:
            self.middle_of_line = not rest.endswith("\n")
            self.show(rest)
        self.end_line()


class PlainPhases(object):
    """A line for each phase as it begins."""

    def __init__(self):
        self._said = set()
        self._attempt = None

    def update(self, status):
        if status.get("attempt") != self._attempt:  # it begins anew
            self._said, self._attempt = set(), status.get("attempt")
        for phase in phases_of(status):
            name = phase.get("name")
            if phase.get("state") not in _NOT_BEGUN and name not in self._said:
                self._said.add(name)
                output.say("==> " + output.text_of(name))


class LivePhases(object):
    """The live line's text; the running phase's time goes on between statuses.

    :param joined_late: the first status is of a phase that may have begun long ago.
    """

    def __init__(self, joined_late):
        self._joined_late = joined_late
        self._phases = []
        self._began = {}
        self._attempt = None

    def update(self, status):
        if status.get("attempt") != self._attempt:  # it begins anew
            self._began, self._attempt = {}, status.get("attempt")
        self._phases = phases_of(status)
        for phase in self._phases:
            name = phase.get("name")
            if phase.get("state") == "running" and name not in self._began:
                self._began[name] = compat.monotonic() - self._missed(phase)
        self._joined_late = False

    def _missed(self, phase):
        """Seconds the phase ran before we saw it; by two clocks, for want of better."""
        then = output.parse_time(phase.get("started_at")) if self._joined_late else None
        return max(0, time.time() - then) if then is not None else 0

    def line(self, columns):
        """:returns: coloured text, at most ``columns`` wide; the newest phases stay in it."""
        cells = [
            self._cell(phase) for phase in self._phases if phase.get("state") not in _NOT_BEGUN
        ]
        more = output.symbol("more") + "  "
        room = columns
        while len(cells) > 1 and _width(cells) > room:
            cells.pop(0)
            room = columns - output.width(more)
        if not cells or _width(cells) > columns:
            return ""
        text = "  ".join(output.coloured(sign, kind) + rest for sign, kind, rest in cells)
        return more + text if _width(cells) <= room < columns else text

    def _cell(self, phase):
        name = phase.get("name")
        kind = output.kind_of_state(phase.get("state"))
        seconds = phase.get("wall_seconds")
        if phase.get("state") == "running":
            seconds = compat.monotonic() - self._began[name]
        rest = " %s %s" % (output.text_of(name), output.duration(seconds))
        return output.symbol(kind), kind, rest


class Screen(object):
    """The sink where nothing is drawn twice.

    ``next_offset`` is the byte of the log that comes next, ``last_status`` the newest status.
    """

    def __init__(self, log, phases):
        self._log = log
        self._phases = phases
        self.next_offset = 0
        self.last_status = {}

    def log(self, data, offset):
        self._log.write(data)
        self.next_offset = offset + len(data)

    def status(self, status):
        self.last_status = status
        self._leave_line()
        self._phases.update(status)

    def note(self, text):
        self._leave_line()
        output.say("tristan: " + terminal.plain(text))

    def close(self):
        self._log.close()

    def _leave_line(self):
        if self._log.middle_of_line:
            self._log.end_line()


class LiveScreen(Screen):
    """The sink of a terminal.

    The live line is taken away before anything else is written, and drawn again after it.
    """

    def __init__(self, log, phases):
        super(LiveScreen, self).__init__(log, phases)
        self._lock = threading.RLock()
        self._drawn = False
        self._closed = threading.Event()
        self._ticker = threading.Thread(target=self._tick)
        self._ticker.daemon = True
        self._ticker.start()

    def log(self, data, offset):
        with self._lock:
            before = _ERASE if self._drawn else ""
            self._drawn = False
            self._log.write(data, before, self._drawing)
            self.next_offset = offset + len(data)

    def status(self, status):
        with self._lock:
            self.last_status = status
            self._phases.update(status)
            self._redraw()

    def note(self, text):
        with self._lock:
            self._erase()
            super(LiveScreen, self).note(text)
            self._redraw()

    def close(self):
        self._closed.set()
        with self._lock:
            self._erase()
            self._log.close()

    def _tick(self):
        while not self._closed.wait(1.0):
            with self._lock:
                if not self._closed.is_set():
                    self._redraw()

    def _erase(self):
        if self._drawn:
            self._log.show(_ERASE)
            self._drawn = False

    def _redraw(self):
        self._log.show(self._drawing())

    def _drawing(self):
        """:returns: the text that draws the line; nothing while the log is in mid-line."""
        if self._log.middle_of_line:
            return ""
        line = self._phases.line(columns() - 1)
        if not line and not self._drawn:
            return ""
        self._drawn = True
        if output.colour_wanted() is False:
            line = click.unstyle(line)
        # The log's colours end before the line; TerminalLog brings them back before its next text.
        return terminal.RESET + _ERASE + line


def phases_of(status):
    """:returns: list of dicts; a status is a file that others could have written to."""
    phases = status.get("phases")
    return (
        [phase for phase in phases if isinstance(phase, dict)] if isinstance(phases, list) else []
    )


def columns():
    """:returns: the terminal's width now; it may change at any time."""
    for descriptor in (1, 2):
        try:
            answer = fcntl.ioctl(descriptor, termios.TIOCGWINSZ, b"\0" * 8)
        except EnvironmentError:
            continue
        width = struct.unpack(str("HHHH"), answer)[1]
        if width:
            return width
    return 80


def _width(cells):
    return sum(output.width(sign + rest) for sign, _, rest in cells) + 2 * (len(cells) - 1)


def _write(stream, data):
    try:
        stream.write(data)
        stream.flush()
    except EnvironmentError as error:
        if error.errno != errno.EPIPE:
            raise
        raise ReaderGone()
