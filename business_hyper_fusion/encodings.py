"""How a secret may look in a log: each of its characters in any form that tools give it, in hex, in base64.

In: secrets, as texts. Out: patterns. A pattern is a list with an entry for each character (of the secret, or of its
base64): a tuple of the byte strings that can stand for it. So it does not matter which characters an encoder lets pass,
and each may have its own form.

The forms: of URLs (``%2F``, ``+`` for a blank), JSON (``\\u00e9``, ``\\/``), XML (``&amp;``, ``&#38;``, ``&#x26;``),
shells (``\\$``, ``'\\''``, ``'"'"'``, ``$'\\303'``) and Python (``\\xe9``); base64 also for URLs, in lines, and
wherever in it the secret begins.
"""

from __future__ import absolute_import, print_function

import base64
import re

from business_hyper_fusion import compat

SHORTEST = 4
"""Bytes; a shorter "secret" would blank ordinary words out of the whole log, and protects nothing."""

SPECIAL = {
    b"\n": (b"\\n",),
    b"\t": (b"\\t",),
    b"\r": (b"\\r",),
    b"\b": (b"\\b",),
    b"\f": (b"\\f",),
    b"&": (b"&amp;",),
    b"<": (b"&lt;",),
    b">": (b"&gt;",),
    b'"': (b"&quot;",),
    b"'": (b"&apos;", b"'\\''", b"'\"'\"'"),
    b" ": (b"+",),
    b"%": (b"%%",),
}
"""Forms that single characters have besides those that all have."""

PLAIN = re.compile(b"[ -~]\\Z")

BASE64 = dict(
    (letter, (letter,))
    for letter in re.findall(b".", base64.b64encode(bytes(bytearray(range(256)))) + b"+/")
)
BASE64[b"+"] = (b"+", b"-", b"%2B", b"%2b", b"\\u002b", b"\\u002B")
BASE64[b"/"] = (b"/", b"_", b"%2F", b"%2f", b"\\/")

LINE_ENDS = (b"\n", b"\r\n", b"\\n")
"""What tools put between two characters of base64."""


def patterns(secrets):
    """Each line of each secret: by lines, because tools wrap and indent keys; between them is nothing to hide."""
    made = set()
    for secret in secrets:
        for line in compat.to_bytes(secret).splitlines():
            line = line.strip()
            if len(line) >= SHORTEST and line not in made:
                made.add(line)
                for pattern in _patterns_of(line):
                    yield pattern


def _patterns_of(line):
    yield [_forms(character) for character in _characters(line)]
    yield [_both_cases("%02x" % byte) for byte in bytearray(line)]
    for encoded in base64_alignments(line):
        forms = [BASE64[encoded[at : at + 1]] for at in range(len(encoded))]
        yield forms[:1] + [one + _in_next_line(one) for one in forms[1:]]


def _characters(line):
    """:returns: list of text, one for each character, whatever this Python counts as one."""
    text = line.decode("utf-8", "replace" if compat.PY2 else "surrogateescape")
    found = []
    for character in text:
        if found and "\udc00" <= character <= "\udfff" and "\ud800" <= found[-1] <= "\udbff":
            found[-1] += character
        else:
            found.append(character)
    return found


def _forms(character):
    """:returns: tuple of bytes."""
    encoded = compat.to_bytes(character)
    numbers = bytearray(encoded)
    forms = [encoded]
    forms += _both_cases("".join("%%%02x" % number for number in numbers))
    if not PLAIN.match(encoded):
        forms += _both_cases("".join("\\x%02x" % number for number in numbers))
        forms.append(b"".join(compat.to_bytes("\\%03o" % number) for number in numbers))
    if len(encoded) == 1 and not encoded.isalnum():
        forms.append(b"\\" + encoded)
    forms += _by_number(character)
    return tuple(sorted(set(forms).union(SPECIAL.get(encoded, ())), key=len))


def _by_number(character):
    """:returns: list of bytes, the forms of JSON, XML and Python that name the character's number in Unicode."""
    try:
        units = bytearray(character.encode("utf-16-be"))
    except UnicodeEncodeError:
        return []  # a byte that is no text
    pairs = list(zip(units[::2], units[1::2]))
    forms = list(_both_cases("".join("\\u%02x%02x" % pair for pair in pairs)))
    number = int(base64.b16encode(character.encode("utf-32-be")), 16)
    forms += [compat.to_bytes(form % number) for form in ("&#%d;", "&#%03d;")]
    forms += _both_cases("&#x%x;" % number)
    if 127 < number < 256:
        forms += _both_cases("\\x%02x" % number)
    if number > 0xFFFF:
        forms += _both_cases("\\U%08x" % number)
    return forms


def _both_cases(text):
    """:param text: ASCII. :returns: tuple of bytes, with its hex digits small and large; what stands before stays."""
    large = "".join(letter.upper() if letter in "abcdef" else letter for letter in text)
    return (compat.to_bytes(text), compat.to_bytes(large))


def _in_next_line(forms):
    return tuple(end + form for end in LINE_ENDS for form in forms)


def base64_alignments(line):
    """The part of base64 that depends on the line alone, for each of the three places it can begin at."""
    for offset in range(3):
        encoded = base64.b64encode(b"\0" * offset + line)
        first = (0, 2, 3)[offset]
        length = (len(line) + offset) * 8 // 6
        yield encoded[first:length]
