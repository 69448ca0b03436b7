"""Small JSON files on the operator's side: whole or not at all, readable by the user alone.

Job: write by rename, read with a bound; a damaged file counts as absent and is told of.
In: paths and objects. Out: objects; {} where there is none.
"""

from __future__ import absolute_import, print_function, unicode_literals

import errno
import json
import os
import threading

from business_hyper_fusion.grammar.json_text import parse_json
from controller.local_file import told
from controller.remembered import fits

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


def read_json(path, on_note, shape=None, most=MAX_BYTES):
    """The object in a file, {} when there is none or it is damaged (which is noted).

    :param shape: of remembered.py; None for any. :param most: bytes.
    """
    try:
        with open(path, "rb") as opened:
            document = parse_json(opened.read(most))
    except ValueError:
        document = None
    except EnvironmentError:
        return {}
    if not isinstance(document, dict) or not (shape is None or fits(document, shape)):
        on_note("ignoring %s: it is damaged" % path)
        return {}
    return document


def write_json(path, document, durable=False):
    """Replaces a file at once.

    :param durable: whether it must be on the disk before this returns.
    :raises errors.LocalFileError: it can't be written; what was there before still is.
    """
    # other threads may write the same file now, such as where a ref was built last
    temporary = "%s.%d.%d.new" % (path, os.getpid(), threading.current_thread().ident)
    with told(path):
        make_private(os.path.dirname(path))
        try:
            _write(temporary, json.dumps(document, sort_keys=True).encode("utf-8") + b"\n", durable)
            os.rename(temporary, path)
        except EnvironmentError:
            if os.path.lexists(temporary):
                os.unlink(temporary)
            raise


def _write(path, data, durable):
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as target:
        target.write(data)
        target.flush()
        if durable:
            os.fsync(descriptor)


def touch(path):
    """Makes an empty file; one that is there stays. :raises errors.LocalFileError: as write_json."""
    with told(path):
        make_private(os.path.dirname(path))
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600))


def remove(path):
    """:raises errors.LocalFileError: it is there, and can't go."""
    with told(path):
        try:
            os.unlink(path)
        except OSError as error:
            # where there was none, another tristan may have made it since
            if error.errno != errno.ENOENT and os.path.lexists(path):
                raise
