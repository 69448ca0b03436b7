"""Learns at once when files in a directory change, without looking at them over and over: inotify(7) of Linux.

In: directories. Out: which of them had a change, and a descriptor that is readable then. A Python without libffi, or a
user who has used up the kernel's watches, gets none: whoever asks goes on looking by himself.
"""

from __future__ import absolute_import, print_function

import fcntl
import os
import struct

from business_hyper_fusion import compat

MODIFIED, MOVED_HERE, CREATED, DELETED = 0x2, 0x80, 0x100, 0x200
"""What can be told: a file grows, is renamed into its place, appears for the first time, is removed (inotify(7))."""

WRITTEN = MODIFIED | MOVED_HERE | CREATED

OVERFLOWN = -1
"""In place of a directory: more happened than the kernel could remember."""

EVENT = struct.Struct("iIII")
"""struct inotify_event: the watch, what happened, a cookie, the length of the name behind it."""

EVENTS = 64 * 1024
"""Bytes of events that are read at once."""


class Changes(object):
    """.descriptor: readable when something changed; None where the kernel can't be asked.

    :param what: of the above, what is told.
    """

    def __init__(self, what=WRITTEN):
        self._what = what
        self._library = self.descriptor = None
        try:
            import ctypes

            self._library = ctypes.CDLL(None)
            self._open(self._library.inotify_init())
        except (ImportError, AttributeError, OSError):
            pass

    def _open(self, descriptor):
        """:param descriptor: -1 for a refusal."""
        if descriptor >= 0:
            self.descriptor = compat.close_on_exec(descriptor)
            flags = fcntl.fcntl(descriptor, fcntl.F_GETFL)
            fcntl.fcntl(descriptor, fcntl.F_SETFL, flags | os.O_NONBLOCK)

    def watch(self, directory):
        """:returns: int that names the directory from now on, the same when it is watched already; None: it is not."""
        if self.descriptor is None:
            return None
        path = compat.to_bytes(directory)
        number = self._library.inotify_add_watch(self.descriptor, path, self._what)
        return number if number >= 0 else None

    def forget(self, number):
        """:param number: of watch()."""
        self._library.inotify_rm_watch(self.descriptor, number)

    def take(self, name=None):
        """:param name: bytes; of the file whose changes alone count, None for any.
        :returns: set of the numbers of directories that had a change since; OVERFLOWN in it stands for any.
        """
        found = set()
        if self.descriptor is None:
            return found
        try:
            data = os.read(self.descriptor, EVENTS)
        except OSError:  # nothing after all
            return found
        at = 0
        while at < len(data):
            number, _, _, length = EVENT.unpack_from(data, at)
            at += EVENT.size
            # the name is filled up with NUL
            if name is None or number == OVERFLOWN or data[at : at + length].rstrip(b"\0") == name:
                found.add(number)
            at += length
        return found
