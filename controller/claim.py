"""One tristan at a time: a claim that other processes and threads see, and that goes with its holder.

Threads of this process stand in a queue, which wakes the next one. Another process's claim is looked at again and
again: the kernel's own queue knows no patience.

In: a path below the state directory. Out: whether the claim is held, for as long as the block lasts.

The kernel lets go of it when the process dies, so nothing has to be cleaned up. The file stays until discard() takes
it away, under its own lock: who waited for that sees that the file has gone, and makes another.
"""

from __future__ import absolute_import, print_function, unicode_literals

import contextlib
import errno
import fcntl
import os
import threading
import time

from controller import compat
from controller.documents import make_private, remove
from controller.local_file import is_there, told
from controller.transport.turns import Turns

PAUSE = 0.05
"""Seconds between two tries."""


_LOCK = threading.Lock()
_QUEUES = {}
"""{path: [Turns, how many threads are in it]} of what is claimed, or wanted, in this process now."""


@contextlib.contextmanager
def claim(path, patience=0.0):
    """Yields True when the claim is held, False when another has it.

    :param patience: seconds to try for.
    :raises errors.LocalFileError: the file can't be made.
    """
    end = compat.monotonic() + patience
    with told(path):
        make_private(os.path.dirname(path))
    with queue(path) as turns, turns.turn(patience) as is_next:
        descriptor = taken(path, end) if is_next else None
        try:
            yield descriptor is not None
        finally:
            if descriptor is not None:
                os.close(descriptor)


def discard(path):
    """Removes a claim's file, unless somebody holds it."""
    with claim(path) as held:
        if held:
            remove(path)


@contextlib.contextmanager
def queue(path):
    """Yields the Turns of all threads that are interested in a path."""
    with _LOCK:
        mine = _QUEUES.setdefault(path, [Turns(), 0])
        mine[1] += 1
    try:
        yield mine[0]
    finally:
        with _LOCK:
            mine[1] -= 1
            if not mine[1]:
                del _QUEUES[path]


def taken(path, end):
    """:param end: of the monotonic clock, when to give up. :returns: a descriptor that holds the lock, or None."""
    while True:
        with told(path):
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        held = mine = False
        try:
            held = locked(descriptor, end)
            mine = held and is_there(descriptor, path)
        finally:
            if not mine:
                os.close(descriptor)
        if mine or not held:
            return descriptor if mine else None


def locked(descriptor, end):
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        except EnvironmentError as error:
            if error.errno not in (errno.EAGAIN, errno.EACCES):
                raise
        if compat.monotonic() >= end:
            return False
        time.sleep(PAUSE)
