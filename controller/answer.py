"""Reads one JSON answer of a machine from a channel.

Job: find the answer among whatever a login shell prints before it; say what came instead when there
    is none.
In: a channel. Out: the answer, a dict with the key "answer", or errors.ProtocolError.
"""

from __future__ import absolute_import, print_function, unicode_literals

import re

import six

from business_hyper_fusion import grammar
from business_hyper_fusion.grammar.json_text import parse_json
from business_hyper_fusion.grammar.status import check_status
from controller import errors

MESSAGE = 4000
"""Characters of a machine's own words that are shown."""

MOST_LOAD = 10**6

MAX_NOISE = 1000
"""Lines that a login's start files may print before the answer."""


def read(channel, timeout, what):
    """The next answer.

    :param timeout: seconds for each line; silence is the channel's errors.ConnectionLost: what was
        asked may or may not have happened.
    :param what: text, the step, for the message when there is no answer.
    """
    for _ in range(MAX_NOISE):
        line = channel.read_line(timeout)
        if not line:
            break
        document = parse(line)
        if document is not None:
            return document
    raise no_answer(channel, what)


def parse(line):
    """The answer in a line of bytes, or None for anything else."""
    if not line.lstrip().startswith(b"{"):
        return None
    try:
        document = parse_json(line)
    except ValueError:
        return None
    if not isinstance(document, dict) or not isinstance(document.get("answer"), six.text_type):
        return None
    return document


def failure(said):
    """Why a machine did not do what it was asked.

    :param said: its answer. :returns: (cause or None, message), texts whatever it said.
    """
    cause, message = said.get("cause"), said.get("message")
    known = isinstance(cause, six.text_type) and re.match(r"[a-z_]{1,40}\Z", cause)
    told = isinstance(message, six.text_type) and message
    return cause if known else None, message[:MESSAGE] if told else "no reason given"


def failed(said, kind, what, remedies):
    """The error that an answer tells of.

    :param kind: class of errors.py, which takes a cause. :param what: text, what did not happen.
    :param remedies: {cause: text}.
    """
    cause, message = failure(said)
    return kind("%s: %s" % (what, message), remedy=remedies.get(cause, ""), cause=cause)


def count(said, key):
    """A whole number in an answer, 0 when there is none."""
    value = said.get(key)
    return value if type(value) is int and value >= 0 else 0


def believed_builds(document):
    """What can be believed of the answer to `builds`, which comes from a machine that may be anybody's by now.

    :param document: dict. :returns: {"builds", "executors", "load", "processors", "absent"}; what has another shape is
        left out. "absent" is a list of ids, None where the machine said nothing of that.
    """
    keys = ("builds", "executors", "load", "processors")
    statuses, executors, load, processors = [document.get(key) for key in keys]
    statuses = statuses if isinstance(statuses, list) else []
    executors = executors if isinstance(executors, dict) else {}
    absent = document.get("absent")
    return {
        "builds": [one for one in statuses if not check_status(one)],
        "executors": dict((key, one) for key, one in executors.items() if is_executor(one)),
        "absent": [one for one in absent if is_id(one)] if isinstance(absent, list) else None,
        "load": load if is_load(load) else None,
        "processors": processors
        if type(processors) is int and 0 < processors < MOST_LOAD
        else None,
    }


def believed_status(document, what):
    """:param document: anything. :returns: it, when it is a status.

    :raises errors.ProtocolError: it is not.
    """
    faults = check_status(document)
    if faults:
        raise errors.ProtocolError(
            "%s: the machine sent a status that is none (%s: %s)" % ((what,) + faults[0]),
            remedy="run `tristan doctor` for this machine",
        )
    return document


def is_executor(found):
    if not isinstance(found, dict) or not isinstance(found.get("busy"), bool):
        return False
    ids = [found[key] for key in ("build_id", "last") if found.get(key) is not None]
    return all(is_id(one) for one in ids)


def is_id(found):
    return grammar.passes(grammar.check_build_id, found)


def is_load(found):
    numbers = isinstance(found, list) and len(found) == 3
    return numbers and all(type(one) in (int, float) and 0 <= one < MOST_LOAD for one in found)


def no_answer(channel, what):
    said = channel.stderr()[:300].decode("utf-8", "replace").strip()
    return errors.ProtocolError(
        "%s: the machine gave no answer%s" % (what, "; it said: " + said if said else ""),
        remedy="run `tristan doctor` for this machine",
    )
