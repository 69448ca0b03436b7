"""What was found right before: looking at it again takes longer than all else of a short command.

In:  a kind of check, and what was checked: the plain values of a tristan.yml against the schema, or its text. Out:
whether this very code has found nothing wrong with it.

A mark is an empty file in the XDG cache directory, named by a hash over all that the verdict depends on: the kind, what
was checked, the code that checks, and Python. What is different has another name, so a mark is right or is not there;
it may be removed at any time, and one that can't be read or written costs time alone.
"""

from __future__ import absolute_import, print_function, unicode_literals

import hashlib
import json
import os
import stat
import sys

import six

from controller import __version__

KEPT = 100
"""Marks; older ones go."""

_HERE = six.ensure_text(os.path.dirname(os.path.abspath(__file__)))
_SHARED = os.path.join(os.path.dirname(os.path.dirname(_HERE)), "business_hyper_fusion")
_CODE = (_HERE, _SHARED, os.path.join(_SHARED, "grammar"))
"""Directories of schema.json and of the modules that have a say."""


def is_known(kind, subject):
    """:param kind: text. :param subject: anything of JSON, in which order counts."""
    directory = default_directory()
    try:
        mark = os.path.join(directory, name(kind, subject))
        return _is_ours(directory, stat.S_ISDIR) and _is_ours(mark, stat.S_ISREG)
    except EnvironmentError:
        return False


def remember(kind, subject):
    """Note that nothing is wrong with it, if that can be noted."""
    directory = default_directory()
    try:
        if not os.path.isdir(directory):
            os.makedirs(directory, 0o700)
        _prune(directory)
        mark = os.path.join(directory, name(kind, subject))
        os.close(os.open(mark, os.O_WRONLY | os.O_CREAT, 0o600))
    except EnvironmentError:
        pass


def default_directory():
    base = os.environ.get("XDG_CACHE_HOME", "")
    if not os.path.isabs(base):  # the XDG specification: a relative path is to be ignored
        base = os.path.join(os.path.expanduser("~"), ".cache")
    return os.path.join(base, "tristan", "checked")


def name(kind, subject):
    """Hexadecimal digits that stand for what is checked, and for the code and the Python that checks it."""
    known = [__version__, sys.version, _code(), kind, subject]
    return hashlib.sha256(json.dumps(known).encode("ascii")).hexdigest()


def _code():
    """List of (file, bytes, update time) of what checks: in a checkout it changes without the version."""
    found = []
    for directory in _CODE:
        for file_name in sorted(os.listdir(directory)):
            if file_name.endswith((".py", ".json")):
                seen = os.stat(os.path.join(directory, file_name))
                found.append((file_name, seen.st_size, seen.st_mtime))
    return found


def _is_ours(path, is_kind):
    """Whether nobody else could have put it there."""
    seen = os.lstat(path)
    return is_kind(seen.st_mode) and seen.st_uid == os.geteuid() and not seen.st_mode & 0o022


def _prune(directory):
    marks = [os.path.join(directory, one) for one in os.listdir(directory)]
    if len(marks) >= KEPT:
        for path in sorted(marks, key=_age)[: -KEPT // 2]:
            os.unlink(path)


def _age(path):
    try:
        return os.lstat(path).st_mtime
    except EnvironmentError:
        return 0  # another tristan has removed it
