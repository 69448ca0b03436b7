"""What a file system has left: asked when something could not be written, and looked at while a build runs.

In: a path below a root. Out: the cause by which nothing more can be written there, or "".
"""

from __future__ import absolute_import, print_function

import errno
import os

from business_hyper_fusion import compat, outcome

ALMOST_NOTHING = 1024 * 1024
"""Bytes free; what fails with less than this left has failed for want of room."""

ALMOST_NONE = 16
"""Inodes free, likewise: file systems keep some from who asks for the last one."""

EVERY = 0.2
"""Seconds between two looks."""


def lack(path):
    """:param path: of a directory of our own. :returns: a cause of outcome.LACKS, "" while there is room."""
    try:
        # Since an error of the disk is no flag of the file system any more (Linux 6.14), only a change tells.
        os.utime(path, None)
    except OSError as error:
        if error.errno == errno.EROFS:
            return "read_only"
    return lack_of_room(path)


def lack_of_room(path):
    """:returns: as lack, without trying to change anything."""
    found = os.statvfs(path)
    if found.f_files and found.f_favail < ALMOST_NONE:
        return "no_inodes"
    return "disk_full" if free(path) < ALMOST_NOTHING else ""


def of_os_error(problem, doing, path):
    """As outcome.of_os_error; the kernel has one number for no blocks and for no inodes."""
    ended = outcome.of_os_error(problem, doing)
    if ended.cause == "disk_full" and lack(path) == "no_inodes":
        return outcome.lacking("no_inodes")
    return ended


def free(path):
    """:returns: bytes that are left."""
    found = os.statvfs(path)
    return found.f_bavail * found.f_frsize


class Room(object):
    """Remembers what was lacking, be it for a moment: a script that failed by it may have tidied up since.

    :param path: below the root.
    """

    def __init__(self, path):
        self._path = path
        self._due = 0.0
        self.lacked = ""

    def look(self):
        """Look, when it is time to."""
        now = compat.monotonic()
        if now >= self._due:
            self._due = now + EVERY
            self.lacked = lack_of_room(self._path) or self.lacked

    def begin(self):
        """What was lacking before does not count any more."""
        self.lacked = ""
