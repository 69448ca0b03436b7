"""Small JSON files on the operator's side: whole or not at all, readable by the user alone.

Job: write by rename, read with a bound; a damaged file counts as absent and is told of.
In: paths and objects. Out: objects; {} where there is none.
"""

from __future__ import absolute_import, print_function, unicode_literals

import json
import os

from business_hyper_fusion.grammar.json_text import parse_json

MAX_BYTES = 1024 * 1024


def make_private(directory):
    """Makes what is missing of a path, for the user alone; makedirs does that to its end only."""
    if os.path.isdir(directory):
        return
    make_private(os.path.dirname(directory))
    try:
        os.mkdir(directory, 0o700)
    except OSError:
        if not os.path.isdir(directory):  # another tristan may have been quicker
            raise


def read_json(path, on_note, most=MAX_BYTES):
    """The object in a file, {} when there is none or it is damaged (which is noted). :param most: bytes."""
    try:
        with open(path, "rb") as opened:
            document = parse_json(opened.read(most))
    except ValueError:
        document = None
    except EnvironmentError:
        return {}
    if not isinstance(document, dict):
        on_note("ignoring %s: it is damaged" % path)
        return {}
    return document


def write_json(path, document, durable=False):
    """Replaces a file at once.

    :param durable: whether it must be on the disk before this returns.
    """
    make_private(os.path.dirname(path))
    temporary = "%s.%d.new" % (path, os.getpid())
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
    with os.fdopen(os.open(temporary, flags, 0o600), "wb") as target:
        target.write(json.dumps(document, sort_keys=True).encode("utf-8") + b"\n")
        if durable:
            target.flush()
            os.fsync(target.fileno())
    os.rename(temporary, path)


def touch(path):
    """Makes an empty file; one that is there stays."""
    make_private(os.path.dirname(path))
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600))


def remove(path):
    try:
        os.unlink(path)
    except OSError:
        if os.path.lexists(path):
            raise
