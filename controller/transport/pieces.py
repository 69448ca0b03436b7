"""What came on a channel and was not read yet, kept as the pieces that it came in.

Job: take the place of paramiko's BufferedPipe, which keeps all of it in one array: there each read moves the megabytes
    that stay, and copies twice what it takes. Here a byte is copied once, when it is read.
In: bytes from paramiko's thread. Out: the same to whoever reads, by the methods that paramiko's Channel calls.
"""

from __future__ import absolute_import, print_function, unicode_literals

import collections
import threading

from controller import compat
from controller.transport.library import paramiko


class Pieces(object):
    """The methods are BufferedPipe's, and so are their names."""

    def __init__(self):
        self._filled = threading.Condition(threading.Lock())
        self._pieces = collections.deque()
        self._size = 0
        self._event = None
        self._closed = False

    def set_event(self, event):
        """:param event: has set(), called when something comes, and when nothing more can."""
        with self._filled:
            self._event = event
            if self._closed or self._size:
                event.set()

    def feed(self, data):
        with self._filled:
            self._pieces.append(data)
            self._size += len(data)
            self._tell()

    def close(self):
        with self._filled:
            self._closed = True
            self._tell()

    def _tell(self):
        if self._event is not None:
            self._event.set()
        self._filled.notify_all()

    def read_ready(self):
        return self._size > 0

    def __len__(self):
        return self._size

    def read(self, nbytes, timeout=None):
        """:param timeout: seconds, None for ever. :returns: bytes, b"" when it is closed and empty.

        :raises PipeTimeout: nothing came.
        """
        end = None if timeout is None else compat.monotonic() + timeout
        with self._filled:
            while not self._size and not self._closed:
                left = None if end is None else end - compat.monotonic()
                if left is not None and left <= 0:
                    raise paramiko.buffered_pipe.PipeTimeout()
                self._filled.wait(left)
            return self._take(nbytes)

    def empty(self):
        """:returns: bytes, all that is there."""
        with self._filled:
            return self._take(self._size)

    def _take(self, most):
        taken, room = [], most
        while self._pieces and room:
            piece = self._pieces.popleft()
            if len(piece) > room:
                self._pieces.appendleft(piece[room:])
                piece = piece[:room]
            taken.append(piece)
            room -= len(piece)
        self._size -= most - room
        return taken[0] if len(taken) == 1 else b"".join(taken)
