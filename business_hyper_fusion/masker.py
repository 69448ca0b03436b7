"""Secrets out of a byte stream, also when a secret is split across writes or stands in a usual encoding.

In: bytes as a build writes them. Out: the same bytes with every secret replaced by ``MASK``, however they were split.
What might be the beginning of a secret is held back until the next bytes tell.
"""

from __future__ import absolute_import, print_function

import re

from business_hyper_fusion import compat
from business_hyper_fusion.encodings import patterns

MASK = b"[masked]"

HEAD = 3
"""Bytes by which it is told where a secret may begin; each pattern has more."""


class Masker(object):
    """:param secrets: iterable of texts. :param mask: bytes, what stands in a secret's place."""

    def __init__(self, secrets, mask=MASK):
        self._mask = mask
        self._by_head = {}
        for pattern in patterns(secrets):
            for head in _heads(pattern, 0, HEAD):
                self._by_head.setdefault(head, []).append(pattern)
        self._beginnings = frozenset(head[:length] for head in self._by_head for length in (1, 2))
        # Looked for ahead, so that secrets that overlap are all found.
        self._expression = re.compile(b"(?=" + _any_of(self._by_head) + b")")
        self._held = b""

    def feed(self, data):
        """:returns: what can be told to be no part of a secret, masked."""
        if not self._by_head:
            return data
        data = self._held + data
        spans, cut = self._look(data)
        for start, end in spans:
            if start < cut < end:
                cut = start  # This secret's end may be the beginning of another one.
        self._held = data[cut:]
        return self._masked(data[:cut], [span for span in spans if span[1] <= cut])

    def flush(self):
        """:returns: what was held back, masked; what follows is taken to have nothing to do with it."""
        held, self._held = self._held, b""
        return self._masked(held, self._look(held)[0]) if held else held

    def whole(self, text):
        """:param text: native, a text by itself. :returns: it, masked."""
        if not self._by_head:
            return text
        data = compat.to_bytes(text)
        return compat.to_native(self._masked(data, self._look(data)[0]))

    def _look(self, data):
        """:returns: (list of (start, end) of all secrets, those that overlap made one; where the first one begins
        whose end is still to come, else the data's length)."""
        spans, cut = [], len(data)
        for found in self._expression.finditer(data):
            start = found.start()
            for pattern in self._by_head[data[start : start + HEAD]]:
                end, goes_on = follow(pattern, data, start)
                if goes_on:
                    cut = min(cut, start)
                if end is not None:
                    _add(spans, start, end)
        for length in range(1, HEAD):
            if data[-length:] in self._beginnings and length <= len(data):
                cut = min(cut, len(data) - length)
        return spans, cut

    def _masked(self, data, spans):
        pieces, done = [], 0
        for start, end in spans:
            pieces += [data[done:start], self._mask]
            done = end
        return b"".join(pieces + [data[done:]])


def follow(pattern, data, start):
    """Follow all ways through a pattern at once: a form of one character may be the beginning of another one's.

    :returns: (the end of the longest one that is all there, or None; whether one goes on behind the data)
    """
    longest, goes_on = None, False
    reached, waiting = set(), [(start, 0)]
    while waiting:
        place = waiting.pop()
        offset, index = place
        if index == len(pattern):
            longest = max(offset, longest or 0)
            continue
        for form in pattern[index]:
            after = (offset + len(form), index + 1)
            if data.startswith(form, offset):
                if after not in reached:
                    reached.add(after)
                    waiting.append(after)
            elif after[0] > len(data) and form.startswith(data[offset:]):
                goes_on = True
    return longest, goes_on


def _heads(pattern, index, length):
    """:returns: set of bytes, all that the first ``length`` bytes of a pattern from there on can be."""
    found = set()
    for form in pattern[index]:
        if len(form) >= length:
            found.add(form[:length])
        else:
            found.update(form + rest for rest in _heads(pattern, index + 1, length - len(form)))
    return found


def _any_of(heads):
    """An expression for any of these, all of one length, grouped byte by byte: there can be thousands."""
    groups = {}
    for head in heads:
        groups.setdefault(head[:1], set()).add(head[1:])
    if groups and not any(b"".join(rest) for rest in groups.values()):
        return b"[" + b"".join(re.escape(byte) for byte in sorted(groups)) + b"]"
    grouped = [re.escape(byte) + _any_of(rest) for byte, rest in sorted(groups.items())]
    return b"(?:" + b"|".join(grouped) + b")"


def _add(spans, start, end):
    """Starts come in order."""
    if spans and start < spans[-1][1]:
        spans[-1] = (spans[-1][0], max(end, spans[-1][1]))
    else:
        spans.append((start, end))
