"""Beside the root: what must be told while the root's file system takes nothing, not even in place of something.

In memory, by the attempt's path: the end of a build, until it can be written where it belongs (settle.py), and the wish
to cancel one. Directories of our own alone, so that no other user of the machine can tell anything in our name.
"""

from __future__ import absolute_import, print_function

import os
import stat

from business_hyper_fusion import compat, files

PLACES = ("/dev/shm", "/tmp")

STATUS, CANCEL = "status", "cancel"


def write(attempt, name, data):
    """:param name: STATUS or CANCEL. :param data: bytes. :raises OSError: no place takes it."""
    problem = OSError("there is no place beside the root")
    for path in _paths(attempt, name):
        try:
            _make_own(os.path.dirname(path))
            files.publish(path, data, 0o600)
            return
        except (IOError, OSError) as error:
            problem = error
    raise problem


def find(attempt, name):
    """:returns: path of what was written, or None."""
    for path in _paths(attempt, name):
        if os.path.exists(path) and _is_own(os.path.dirname(path)):
            return path
    return None


def remove(attempt):
    """Drop all of an attempt's."""
    for path in _paths(attempt, STATUS) + _paths(attempt, CANCEL):
        if _is_own(os.path.dirname(path)):
            compat.remove_file(path)


def _paths(attempt, name):
    import hashlib  # 2 ms, and a contact that finds everything at home does not come here

    digest = hashlib.sha256(compat.to_bytes(attempt.path)).hexdigest()[:32]
    return [
        os.path.join(place, "tristan-%d" % os.getuid(), "%s.%s" % (digest, name))
        for place in PLACES
    ]


def _make_own(directory):
    """:raises OSError: it is another user's, or others may write there."""
    try:
        os.mkdir(directory, 0o700)
    except OSError:
        if not _is_own(directory):
            raise


def _is_own(directory):
    try:
        found = os.lstat(directory)
    except OSError:
        return False
    private = stat.S_ISDIR(found.st_mode) and not found.st_mode & 0o077
    return private and found.st_uid == os.getuid()
