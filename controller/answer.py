"""Reads one JSON answer of a machine from a channel.

Job: find the answer among whatever a login shell prints before it; say what came instead when there
    is none.
In: a channel. Out: the answer, a dict with the key "answer", or errors.ProtocolError.
"""

from __future__ import absolute_import, print_function, unicode_literals

import json

from controller import errors

MAX_NOISE = 1000
"""Lines that a login's start files may print before the answer."""


def read(channel, timeout, what):
    """The next answer.

    :param timeout: seconds for each line. :param what: text, the step, for the message when there
    is no answer.
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
        document = json.loads(line.decode("utf-8"))
    except ValueError:
        return None
    return document if isinstance(document, dict) and "answer" in document else None


def no_answer(channel, what):
    said = channel.stderr()[:300].decode("utf-8", "replace").strip()
    return errors.ProtocolError(
        "%s: the machine gave no answer%s" % (what, "; it said: " + said if said else ""),
        remedy="run `tristan doctor` for this machine",
    )
