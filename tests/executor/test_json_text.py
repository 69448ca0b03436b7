"""JSON of others: what is no JSON, or nobody's of ours, is refused in no time."""

from __future__ import absolute_import, print_function, unicode_literals

import json
import os

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from business_hyper_fusion.grammar.json_text import DEPTH, MOST_MARKS, parse_json
from tests.faults import rows

HOSTILE = {
    "nothing": b"",
    "not UTF-8": b'"\xff"',
    "a byte order mark": b"\xef\xbb\xbf{}",
    "UTF-16": '{"a": 1}'.encode("utf-16"),
    "cut": b'{"a": ',
    "two": b"{} {}",
    "NaN": b'{"a": NaN}',
    "Infinity": b"[-Infinity]",
    "a decimal beyond all": b"[1e999]",
    "a decimal of a million digits": b"[0." + b"1" * 1000000 + b"]",
    "a number of a million digits": b"[" + b"9" * 1000000 + b"]",
    "lists in lists": b"[" * 100000 + b"]" * 100000,
    "lists in lists, never closed": b"[" * 100000,
    "objects in objects": b'{"a":' * 100000,
    "deeper than anything of ours": b"[" * (DEPTH + 1) + b"]" * (DEPTH + 1),
    "more values than any of ours": b"[" + b"[]," * (MOST_MARKS // 2) + b"[]]",
    "half a character": b'{"a": ["\\ud800"]}',
    "half a character as a key": b'{"\\uDC00": 1}',
    "half a character as bytes": b'["\xed\xa0\x80"]',
}


@rows.hostile(9)
@pytest.mark.parametrize("name", sorted(HOSTILE))
def test_what_is_no_json_of_ours_is_refused_in_no_time(name):
    begun = processor_seconds()
    with pytest.raises(ValueError):
        parse_json(HOSTILE[name])
    assert processor_seconds() - begun < 10


def processor_seconds():
    """Of this process: those for which a busy machine has it wait do not count."""
    return sum(os.times()[:2])


def test_what_is_json_is_taken():
    assert parse_json(b'{"a": ["\\ud83d\\ude00", "\\\\ud800", -1.5, 18446744073709551615]}') == {
        "a": ["\U0001f600", "\\ud800", -1.5, 18446744073709551615]
    }
    assert parse_json(b"[" * DEPTH + b"]" * DEPTH)


_documents = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(alphabet=st.characters(blacklist_categories=("Cs",)), max_size=10),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("ab\u00fc"), inner),
    max_leaves=20,
)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(document=_documents, escaped=st.booleans())
def test_what_json_writes_is_read_back(document, escaped):
    text = json.dumps(document, ensure_ascii=escaped)
    assert parse_json(text.encode("utf-8")) == document
