"""Secrets of any kind in any encoding that encoders know, split anywhere: no form gets through, and all else does."""

from __future__ import absolute_import, print_function, unicode_literals

import base64
import binascii
import json
import re
from xml.sax import saxutils

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from business_hyper_fusion import compat
from business_hyper_fusion.masker import MASK, Masker
from tests.faults import rows

try:
    from urllib.parse import quote, quote_plus
except ImportError:
    from urllib import quote, quote_plus

CASES = 100000
"""Encoded secrets times the ways they are split, in all."""

FUZZED = {
    "deadline": None,
    "database": None,
    "suppress_health_check": [HealthCheck.too_slow],
}
"""A machine that has something else to do is no fault."""

FILLER = "~.\x01\n"
"""No secret has these; all else between two secrets would do as well."""

LETTERS = st.sampled_from("abcABC019")
SIGNS = st.sampled_from(" !\"#$%&'()*+,-/:;<=>?@[\\]^_`{|}")
OTHERS = st.sampled_from(
    "\u00e4\u00e9\u00df\u00f1\u0100\u2028\u4e2d\ud55c\U0001d11e\U000e0001\x7f\x1b\t"
)
TEXTS = st.text(st.one_of(LETTERS, LETTERS, SIGNS, SIGNS, OTHERS), min_size=4, max_size=12)
CUTS = st.lists(st.integers(0, 400), min_size=1, max_size=6)


@st.composite
def secrets(draw):
    """:returns: list of texts; some are part of another one, begin with its end, or are a key of many lines."""
    first = draw(TEXTS)
    found = [first]
    for other in draw(st.lists(TEXTS, max_size=2)):
        kind = draw(st.sampled_from(["alone", "around", "overlapping", "lines"]))
        if kind == "around":
            other = other + first + other
        elif kind == "overlapping":
            other = first[2:] + other
        elif kind == "lines":
            other = "\n".join(["-----BEGIN-----", other, first[::-1] + "xyz", "-----END-----"])
        found.append(other)
    return found


def lines_of(found):
    """What is masked: each line that is long enough, as the operator's page on logs says."""
    lines = [line for secret in found for line in in_bytes(secret).splitlines()]
    return [line.strip().decode("utf-8") for line in lines if len(line.strip()) >= 4]


def in_bytes(text):
    return text if isinstance(text, bytes) else text.encode("utf-8")


def quoted(line, safe):
    return in_bytes(quote(in_bytes(line), compat.to_native(safe.encode("ascii"))))


def small_hex(data):
    return re.sub(b"%[0-9A-F]{2}", lambda found: found.group().lower(), data)


def as_json(line):
    plain = in_bytes(json.dumps(line, ensure_ascii=False)[1:-1])
    numbers = in_bytes(json.dumps(line)[1:-1])
    large = re.sub(b"u[0-9a-f]{4}", lambda found: b"u" + found.group()[1:].upper(), numbers)
    careful = numbers.replace(b"<", b"\\u003c").replace(b">", b"\\u003e").replace(b"&", b"\\u0026")
    return [
        plain,
        numbers,
        large,
        careful,
        plain.replace(b"/", b"\\/"),
        careful.replace(b"'", b"\\u0027"),
    ]


def as_url(line):
    found = [quoted(line, safe) for safe in ("", "/", "!~*'()", ":/?#[]@!$&'()*+,;=")]
    found.append(in_bytes(quote_plus(in_bytes(line))))
    return found + [small_hex(form) for form in found]


def as_xml(line):
    escaped = saxutils.escape(line)
    named = saxutils.escape(line, {'"': "&quot;", "'": "&apos;"})
    numbered = saxutils.escape(line, {'"': "&#34;", "'": "&#x27;"})
    php = saxutils.escape(line, {'"': "&quot;", "'": "&#039;"})
    ascii_only = named.encode("ascii", "xmlcharrefreplace")
    return [in_bytes(text) for text in (escaped, named, numbered, php)] + [ascii_only]


def as_shell(line):
    text = in_bytes(line)
    return [
        text.replace(b"'", b"'\\''"),
        text.replace(b"'", b"'\"'\"'"),
        re.sub(b"([^A-Za-z0-9_\x80-\xff])", b"\\\\\\1", text),
        re.sub(b'([$`"\\\\])', b"\\\\\\1", text),
        b"".join(
            in_bytes("\\%03o" % one) if one > 126 or one < 32 else bytes(bytearray([one]))
            for one in bytearray(text.replace(b"\\", b"\\\\").replace(b"'", b"\\'"))
        ),
    ]


