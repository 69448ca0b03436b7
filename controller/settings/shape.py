"""The shape of tristan.yml: schema.json, and what a user reads when something does not fit it.

In:  the plain values of a file.
Out: faults with their key paths, in words that say what to write.
"""

from __future__ import absolute_import, print_function, unicode_literals

import difflib
import io
import json
import os

import jsonschema
import six

from business_hyper_fusion import grammar
from controller.settings import formats

_TYPES = {
    "object": "a mapping (key: value)",
    "array": "a list",
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
}


def schema():
    """:return: dict, the schema of tristan.yml (draft 7)."""
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "schema.json")
    with io.open(path, encoding="utf-8") as opened:
        return json.load(opened)


def check(data, faults):
    """Note every way in which the values do not fit the schema.

    :param data: dict, as document.parse gives it.
    :param faults: Faults.
    """
    validator = jsonschema.Draft7Validator(schema(), format_checker=formats.checker())
    for error in validator.iter_errors(data):
        key_path = tuple(error.absolute_path)
        if "propertyNames" in error.absolute_schema_path:
            faults.add(key_path + (error.instance,), _said(error))
        else:
            for found in _SAYINGS.get(error.validator, _other)(error):
                faults.add(key_path + found[:-1], found[-1])


def _said(error):
    """What a format's rule says; it knows what it may print."""
    return six.text_type(error.cause) if error.cause is not None else "is not right"


def _format(error):
    yield (_said(error),)


def _unknown_keys(error):
    known = sorted(error.schema.get("properties", {}))
    for key in error.instance:
        if key not in known:
            close = difflib.get_close_matches(key.lower(), known, 1, 0.6)
            hint = "did you mean %s?" % close[0] if close else "known are: %s" % ", ".join(known)
            yield key, "is no known key; " + hint


def _missing_keys(error):
    for key in error.validator_value:
        if key not in error.instance:
            yield key, "is missing"


def _wrong_type(error):
    if error.instance is None:
        yield ("is empty; write a value or remove the line",)
        return
    says = error.schema.get("x-says")
    if says is None:
        wanted = error.validator_value
        wanted = [wanted] if isinstance(wanted, six.string_types) else wanted
        says = "must be " + " or ".join(_TYPES[name] for name in wanted if name in _TYPES)
        if "string" in wanted and not isinstance(error.instance, (dict, list)):
            says += "; put it in quotes"
        else:
            says += ", not " + _type_of(error.instance)
    yield (says,)


def _type_of(value):
    for kind, name in (
        (dict, "object"),
        (list, "array"),
        (six.text_type, "string"),
        (bool, "boolean"),
    ):
        if isinstance(value, kind):
            return _TYPES[name]
    return "a number"


def _not_allowed(error):
    if error.instance is None:
        yield ("is empty; write a value or remove the line",)
        return
    allowed = ", ".join(error.validator_value)
    yield ("must be one of %s: %s" % (allowed, _value(error.instance)),)


def _value(value):
    return (
        grammar.shown(value) if isinstance(value, six.text_type) else "this is " + _type_of(value)
    )


def _least(error):
    yield ("must be at least %s" % error.validator_value,)


def _most(error):
    yield ("must be at most %s" % error.validator_value,)


def _too_few(error):
    if "env" in error.schema.get("properties", {}):
        yield (error.schema["x-says"],)
    else:
        yield ("must not be empty",)


def _too_many(error):
    if "env" in error.schema.get("properties", {}):
        yield ("must be one of env, file, command, not several",)
    else:
        yield ("must have at most %d entries" % error.validator_value,)


def _repeated(error):
    yield ("must not name anything twice",)


def _other(error):
    """A validator without words of its own here; the value may be a secret and stays unsaid."""
    yield ("breaks the rule `%s`" % error.validator,)


_SAYINGS = {
    "additionalProperties": _unknown_keys,
    "enum": _not_allowed,
    "format": _format,
    "maxItems": _too_many,
    "maxProperties": _too_many,
    "maximum": _most,
    "minItems": _too_few,
    "minProperties": _too_few,
    "minimum": _least,
    "required": _missing_keys,
    "type": _wrong_type,
    "uniqueItems": _repeated,
}
