"""Reads one JSON answer of a machine from a channel.

Job: find the answer among whatever a login shell prints before it; say what came instead when there
    is none.
In: a channel. Out: the answer, a dict with the key "answer", or errors.ProtocolError.
"""

from __future__ import absolute_import, print_function, unicode_literals

import six

from business_hyper_fusion.grammar.json_text import parse_json
from business_hyper_fusion.grammar.status import check_status
from controller import errors

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
    return document if isinstance(document, dict) and "answer" in document else None


def believed_builds(document):
    """What can be believed of the answer to `builds`, which comes from a machine that may be anybody's by now.

    :param document: dict. :returns: {"builds", "executors", "load", "processors"}; what has another shape is left out.
    """
    keys = ("builds", "executors", "load", "processors")
    statuses, executors, load, processors = [document.get(key) for key in keys]
    statuses = statuses if isinstance(statuses, list) else []
    executors = executors if isinstance(executors, dict) else {}
    return {
        "builds": [one for one in statuses if not check_status(one)],
        "executors": dict((key, one) for key, one in executors.items() if is_executor(one)),
        "load": load if is_load(load) else None,
        "processors": processors if type(processors) is int and processors > 0 else None,
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
    return found.get("build_id") is None or isinstance(found["build_id"], six.text_type)


def is_load(found):
    numbers = isinstance(found, list) and len(found) == 3
    return numbers and all(isinstance(one, (int, float)) for one in found)


def no_answer(channel, what):
    said = channel.stderr()[:300].decode("utf-8", "replace").strip()
    return errors.ProtocolError(
        "%s: the machine gave no answer%s" % (what, "; it said: " + said if said else ""),
        remedy="run `tristan doctor` for this machine",
    )
