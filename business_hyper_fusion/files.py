"""Whole files in and out: published by rename after a complete write, read with a bound and a shape."""

from __future__ import absolute_import, print_function

import json
import os

from business_hyper_fusion import compat
from business_hyper_fusion.grammar.json_text import parse_json

LARGEST_DOCUMENT = 8 * 1024 * 1024
"""Bytes; a status or request larger than this is nobody's of ours."""


def publish(path, data, mode=0o644):
    """Write ``data`` (bytes) so that readers see the old file or the new one, never half of it.

    :raises OSError: disk full, denied; the old file then still stands.
    """
    temporary = "%s.%d.new" % (path, os.getpid())
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    try:
        try:
            write_all(descriptor, data)
        finally:
            os.close(descriptor)
        os.rename(temporary, path)
    except Exception:
        compat.remove_file(temporary)
        raise


def write_all(descriptor, data):
    """``os.write`` until every byte is out."""
    view = memoryview(data)
    while len(view):
        view = view[compat.retry_interrupted(os.write, descriptor, view) :]


def publish_json(path, document, mode=0o644):
    """:param document: JSON-able; see :func:`publish`."""
    publish(path, json_bytes(document), mode)


def json_bytes(document):
    """:returns: bytes, as such a file has them."""
    text = json.dumps(document, sort_keys=True, indent=1, separators=(",", ": "))
    return compat.to_bytes(text) + b"\n"


def read_json(path):
    """:returns: the object in a file, or None where it is missing, torn, too large or not an object.

    A status may have been forged, cut or filled with noise; for a reader that is the same as unknown.
    """
    try:
        with open(path, "rb") as file:
            data = file.read(LARGEST_DOCUMENT + 1)
        if len(data) > LARGEST_DOCUMENT:
            return None
        document = parse_json(data)
    except (IOError, OSError, ValueError):
        return None
    return compat.native(document) if isinstance(document, dict) else None


def link(target, path):
    """Point the symbolic link ``path`` at ``target``, replacing it in one step."""
    temporary = "%s.%d.new" % (path, os.getpid())
    compat.remove_file(temporary)
    os.symlink(target, temporary)
    os.rename(temporary, path)
