"""Shapes of JSON documents, put together from small ones.

A shape is a function (found, key path, faults) that appends (key path, message) pairs. Every key is demanded
and no other is allowed, so a document means the same to every reader.
"""

from __future__ import absolute_import, print_function

from business_hyper_fusion.compat import text_type
from business_hyper_fusion.grammar.refused import Refused, shown


def record(**shapes):
    """A JSON object with exactly these keys."""

    def check(found, key_path, faults):
        if not isinstance(found, dict):
            faults.append((key_path or "the document", "must be an object"))
            return
        for key in sorted(key for key in found if key not in shapes):
            faults.append((join(key_path, "?"), "unknown key %s" % shown(key)))
        for key in sorted(shapes):
            if key in found:
                shapes[key](found[key], join(key_path, key), faults)
            else:
                faults.append((join(key_path, key), "is missing"))

    return check


def mapping(check_key, check_value, most):
    """A JSON object of at most `most` entries whose keys are free within a rule."""

    def check(found, key_path, faults):
        if not isinstance(found, dict) or len(found) > most:
            faults.append((key_path, "must be an object of at most %d entries" % most))
            return
        for key in sorted(found):
            rule(check_key)(key, key_path, faults)
            rule(check_value)(found[key], join(key_path, shown(key).strip('"')), faults)

    return check


def list_of(shape, most):
    """A JSON list of at most `most` values of one shape."""

    def check(found, key_path, faults):
        if not isinstance(found, list) or len(found) > most:
            faults.append((key_path, "must be a list of at most %d values" % most))
            return
        for number, item in enumerate(found):
            shape(item, "%s[%d]" % (key_path, number), faults)

    return check


def rule(check_value):
    """One value by one rule of the grammar."""

    def check(found, key_path, faults):
        try:
            check_value(found)
        except Refused as refused:
            faults.append((key_path, str(refused)))

    return check


def flag(found, key_path, faults):
    """true or false."""
    if not isinstance(found, bool):
        faults.append((key_path, "must be true or false"))


def empty_or(check_value):
    """The empty text, or a value by the rule."""

    def check(found, key_path, faults):
        if not (isinstance(found, (str, text_type)) and not found):
            rule(check_value)(found, key_path, faults)

    return check


def none_or(shape):
    """null, or the shape."""

    def check(found, key_path, faults):
        if found is not None:
            shape(found, key_path, faults)

    return check


def join(key_path, key):
    return "%s.%s" % (key_path, key) if key_path else key
