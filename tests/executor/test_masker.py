"""Secrets are masked however they are split, and in the encodings that tools print them in."""

from __future__ import absolute_import, print_function

import base64
import json

import pytest

from business_hyper_fusion.masker import MASK, Masker

try:
    from urllib.parse import quote, quote_plus
except ImportError:
    from urllib import quote, quote_plus

SECRET = 'p4ss w/ord+"x"&\\y'


def mask(secrets, pieces):
    masker = Masker(secrets)
    return b"".join([masker.feed(piece) for piece in pieces] + [masker.flush()])


def test_split_at_every_byte():
    data = b"before " + SECRET.encode("ascii") + b" after"
    for first in range(len(data)):
        for second in range(first, len(data)):
            pieces = [data[:first], data[first:second], data[second:]]
            assert mask([SECRET], pieces) == b"before " + MASK + b" after"


@pytest.mark.parametrize(
    "form",
    [
        quote(SECRET, ""),
        quote_plus(SECRET),
        json.dumps(SECRET)[1:-1],
        base64.b16encode(SECRET.encode()).decode().lower(),
    ],
)
def test_encodings(form):
    assert mask([SECRET], [b"<" + form.encode("ascii") + b">"]) == b"<" + MASK + b">"


@pytest.mark.parametrize("before", ["", "u", "us", "user:", "robot:"])
def test_base64_wherever_the_secret_begins(before):
    encoded = base64.b64encode((before + SECRET + "-tail").encode("ascii"))
    masked = mask([SECRET], [b"Basic " + encoded])
    assert MASK in masked
    decoded = base64.b64decode(masked.split(MASK)[0][6:] + b"====")
    assert len(decoded) <= len(before) + 1


def test_private_key_line_by_line():
    key = "-----BEGIN KEY-----\n%s\n%s\n-----END KEY-----\n" % ("A1b2" * 16, "C3d4" * 16)
    masked = mask([key], [b"log: " + b"C3d4" * 16 + b"\n"])
    assert masked == b"log: " + MASK + b"\n"


def test_nothing_is_lost_without_secrets_or_with_near_misses():
    assert mask([], [b"abc", b"\xff\0"]) == b"abc\xff\0"
    assert mask(["secret"], [b"secre", b"tar", b" secre"]) == MASK + b"ar secre"
    assert mask(["ab"], [b"about"]) == b"about"


def test_longest_secret_wins():
    assert mask(["token", "token-longer"], [b"token-", b"longer!"]) == MASK + b"!"


def test_overlapping_secrets_are_both_masked():
    for pieces in ([b"abcdefgh"], [b"abcdef", b"gh"], [b"abc", b"def", b"gh"]):
        assert mask(["abcdef", "defgh"], pieces) == MASK


def test_held_secret_is_masked_when_flushed():
    masker = Masker(["secret", "secret-tail"])
    assert masker.feed(b"secret") == b""
    assert masker.flush() == MASK


def test_chunk_without_a_secret_passes_at_once():
    key = "\n".join("%064d" % number for number in range(50))
    masker = Masker([key])
    chunk = b"x" * 65536
    assert masker.feed(chunk) == chunk
