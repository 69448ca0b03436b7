"""Durations, sizes and numbers as people write them in tristan.yml.

In:  a whole number, or text such as ``55m``, ``1h30m``, ``64m``, ``2g``.
Out: seconds, bytes, or the text a container engine takes; `grammar.Refused` when it is none.
"""

from __future__ import absolute_import, print_function, unicode_literals

import re

import six

from business_hyper_fusion import grammar

_DURATION = re.compile(
    r"(?:([0-9]{1,3})d)?(?:([0-9]{1,4})h)?(?:([0-9]{1,5})m)?(?:([0-9]{1,6})s)?\Z"
)
_SIZE = re.compile(r"([1-9][0-9]{0,14})(?:([bkmg])(?:i?b)?)?\Z", re.IGNORECASE)
_BYTES = {"b": 1, "k": 1024, "m": 1024**2, "g": 1024**3}


def seconds(value):
    """Take ``90``, ``55m`` or ``1h30m`` for seconds.

    :return: int, within the limits of `grammar.check_seconds`.
    """
    total = _total(value, "a time limit must look like 55m, 1h30m or 3300 (seconds)")
    grammar.check_seconds(total)
    return total


def kept_seconds(value):
    """Take ``4h``, ``2d`` or ``0`` for the seconds that something is kept.

    :return: int, 0 to 30 days.
    """
    total = _total(value, "a time must look like 4h, 2d or 0")
    grammar.check_kept_seconds(total)
    return total


def stall_seconds(value):
    """Take ``1m`` or ``90`` for the seconds that something may take without getting any further.

    :return: int, 5 to an hour.
    """
    total = _total(value, "a time must look like 1m, 90s or 90 (seconds)")
    grammar.check_stall_seconds(total)
    return total


def disk_bytes(value):
    """Take ``20g``, ``200m`` or ``0`` for bytes of a disk.

    :return: int, 0 to 1 PiB.
    """
    if isinstance(value, six.text_type) and value != "0":
        number, unit = _size(value)
        value = number * _BYTES[unit or "b"]
    value = _whole(int(value) if value == "0" else value)
    grammar.check_disk_bytes(value)
    return value


def requeue(value):
    """Take ``never`` or a number for how often a build may be tried again.

    :return: int, 0 to 3.
    """
    if value == "never":
        return 0
    if isinstance(value, bool) or value not in range(4):
        raise grammar.Refused("must be never, or how often at most: 0 to 3", value)
    return int(value)


def span(value):
    """Take ``30d``, ``30m`` or ``0`` of a command line for seconds.

    :return: int.
    """
    rule = "a time must look like 30d, 12h, 30m or 0"
    return 0 if value == "0" else _total(value, rule)


def size(value):
    """Take ``20g`` of a command line for bytes.

    :return: int.
    """
    number, unit = _size(value)
    return number * _BYTES[unit or "b"]


_UNITS = (86400, 3600, 60, 1)


def _total(value, rule):
    if not isinstance(value, six.text_type):
        return _whole(value)
    parts = _DURATION.match(value)
    if not parts or not value:
        raise grammar.Refused(rule, value)
    return sum(int(part or 0) * unit for part, unit in zip(parts.groups(), _UNITS))


def log_bytes(value):
    """Take ``64m`` or ``67108864`` for bytes.

    :return: int, within the limits of `grammar.check_log_bytes`.
    """
    if isinstance(value, six.text_type):
        number, unit = _size(value)
        value = number * _BYTES[unit or "b"]
    value = _whole(value)
    grammar.check_log_bytes(value)
    return value


def memory(value):
    """Take ``2g``, ``2GiB`` or bytes for what an engine's --memory takes.

    :return: text, e.g. "2g".
    """
    if not isinstance(value, six.text_type):
        value = "%d" % _whole(value)
    number, unit = _size(value)
    text = "%d%s" % (number, unit)
    grammar.check_memory(text)
    if number * _BYTES[unit or "b"] < 6 * 1024**2:
        raise grammar.Refused("memory must be at least 6m, the least Docker takes", value)
    return text


def cpus(value):
    """Take ``2``, ``1.5`` or their text for what an engine's --cpus takes.

    :return: text, e.g. "1.5".
    """
    text = value if isinstance(value, six.text_type) else six.text_type(value)
    grammar.check_cpus(text)
    return text


def _size(text):
    parts = _SIZE.match(text)
    if not parts:
        raise grammar.Refused("a size must look like 64m, 2g or 2GiB (units b, k, m, g)", text)
    return int(parts.group(1)), (parts.group(2) or "").lower()


def _whole(value):
    """A float that JSON schema took for whole (60.0) as a whole number."""
    return int(value) if isinstance(value, float) and value == int(value) else value
