"""The order in which an executor's builds were launched, which no clock decides.

Build ids begin with the time of a controller and files have that of the machine; either may have been wrong for a day.
``launched`` beside ``builds/`` has a line for each launch, written under the executor's lock.
"""

from __future__ import absolute_import, print_function

import os

from business_hyper_fusion import compat, files, grammar

SLACK = 200
"""Lines of builds that are gone before they are left out, so that it happens rarely."""


def add(executor, build_id):
    """A build is launched now. :param executor: layout.Executor whose lock is held.

    The line begins with its end, so that one which a full disk has torn does not take the next one with it.
    """
    descriptor = os.open(executor.launched, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    try:
        files.write_all(descriptor, compat.to_bytes("\n" + build_id))
    finally:
        os.close(descriptor)


def newest(executor):
    """:returns: ids of the builds that are there, the one that was launched last first; a build that was launched
    before this was written down counts by its id.
    """
    places = dict((build_id, place) for place, build_id in enumerate(_lines(executor)))
    return sorted(_present(executor), key=lambda one: (places.get(one, -1), one), reverse=True)


def shorten(executor):
    """Leave out what is gone. :param executor: layout.Executor whose lock is held."""
    present = newest(executor)
    if len(_lines(executor)) > len(present) + SLACK:
        lines = "".join("\n" + build_id for build_id in reversed(present))
        files.publish(executor.launched, compat.to_bytes(lines))


def _present(executor):
    try:
        found = os.listdir(executor.builds)
    except OSError:
        return []
    return [name for name in found if grammar.passes(grammar.check_build_id, name)]


def _lines(executor):
    try:
        with open(executor.launched, "rb") as file:
            return compat.to_native(file.read()).split("\n")
    except (IOError, OSError):
        return []
