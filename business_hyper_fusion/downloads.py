"""Downloads that a language's projects share (cache scope ``language``): one build at a time where a pack asks for it.

A pack asks by a file ``exclusive_downloads``. A project's own downloads need no lock: an executor runs one build at
a time, and its projects' caches are its own.
"""

from __future__ import absolute_import, print_function

import contextlib
import os

from business_hyper_fusion import compat, container, lock

MARKER = "exclusive_downloads"


@contextlib.contextmanager
def held(work):
    """Have the shared downloads alone inside of the block, after waiting in turn; nothing where no pack asks for it.

    :raises outcome.Ended: the attempt must stop while it waits.
    """
    descriptor = _acquire(work) if _exclusive(work) else None
    try:
        yield
    finally:
        if descriptor is not None:
            os.close(descriptor)


def lock_of(business, language):
    """:returns: path of the lock; beside the directory, which builds can write."""
    return business.downloads(language) + ".lock"


def _exclusive(work):
    marker = os.path.join(work.ref.build, MARKER)
    return container.shares_downloads(work) and os.path.exists(marker)


def _acquire(work):
    language = work.request["project"]["language"]
    path = lock_of(work.business, language)
    compat.make_directories(os.path.dirname(path))
    waiting = "==> build: waiting for another build that uses the %s downloads" % language
    return lock.acquire_in_turn(path, work.control, lambda: work.log.say(waiting))
