"""The order in which an executor's builds were launched, which no clock decides.

Build ids begin with the time of a controller and files have that of the machine; either may have been wrong for a day.
``launched`` beside ``builds/`` has a line for each launch, written under the executor's lock. A machine keeps a
year's builds, as tombstones: who wants the newest few reads the end of that file, and does not list them all.
"""

from __future__ import absolute_import, print_function

import itertools
import os

from business_hyper_fusion import compat, files, grammar

SLACK = 200
"""Lines of builds that are gone before they are left out, so that it happens rarely."""

LINE = len("\nYYYYmmddTHHMMSSmmm-xxxxxxxx")
BLOCK = 64 * LINE
"""Bytes read at once from the end."""


def add(executor, build_id):
    """A build is launched now. :param executor: layout.Executor whose lock is held.

    The line begins with its end, so that one which a full disk has torn does not take the next one with it.
    """
    descriptor = os.open(executor.launched, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    try:
        files.write_all(descriptor, compat.to_bytes("\n" + build_id))
    finally:
        os.close(descriptor)


def newest(executor, most=None):
    """:param most: int, as many as are wanted; None for all.
    :returns: ids of the builds that are there, the one that was launched last first; a build that was launched
        before this was written down counts by its id.
    """
    found = list(itertools.islice(_from_the_end(executor), most or 0))
    if most is not None and len(found) == most:
        return found
    places = dict((build_id, place) for place, build_id in enumerate(_lines(executor)))
    ids = sorted(present(executor), key=lambda one: (places.get(one, -1), one), reverse=True)
    return ids[:most]


def is_long(executor):
    """:returns: bool, whether to look for what is gone: once in SLACK launches."""
    try:
        return os.path.getsize(executor.launched) // LINE % SLACK == 0
    except OSError:
        return False


def shorten(executor):
    """Leave out what is gone. :param executor: layout.Executor whose lock is held."""
    there = newest(executor)
    if len(_lines(executor)) > len(there) + SLACK:
        lines = "".join("\n" + build_id for build_id in reversed(there))
        files.publish(executor.launched, compat.to_bytes(lines))


def present(executor):
    """:returns: ids of all builds that are there, in no order."""
    try:
        found = os.listdir(executor.builds)
    except OSError:
        return []
    return [name for name in found if _is_id(name)]


def _is_id(name):
    return grammar.passes(grammar.check_build_id, name)


def _from_the_end(executor):
    """The builds that are there, as far as their launches were written down, the last one first."""
    seen = set()
    for line in _backwards(executor.launched):
        build_id = compat.to_native(line)
        if build_id not in seen and _is_id(build_id):
            seen.add(build_id)
            if os.path.isdir(os.path.join(executor.builds, build_id)):
                yield build_id


def _backwards(path):
    """A file's lines, as bytes, the last one first; read block by block, as many as are wanted."""
    try:
        file = open(path, "rb")
    except (IOError, OSError):
        return
    with file:
        start, rest = os.fstat(file.fileno()).st_size, b""
        while start:
            size = min(start, BLOCK)
            start -= size
            file.seek(start)
            lines = (file.read(size) + rest).split(b"\n")
            rest = lines.pop(0)
            for line in reversed(lines):
                yield line
        yield rest


def _lines(executor):
    try:
        with open(executor.launched, "rb") as file:
            return compat.to_native(file.read()).split("\n")
    except (IOError, OSError):
        return []
