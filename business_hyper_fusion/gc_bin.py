"""Where a collection puts what goes: moved aside in one step under its locks, taken apart when they are free again.

A launch that comes in the meantime thus waits for a rename, and not for a million files.
"""

from __future__ import absolute_import, print_function

import errno
import os
import stat

from business_hyper_fusion import compat, lock, remove


class Bin(object):
    """:param directory: the collection's own, on the file system of what it collects."""

    def __init__(self, directory):
        self._directory = directory
        self._count = 0

    def empty(self):
        """Take apart what a collection that was killed has left here.

        :returns: list of texts, what could not be removed and why.
        """
        compat.make_directories(self._directory)
        below = [os.path.join(self._directory, name) for name in os.listdir(self._directory)]
        return [text for path in below for text in take_apart(path)]

    def take(self, path):
        """Move something aside. :returns: where it is now, or None when it was gone already.

        :raises OSError: it can't be moved; it is where it was.
        """
        self._count += 1
        target = os.path.join(self._directory, "%d.%d" % (os.getpid(), self._count))
        try:
            mode = os.lstat(path).st_mode
            if stat.S_ISDIR(mode):
                # A directory that changes its parent must be writable itself, and a build may have seen to it.
                os.chmod(path, mode | stat.S_IRWXU)
            os.rename(path, target)
        except OSError as error:
            if error.errno == errno.ENOENT:
                return None
            raise
        return target


def collect(report, bin_, items, locks):
    """Remove what has a reason to go of the items that the same locks guard; where one is taken, they are busy.

    :param items: function that gives the items: asked again under the locks, since a build may have come and gone.
    :param locks: paths of lock files.
    """
    found = list(items())
    going = [item for item in found if item.why]
    if not going or report.dry_run or not _collect_locked(report, bin_, items, locks):
        report.kept_of(found)
        _say(report, going, any(lock.held(path) for path in locks) or not report.dry_run)


def _collect_locked(report, bin_, items, locks):
    """:returns: False when one of the locks is taken."""
    held = _hold(locks)
    if held is None:
        return False
    try:
        found = list(items())
        moved = [(item, _move_unused(report, bin_, item)) for item in found if item.why]
    finally:
        for descriptor in held:
            os.close(descriptor)
    report.kept_of(found)
    for item, places in moved:
        _finish(report, item, places)
    return True


def _hold(locks):
    """:returns: descriptors of all locks, or None when one is busy."""
    held = []
    for path in locks:
        descriptor = lock.acquire(path)
        if descriptor is None:
            for other in held:
                os.close(other)
            return None
        held.append(descriptor)
    return held


def _say(report, items, busy):
    for item in items:
        if busy:
            report.busy(item)
        else:
            report.removed(item, sum(size_of(path) for path in item.paths))


def _move_unused(report, bin_, item):
    """As _move; nothing of what somebody uses since it was looked at."""
    if item.lock is None:
        return _move(report, bin_, item)
    held = lock.acquire(item.lock)
    if held is None:
        report.busy(item)
        return []
    try:
        places = _move(report, bin_, item)
        if places:
            compat.remove_file(item.lock)
        return places
    finally:
        os.close(held)


def _move(report, bin_, item):
    """:returns: list of places in the bin; None when it could not be moved, which is told."""
    try:
        places = [bin_.take(path) for path in item.paths]
        _remove_empty_parents(item)
    except OSError as error:
        report.failed(item.kind, item.name, os.strerror(error.errno))
        return None
    return [place for place in places if place is not None]


def _remove_empty_parents(item):
    """Of a ref that went: branches/, the project, its group; what holds something ends it."""
    directory = os.path.dirname(item.paths[0]) if item.top else None
    try:
        while directory != item.top:
            os.rmdir(directory)
            directory = os.path.dirname(directory)
    except OSError:
        pass


def _finish(report, item, places):
    if not places:
        return
    size = sum(size_of(place) for place in places)
    left = [text for place in places for text in take_apart(place)]
    if left:
        report.failed(item.kind, item.name, left[0])
    else:
        report.removed(item, size)


def take_apart(path):
    """Remove a tree that a build could write: never through a link, whatever its modes and however deep.

    :returns: list of texts, what could not be removed and why.
    """
    trees = remove.Trees()
    if os.path.lexists(path):
        trees.remove(compat.to_bytes(path))
    return trees.left


def size_of(path):
    """:returns: bytes on disk of a file or of all that is in a directory; a file with two names counts once."""
    total, seen = _blocks(compat.to_bytes(path), set()), set()
    for directory, below, names in os.walk(compat.to_bytes(path)):
        total += sum(_blocks(os.path.join(directory, name), seen) for name in below + names)
    return total


def _blocks(path, seen):
    try:
        status = os.lstat(path)
    except OSError:
        return 0
    if status.st_nlink > 1 and not stat.S_ISDIR(status.st_mode):
        if (status.st_dev, status.st_ino) in seen:
            return 0
        seen.add((status.st_dev, status.st_ino))
    return status.st_blocks * 512
