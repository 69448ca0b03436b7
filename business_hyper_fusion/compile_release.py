"""Makes a release's bytecode for this Python: the last deed of a build that finds none (compiled.py uses it)."""

from __future__ import absolute_import, print_function

import marshal
import os
import sys

from business_hyper_fusion import compat, compiled, files, lock

PACKAGE = "business_hyper_fusion"


def if_missing(business, release):
    """A sync of this moment goes first: what it takes away is not to be made of what it replaces.

    :param business: layout.Business. :param release: directory.
    :raises OSError: disk full, read-only.
    """
    if compiled.read(release):
        return
    held = lock.acquire(os.path.join(business.path, "sync.lock"))
    if held is None:
        return
    try:
        publish(compiled.path_of(release), marshal.dumps((sys.version, modules(release))))
    except (SyntaxError, ValueError, TypeError):
        pass  # A source is damaged; who imports it is told.
    finally:
        os.close(held)


def modules(release):
    """:returns: as compiled.read has it."""
    found = {}
    for directory, below, names in os.walk(os.path.join(release, PACKAGE)):
        if "__init__.py" not in names:
            below[:] = []  # a language's scripts, which run elsewhere
            continue
        for name in names:
            if name.endswith(".py") and name != "__main__.py":
                path = os.path.relpath(os.path.join(directory, name), release)
                found[module_name(path)] = (name == "__init__.py", path, code(release, path))
    return found


def module_name(path):
    """:param path: e.g. ``business_hyper_fusion/grammar/__init__.py``."""
    name = path[: -len(".py")].replace(os.sep, ".")
    return name[: -len(".__init__")] if name.endswith(".__init__") else name


def code(release, path):
    """:returns: bytes, what marshal makes of a source's code."""
    full = os.path.join(release, path)
    with open(full, "rb") as source:
        return marshal.dumps(compile(source.read(), full, "exec", 0, True))


def publish(path, data):
    """On the disk before it has its name: half of it could be taken for all of it."""
    temporary = path + ".new"
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
    try:
        files.write_all(descriptor, data)
        os.fsync(descriptor)
    except (IOError, OSError):
        compat.remove_file(temporary)
        raise
    finally:
        os.close(descriptor)
    os.rename(temporary, path)
