"""A machine that answers whatever a test makes of what a real one answered.

In: recordings of real conversations. Out: transports that play them, each JSON line changed by a function.
"""

from __future__ import absolute_import, print_function, unicode_literals

import binascii
import re
import zlib

from controller import errors
from controller.transport import Channel, Transport

MOST_OPENED = 8
"""Channels of one play; who asks again and again is told that it is over."""


NASTY = [
    None,
    True,
    False,
    0,
    -1,
    1,
    2**31,
    2**63,
    10**30,
    -(10**30),
    1.5,
    1e308,
    "",
    "x",
    "0",
    "..",
    "../../x",
    "/etc/passwd",
    "\x1b]52;c;cm0gLXJmIC8=\x07\x1b[2J",
    "\u202ereversed",
    "\x9b31m",
    "\x00",
    "line\nbreak",
    "A" * 5000,
    [],
    {},
    [[]],
    [{}],
    [None],
    {"a": 1},
    ["x"] * 1000,
    "success",
    "running",
    "lost",
    "2026-11-21T06:55:12.123Z",
    "0" * 64,
    "sha256:" + "0" * 64,
    "\u00b2",
    "--upload-pack=touch",
    "-v/:/h",
    'a"b',
]
RAW = [
    b"",
    b"\n",
    b"\xff\xfe\n",
    b"[" * 100000 + b"\n",
    b'{"answer": NaN}\n',
    b'{"answer": "\\ud800"}\n',
    b"{}\n",
    b"null\n",
    b'{"frame": "log", "length": 99999999999}\n',
    b'{"frame": ["log"]}\n',
    b'{"answer": "lack"}\n',
    b"9" * 10000 + b"\n",
    b'{"answer": "failed", "cause": [], "message": {}}\n',
    b'{"answer": "refused", "cause": 7, "message": "\\u001b[2J"}\n',
    b'{"answer": "busy", "builds": 7}\n',
    b"\x1b]0;motd\x07\n",
    b'{"answer": "removed"}\n',
    b'{"answer": "wanted"}\n',
]


def paths_in(document, path=()):
    """Yield every place in a document: a tuple of keys."""
    yield path
    pairs = ()
    if isinstance(document, dict):
        pairs = document.items()
    elif isinstance(document, list):
        pairs = enumerate(document)
    for key, value in pairs:
        for found in paths_in(value, path + (key,)):
            yield found


def replaced(document, path, value):
    """The document with another value at a place; without the key where the value is ``Ellipsis``."""
    if not path:
        return value
    made = dict(document) if isinstance(document, dict) else list(document)
    if len(path) == 1 and value is Ellipsis:
        del made[path[0]]
    else:
        made[path[0]] = replaced(made[path[0]], path[1:], value)
    return made


def kind_of(command):
    """:returns: text, what a remote command asks for: a verb, or the program that it runs."""
    found = re.search(r"/business_hyper_fusion/__main__\.py ([a-z]+)", command)
    if found:
        return found.group(1)
    packed = re.search(r'a2b_base64\("([A-Za-z0-9+/=]+)"\)', command)
    if packed:
        return (
            zlib.decompress(binascii.a2b_base64(packed.group(1)))[3:60].decode("ascii").split()[0]
        )
    return "launch" if "/startup.py" in command else "python"


class Recorder(Transport):
    """Hands everything on to another transport, and keeps what came."""

    def __init__(self, inner, kept):
        self._inner = inner
        self._kept = kept
        self.name = inner.name

    def open(self, command):
        return RecordedChannel(
            self._inner.open(command), self._kept.setdefault(kind_of(command), [])
        )

    def close(self):
        self._inner.close()

    def alive(self):
        return True


class RecordedChannel(Channel):
    def __init__(self, inner, kept):
        super(RecordedChannel, self).__init__()
        self._inner = inner
        self._pieces = []
        kept.append(self._pieces)

    def _receive(self, timeout):
        data = self._inner.receive(timeout)
        self._pieces.append(data)
        return data

    def send(self, data):
        self._inner.send(data)

    def send_eof(self):
        self._inner.send_eof()

    def stderr(self):
        return self._inner.stderr()

    def exit_status(self, timeout):
        return self._inner.exit_status(timeout)

    def close(self):
        self._inner.close()


class Player(Transport):
    """:param kept: {kind of command: list of list of bytes}. :param change: function(kind, bytes) -> bytes."""

    name = "builder-1"
    server_version = "OpenSSH_9.2p1"

    def __init__(self, kept, change):
        self._kept = kept
        self._change = change
        self.opened = 0

    def open(self, command):
        self.opened += 1
        if self.opened > MOST_OPENED:
            raise errors.InfrastructureError("the play is over")
        kind = kind_of(command)
        conversations = self._kept.get(kind, [[]])
        recorded = b"".join(conversations[min(self.opened, len(conversations)) - 1])
        return PlayedChannel(self._change(kind, recorded))

    def open_sftp_probe(self):
        return False

    def try_session(self):
        return None

    def close(self):
        """Nothing is open."""

    def alive(self):
        return True


class PlayedChannel(Channel):
    """The bytes, then a cut: no end is told, as by a machine that only pretends."""

    def __init__(self, data):
        super(PlayedChannel, self).__init__()
        self._data = data

    def _receive(self, timeout):
        data, self._data = self._data, b""
        if not data:
            raise errors.ConnectionLost("it went")
        return data

    def send(self, data):
        """Nobody reads it."""

    def send_eof(self):
        """Nobody waits for it."""

    def stderr(self):
        return b"\x1b]0;title\x07 it \xff went"

    def exit_status(self, timeout):
        return 1

    def close(self):
        """Nothing is open."""