def as_python(line):
    written = repr(line)[1:-1] if not compat.PY2 else repr(line)[2:-1]
    return [in_bytes(written), in_bytes(repr(in_bytes(line)).lstrip("b")[1:-1])]


def as_hex(line):
    found = binascii.hexlify(in_bytes(line))
    return [found, found.upper()]


def whole_forms(line):
    """:returns: list of bytes, each of which must be gone altogether."""
    found = [in_bytes(line)] + as_json(line) + as_url(line) + as_xml(line) + as_shell(line)
    return sorted(set(found + as_python(line) + as_hex(line)))


def base64_forms(line):
    """:returns: list of (bytes, the part of it that no other text but the secret decides)."""
    found = []
    for before, after in (
        (b"", b""),
        (b"u", b""),
        (b"u:", b"t"),
        (b"", b"tail"),
        (b"user:", b"\n"),
    ):
        data = in_bytes(line)
        encoded = base64.b64encode(before + data + after)
        first, last = -(-len(before) * 8 // 6), (len(before) + len(data)) * 8 // 6
        for form in (
            encoded,
            encoded.replace(b"+", b"-").replace(b"/", b"_"),
            encoded.rstrip(b"="),
        ):
            found.append((form, form[first:last]))
        escaped = quoted(encoded.decode("ascii"), "").replace(b"%3D", b"=")
        core = quoted(encoded[first:last].decode("ascii"), "")
        found.append((escaped, core))
        wrapped = b"\n".join(re.findall(b".{1,7}", encoded))
        found.append((wrapped, wrapped[first + first // 7 : last + (last - 1) // 7]))
    return found


def fed(masker, data, cuts):
    pieces = [data[start:end] for start, end in zip([0] + cuts, cuts + [len(data)])]
    return b"".join([masker.feed(piece) for piece in pieces] + [masker.flush()])


def ways(data, cuts):
    """:returns: list of lists of places: one cut at each place around the middle, many at once, each byte alone."""
    size = len(data)
    chosen = sorted(set(cut % (size + 1) for cut in cuts))
    found = [chosen, list(range(size))]
    return found + [[place] for place in range(0, size, max(size // 6, 1))]


def check(masker, data, cuts, gone):
    """:returns: (the output, how many ways it was split), once it is the same for each."""
    whole = fed(masker, data, [])
    # The mask's own first letters may be the end of what begins like a secret.
    rest = whole.split(MASK)
    for part in gone:
        assert not [piece for piece in rest if part in piece], (data, part, whole)
    tried = ways(data, cuts)
    for way in tried:
        assert fed(masker, data, way) == whole, (data, way)
    return whole, len(tried) + 1


@rows.hostile(12)
def test_no_form_of_a_secret_gets_through(injections):
    cases = [0]

    @settings(max_examples=injections.count(12, 170), **FUZZED)
    @given(secrets(), st.text(FILLER, max_size=5), st.text(FILLER, max_size=5), CUTS)
    def run(found, before, after, cuts):
        with injections.measured():
            masker = Masker(found)
            before, after = in_bytes(before), in_bytes(after)
            for line in lines_of(found)[:3]:
                forms = whole_forms(line)
                for form in forms:
                    data = before + form + after
                    out, ways_tried = check(masker, data, cuts, [form])
                    assert out.replace(MASK, b"") == before + after, (found, data, out)
                    cases[0] += ways_tried
                for form, core in base64_forms(line):
                    cases[0] += check(masker, before + form + after, cuts, [core])[1]
                # One behind the other, and in one another.
                joined = b"".join(forms[:4]) + before + forms[0][:-1] + forms[0]
                cases[0] += check(masker, joined, cuts, forms[:4])[1]

    run()
    assert cases[0] >= injections.count(1000, CASES), cases


@rows.hostile(12)
def test_text_without_a_secret_is_the_same_byte_for_byte(injections):
    """Whatever it is: its halves are in it, but never one behind the other."""

    @settings(max_examples=injections.count(30, 500), **FUZZED)
    @given(TEXTS, st.lists(st.binary(max_size=20), max_size=5), CUTS)
    def run(secret, noise, cuts):
        secret = "Q" + secret.strip() + "Q"  # what noise is not made of
        masker = Masker([secret])
        half = in_bytes(secret[: len(secret) // 2])
        for form in whole_forms(secret):
            clean = [piece.replace(b"Q", b"") for piece in noise + [form[:-1], half]]
            data = b"~".join(clean)
            check(masker, data, cuts, [])
            assert fed(masker, data, []) == data

    run()
