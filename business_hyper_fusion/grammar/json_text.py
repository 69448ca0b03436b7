"""Rules for JSON that somebody else wrote: a machine, a controller, whoever could reach a file.

In:  bytes. Out: the document, or ValueError.

``json`` alone takes more than RFC 8259 has (NaN, Infinity), numbers whose conversion takes hours, and text that no
file and no terminal takes; and it, or who walks through the document later, fails where it is nested deeply.
"""

from __future__ import absolute_import, print_function, unicode_literals

import json
import re

from business_hyper_fusion.compat import text_type
from business_hyper_fusion.grammar.refused import Refused, text_of

DEPTH = 64
"""Objects and lists within each other; a request has 4."""

MOST_MARKS = 8 * 1000 * 1000
"""Commas and brackets: each may stand for a value, which takes far more memory than its bytes. A list of half a million
files has six million."""

INTEGER_DIGITS, DECIMAL_DIGITS = 20, 40

_SURROGATE = re.compile(b"\\\\u[dD][89a-fA-F]|\xed[\xa0-\xbf]")


def parse_json(data):
    """:param data: bytes. :returns: the document. :raises ValueError: it is none, or nobody's of ours."""
    if sum(data.count(mark) for mark in (b",", b"[", b"{")) > MOST_MARKS:
        raise ValueError("too many values")
    try:
        document = _DECODER.decode(data.decode("utf-8"))
    except RuntimeError:  # Python's recursion limit
        raise ValueError("nested too deeply")
    _check_within(document, _SURROGATE.search(data) is not None)
    return document


def _check_within(document, with_texts):
    """Level by level, so that no nesting is too deep to be refused."""
    level = [document]
    for _ in range(DEPTH):
        if with_texts:
            _check_texts(level)
        level = [inner for one in level for inner in _inner(one, with_texts)]
        if not level:
            return
    raise ValueError("nested too deeply")


def _inner(value, with_texts):
    """What an object or a list holds, the texts only when they are wanted."""
    if isinstance(value, dict):
        found = list(value.values())
        if with_texts:
            found += list(value)
    elif isinstance(value, list):
        found = value
    else:
        return []
    wanted = (dict, list, text_type) if with_texts else (dict, list)
    return [one for one in found if isinstance(one, wanted)]


def _check_texts(values):
    """A surrogate is half a character, and none without its other half."""
    for value in values:
        if isinstance(value, text_type):
            try:
                text_of(value, "a text")
            except Refused:
                raise ValueError("a text is no Unicode")


def _integer(digits):
    if len(digits) > INTEGER_DIGITS:
        raise ValueError("a number is too large")
    return int(digits)


def _decimal(digits):
    number = float(digits) if len(digits) <= DECIMAL_DIGITS else float("inf")
    if number in (float("inf"), -float("inf")):
        raise ValueError("a number is too large")
    return number


def _constant(name):
    raise ValueError("%s is no number" % name)


_DECODER = json.JSONDecoder(parse_int=_integer, parse_float=_decimal, parse_constant=_constant)
