"""Where secrets lie that are lent to a shell (lend.py), or were: directories ``lent.*`` of ``upkeep/``."""

from __future__ import absolute_import, print_function

import os
import re

PREFIX = "lent."
LOCK = ".lock"
"""Behind a directory's name: the file whose lock is held for as long as it is lent."""

CONTAINER = ".container"
"""Behind a directory's name: the file that tells of the container that has it."""

_NAME = re.compile(r"lent\.[0-9a-f]{16}\Z")


def directory(business, name):
    """:returns: path of what was lent under a name, or None."""
    path = os.path.join(business.upkeep, name)
    return path if _NAME.match(name) and os.path.isdir(path) else None


def directories(business):
    """:returns: list of paths, all that is lent or was, or that a container was told of."""
    try:
        names = os.listdir(business.upkeep)
    except OSError:
        return []
    names = set(_without(CONTAINER, name) for name in names)
    return [os.path.join(business.upkeep, name) for name in sorted(names) if _NAME.match(name)]


def _without(ending, name):
    return name[: -len(ending)] if name.endswith(ending) else name
