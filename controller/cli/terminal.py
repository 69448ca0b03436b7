"""A build's log made safe for the terminal it is shown on.

In: the log's bytes, in chunks cut anywhere. Out: text in which colours (SGR) are the only escape
sequences left. A build may print anything; what reaches the terminal must not be able to set its
title, fill the clipboard (OSC 52), make links (OSC 8), move the cursor over other lines or make
the terminal answer. Source of the grammar: ECMA-48 5.4 (control sequences) and 5.6 (control
strings), and xterm's ctlseqs.
"""

from __future__ import absolute_import, print_function, unicode_literals

import codecs
import re

_SPECIAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_MISLEADING = re.compile("[\u2028-\u202e\u2066-\u2069]")
"""Line ends besides ours, and what turns the direction of writing: a name may not look like another one."""
_CONTROL_SEQUENCE = re.compile("(?:\x1b\\[|\x9b)([0-?]{0,56})([ -/]{0,4})([@-~])")
_COLOUR_PARAMETERS = re.compile("[0-9;:]*\\Z")
_STRING_START = re.compile("\x1b[PX\\]^_]|[\x90\x98\x9d\x9e\x9f]")
# A newline ends a string too: a forgotten terminator must not swallow the rest of the log.
_STRING_END = re.compile("\x1b\\\\|[\x07\x18\x1a\x9c]|(?=\n)|\x1b(?=[^\\\\])")
_OTHER_ESCAPE = re.compile("\x1b[ -/]*[0-OQ-WYZ\\\\`-~]")
_INCOMPLETE = re.compile("(?:\x1b|(?:\x1b\\[|\x9b)[0-?]*[ -/]*|\x1b[ -/]+)\\Z")

_LONGEST_SEQUENCE = 64
"""Characters; a colour needs fewer than 20, so what is longer than this, or almost, is no colour."""

_LONGEST_COLOURS = 256
RESET = "\x1b[0m"


def plain(text):
    """:returns: one line of text without any control character, for tables and messages."""
    text = text.encode("utf-8", "replace").decode("utf-8")  # half a character can't be written
    text = _SPECIAL.sub("", text.replace("\r", " ").replace("\n", " "))
    return _MISLEADING.sub(" ", text)


def lines(text):
    """:returns: text of several lines, each of them plain."""
    return "\n".join(plain(line) for line in text.split("\n"))


class SafeText(object):
    """Turns a log's bytes into text that is safe to show; keeps what a cut left unfinished."""

    def __init__(self):
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._held = ""
        self._in_string = False
        self.colours = ""
        """The escape sequences that bring back the colours the log has set so far."""

    def feed(self, data):
        """:param data: bytes, the next ones. :returns: text that can be shown now."""
        return self._filter(self._held + self._decoder.decode(data))

    def flush(self):
        """:returns: the rest; an escape sequence that never ended is dropped."""
        rest = self._filter(self._held + self._decoder.decode(b"", True))
        self._held = ""
        return rest

    def _filter(self, text):
        self._held = ""
        shown = []
        position = 0
        while position < len(text):
            if self._in_string:
                position = self._skip_string(text, position)
                continue
            special = _SPECIAL.search(text, position)
            if special is None:
                shown.append(text[position:])
                break
            shown.append(text[position : special.start()])
            position = self._sequence(text, special.start(), shown)
        return "".join(shown)

    def _skip_string(self, text, position):
        """:returns: the position behind the control string, or the text's end."""
        end = _STRING_END.search(text, position)
        if end is not None:
            self._in_string = False
            # An escape that is no terminator begins the next sequence.
            return end.start() if end.group() == "\x1b" else end.end()
        if text.endswith("\x1b"):
            self._held = "\x1b"
        return len(text)

    def _sequence(self, text, position, shown):
        """Deal with the control character at ``position``. :returns: the position to go on at."""
        control = _CONTROL_SEQUENCE.match(text, position)
        if control is not None:
            shown.append(self._colour(*control.groups()))
            return control.end()
        string = _STRING_START.match(text, position)
        if string is not None:
            self._in_string = True
            return string.end()
        other = _OTHER_ESCAPE.match(text, position)
        if other is not None:
            return other.end()
        unfinished = _INCOMPLETE.match(text, position) and len(text) - position <= _LONGEST_SEQUENCE
        if unfinished:
            self._held = text[position:]
            return len(text)
        return position + 1

    def _colour(self, parameters, intermediate, final):
        """:returns: the sequence when it sets colours and nothing else, or nothing."""
        if final != "m" or intermediate or not _COLOUR_PARAMETERS.match(parameters):
            return ""
        sequence = "\x1b[" + parameters + "m"
        resets = parameters.strip("0;") == "" or parameters.startswith("0;")
        if resets or len(self.colours) > _LONGEST_COLOURS:
            self.colours = ""
        if parameters.strip("0;"):
            self.colours += sequence
        return sequence
