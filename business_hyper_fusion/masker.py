"""Secrets out of a byte stream, also when a secret is split across writes or stands in a usual encoding.

In: bytes as a build writes them. Out: the same bytes with every secret replaced by ``MASK``.
What might be the beginning of a secret is held back until the next bytes tell.
"""

from __future__ import absolute_import, print_function

import base64
import json
import re

from business_hyper_fusion import compat

MASK = b"[masked]"

SHORTEST = 4
"""Bytes; a shorter "secret" would blank ordinary words out of the whole log, and protects nothing."""


class Masker(object):
    """:param secrets: iterable of texts."""

    def __init__(self, secrets):
        patterns = sorted(set(forms(secrets)), key=len, reverse=True)
        self._longest = len(patterns[0]) if patterns else 0
        # Looked for ahead, so that secrets that overlap are all found.
        self._expression = re.compile(b"(?=(" + _alternatives(patterns, 2) + b"))")
        self._by_first = {}
        for pattern in patterns:
            self._by_first.setdefault(pattern[:1], []).append(pattern)
        self._held = b""

    def feed(self, data):
        """:returns: what can be told to be no part of a secret, masked."""
        if not self._longest:
            return data
        data = self._held + data
        cut = len(data) - self._beginning(data)
        spans = self._spans(data)
        for start, end in spans:
            if start < cut < end:
                cut = start  # This secret's end may be the beginning of another one.
        self._held = data[cut:]
        return _masked(data[:cut], [span for span in spans if span[1] <= cut])

    def flush(self):
        """:returns: what was held back, masked; what follows is taken to have nothing to do with it."""
        held, self._held = self._held, b""
        return _masked(held, self._spans(held)) if held else held

    def _spans(self, data):
        """:returns: list of (start, end) of all secrets, those that overlap made one."""
        spans = []
        for found in self._expression.finditer(data):
            start, end = found.span(1)
            if spans and start < spans[-1][1]:
                spans[-1] = (spans[-1][0], max(end, spans[-1][1]))
            else:
                spans.append((start, end))
        return spans

    def _beginning(self, data):
        """Length of the longest tail of ``data`` that begins a secret without being all of it."""
        for length in range(min(self._longest - 1, len(data)), 0, -1):
            tail = data[len(data) - length :]
            for pattern in self._by_first.get(tail[:1], ()):
                if len(pattern) > length and pattern.startswith(tail):
                    return length
        return 0


def _alternatives(patterns, depth):
    """An expression for any of the patterns, at each place the longest first.

    Grouped by their first bytes: a private key makes hundreds of patterns, and ``re`` tries one after another.
    """
    if depth == 0 or any(len(pattern) <= 1 for pattern in patterns):
        return b"|".join(re.escape(pattern) for pattern in patterns)
    groups = {}
    for pattern in patterns:
        groups.setdefault(pattern[:1], []).append(pattern[1:])
    grouped = [
        re.escape(first) + b"(?:" + _alternatives(rest, depth - 1) + b")"
        for first, rest in groups.items()
    ]
    return b"|".join(grouped)


def _masked(data, spans):
    pieces, done = [], 0
    for start, end in spans:
        pieces += [data[done:start], MASK]
        done = end
    return b"".join(pieces + [data[done:]])


def forms(secrets):
    """Each line of each secret as it may appear: itself, URL- and JSON-escaped, hex, base64 at each alignment.

    By lines, because tools wrap and indent keys; between two lines there is nothing to hide.
    """
    for secret in secrets:
        for line in compat.to_bytes(secret).splitlines():
            if len(line.strip()) >= SHORTEST:
                for form in _encodings(line.strip()):
                    yield form


def _encodings(piece):
    yield piece
    yield _quoted(piece, "%%%02X")
    yield _quoted(piece, "%%%02x")
    yield _quoted(piece, "%%%02X").replace(b"%20", b"+")
    for escaped in (True, False):
        yield _json_escaped(piece, escaped)
    yield base64.b16encode(piece)
    yield base64.b16encode(piece).lower()
    for form in _base64_alignments(piece):
        yield form
        yield form.replace(b"+", b"-").replace(b"/", b"_")


def _quoted(piece, escape):
    keep = frozenset(
        bytearray(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-~")
    )
    quoted = "".join(chr(byte) if byte in keep else escape % byte for byte in bytearray(piece))
    return quoted.encode("ascii")


def _json_escaped(piece, ascii_only):
    text = piece.decode("utf-8", "replace")
    return compat.to_bytes(json.dumps(text, ensure_ascii=ascii_only)[1:-1])


def _base64_alignments(piece):
    """The part of base64 that depends on the secret alone, for each of the three places it can begin at."""
    for offset in range(3):
        encoded = base64.b64encode(b"\0" * offset + piece)
        first = (0, 2, 3)[offset]
        length = (len(piece) + offset) * 8 // 6
        if length - first >= SHORTEST + 2:
            yield encoded[first:length]
