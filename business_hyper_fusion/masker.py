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
        self._patterns = sorted(set(forms(secrets)), key=len, reverse=True)
        self._expression = re.compile(b"|".join(re.escape(form) for form in self._patterns))
        self._longest = len(self._patterns[0]) if self._patterns else 0
        self._held = b""

    def feed(self, data):
        """:returns: what can be told to be no part of a secret, masked."""
        if not self._patterns:
            return data
        data = self._expression.sub(MASK, self._held + data)
        keep = self._beginning(data)
        self._held = data[len(data) - keep :]
        return data[: len(data) - keep]

    def flush(self):
        """:returns: what was held back; the stream ends here."""
        held, self._held = self._held, b""
        return held

    def _beginning(self, data):
        """Length of the longest tail of ``data`` that begins a secret."""
        for length in range(min(self._longest - 1, len(data)), 0, -1):
            tail = data[len(data) - length :]
            if any(form.startswith(tail) for form in self._patterns):
                return length
        return 0


def forms(secrets):
    """Each secret as it may appear: itself, its lines, base64 at each alignment, URL- and JSON-escaped, hex."""
    for secret in secrets:
        plain = compat.to_bytes(secret)
        pieces = [plain] + [line for line in plain.splitlines() if len(line) >= 16]
        for piece in pieces:
            piece = piece.strip()
            if len(piece) >= SHORTEST:
                for form in _encodings(piece):
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
    keep = frozenset(bytearray(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-~"))
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
