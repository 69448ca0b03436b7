"""What a terminal does with bytes, by the book: ECMA-48 (5th edition) 5.2-5.6, read as DEC's VT500 reads it.

In: the bytes of a terminal that speaks an encoding. Out: a list of what it does, one after the other:
("text", code point), ("control", code point) for C0, C1 and DEL, ("escape", text), ("sequence", parameters, final) of
CSI, ("string", name, length) of DCS, SOS, OSC, PM and APC.

Nothing is forgiven: a sequence that is cut, or that another control breaks, is told as it stands.
"""

from __future__ import absolute_import, print_function, unicode_literals

STRINGS = {0x90: "DCS", 0x98: "SOS", 0x9D: "OSC", 0x9E: "PM", 0x9F: "APC"}
HARMLESS = {0x09, 0x0A, 0x0D}


def actions(data, encoding="utf-8"):
    """:param data: bytes. :returns: list of tuples."""
    return Reader(data.decode(encoding, "replace")).read()


def harm(data, encoding="utf-8"):
    """What of it is more than text, tabs, line ends and colours. :returns: list of actions."""
    return [action for action in actions(data, encoding) if not harmless(action)]


def harmless(action):
    if action[0] == "control":
        return action[1] in HARMLESS
    if action[0] == "sequence":
        return action[2] == "m" and not action[1].strip("0123456789;:")
    return action[0] == "text"


class Reader(object):
    """One reading of a text, character by character."""

    def __init__(self, text):
        self._codes = [ord(letter) for letter in text]
        self._at = 0
        self._found = []

    def read(self):
        while self._at < len(self._codes):
            self._one()
        return self._found

    def _one(self):
        code = self._next()
        if code == 0x1B:
            self._escape()
        elif code == 0x9B:
            self._sequence()
        elif code in STRINGS:
            self._string(code)
        elif code < 0x20 or 0x7F <= code < 0xA0:
            self._found.append(("control", code))
        else:
            self._found.append(("text", code))

    def _next(self):
        self._at += 1
        return self._codes[self._at - 1]

    def _peek(self):
        return self._codes[self._at] if self._at < len(self._codes) else -1

    def _escape(self):
        """ESC Fe is the C1 control of the same place: 0x40 less."""
        code = self._peek()
        if 0x40 <= code < 0x60:
            self._at += 1
            if code == 0x5B:
                self._sequence()
            elif code + 0x40 in STRINGS:
                self._string(code + 0x40)
            else:
                self._found.append(("control", code + 0x40))
            return
        content = ""
        while 0x20 <= self._peek() < 0x30:
            content += chr(self._next())
        if 0x30 <= self._peek() < 0x7F:
            content += chr(self._next())
        self._found.append(("escape", content))

    def _sequence(self):
        parameters, final = "", ""
        while 0x20 <= self._peek() < 0x40:
            parameters += chr(self._next())
        if 0x40 <= self._peek() < 0x7F:
            final = chr(self._next())
        self._found.append(("sequence", parameters, final))

    def _string(self, introducer):
        """It goes on until ST, BEL (as xterm has it), CAN, SUB, or another escape."""
        content = 0
        while self._peek() not in (-1, 0x07, 0x18, 0x1A, 0x1B, 0x9C):
            self._next()
            content += 1
        self._found.append(("string", STRINGS[introducer], content))
