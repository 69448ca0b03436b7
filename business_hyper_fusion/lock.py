"""The executor's lock: whoever holds it has the run directory to itself; the kernel gives it back at death."""

from __future__ import absolute_import, print_function

import errno
import fcntl
import os
import time

from business_hyper_fusion import compat

LIST = "/proc/locks"
LOOKS = 3
"""At the kernel's list, where that is longer than one read: whenever a lock is let go between two reads, one of those
that come behind it may be left out (seq_file counts where it was)."""

WAIT_FIRST, WAIT_MOST = 0.005, 0.1
"""Seconds between two tries at a lock that another build holds; twice as many each time: most let go in a moment."""


def acquire(path, shared=False):
    """Take the lock that ``path`` names, made when missing; "busy" is an answer, not a wait.

    :param shared: True for a lock that many may hold at once, and that keeps off who wants it alone.
    :returns: descriptor that holds it (close it to let go; children don't inherit it), or None when busy.
    """
    descriptor = compat.close_on_exec(_open(path))
    try:
        kind = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
        compat.retry_interrupted(fcntl.flock, descriptor, kind | fcntl.LOCK_NB)
    except (IOError, OSError) as error:
        os.close(descriptor)
        if error.errno in (errno.EAGAIN, errno.EACCES):
            return None
        raise
    return descriptor


def _open(path):
    """A file system that became read-only still has its locks; a file can be locked without being written."""
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        if error.errno != errno.EROFS:
            raise
        return os.open(path, os.O_RDONLY)


def acquire_in_turn(path, control, when_waiting, shared=False):
    """Take a lock that another build holds for a while; a cancellation or a time limit ends the waiting.

    :param control: Control. :param when_waiting: callable(), once, when there is something to wait for.
    :returns: descriptor that holds it.
    :raises outcome.Ended: the attempt must stop.
    """
    descriptor = acquire(path, shared)
    if descriptor is None:
        when_waiting()
    pause = WAIT_FIRST
    while descriptor is None:
        control.check()
        time.sleep(pause)
        pause = min(2 * pause, WAIT_MOST)
        descriptor = acquire(path, shared)
    return descriptor


def acquire_from_leaving(path, may_wait, pause):
    """Take a lock of whoever is about to let go of it.

    :param may_wait: callable() -> whether to go on. Looked at before each try, and not behind it: who leaves lets go
        of the lock first, so that one who has left in between is no longer in the way.
    :param pause: seconds between two tries.
    :returns: as acquire.
    """
    descriptor, waits = acquire(path), True
    while descriptor is None and waits:
        waits = may_wait()
        time.sleep(pause if waits else 0)
        descriptor = acquire(path)
    return descriptor


def release(descriptor):
    """Let go of a lock for everybody who shares the descriptor, without waiting for them to end."""
    fcntl.flock(descriptor, fcntl.LOCK_UN)


def held(path):
    """:returns: True when some process holds the lock.

    Asked of the kernel's list: trying the lock would make a launch of the same moment find it busy.
    """
    try:
        status = os.stat(path)
    except OSError:
        return False
    inode = "%02x:%02x:%d" % (os.major(status.st_dev), os.minor(status.st_dev), status.st_ino)
    try:
        return any(inode in words for words in _listed())
    except (IOError, OSError):
        return False


def _listed():
    """:returns: words of the kernel's list of locks, as often as it takes to believe that something is not there."""
    for _ in range(LOOKS):
        pieces = list(_pieces(LIST))
        yield compat.to_native(b"".join(pieces)).split()
        if len(pieces) < 2:
            return


def _pieces(path):
    """:returns: what each read of a file gives."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        piece = os.read(descriptor, 65536)
        while piece:
            yield piece
            piece = os.read(descriptor, 65536)
    finally:
        os.close(descriptor)
