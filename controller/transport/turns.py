"""Whose turn it is where a machine allows fewer sessions than are wanted: first come, first served.

In: threads that want a session. Out: one of them at a time, who may look for one; who has waited longest is next.
"""

from __future__ import absolute_import, print_function, unicode_literals

import collections
import contextlib
import threading


class Turns(object):
    """A queue that threads stand in. `.freed`: an Event, set whenever one of the connection's sessions ends."""

    def __init__(self):
        self.freed = threading.Event()
        self._lock = threading.Lock()
        self._queue = collections.deque()

    @contextlib.contextmanager
    def turn(self, seconds):
        """Waits until everybody who came before has had a turn. Yields whether that was so within `seconds`."""
        mine = threading.Event()
        with self._lock:
            self._queue.append(mine)
            if self._queue[0] is mine:
                mine.set()
        try:
            yield mine.wait(seconds) or mine.is_set()
        finally:
            with self._lock:
                self._queue.remove(mine)
                if self._queue:
                    self._queue[0].set()
