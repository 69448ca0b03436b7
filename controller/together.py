"""Several threads want the same thing made at the same moment: one makes it, the others have what came of it.

Without this, fifty threads that wait for a machine which is down would each find that out, one after the other.
"""

from __future__ import absolute_import, print_function, unicode_literals

import contextlib
import threading

from controller import errors


class Together(object):
    """Turns at making something; who waited for a turn that failed fails with it.

    .lock: for who wants to be alone without making anything.
    """

    def __init__(self):
        self.lock = threading.Lock()
        self._failures = 0
        self._failure = None

    @contextlib.contextmanager
    def turn(self):
        """One thread at a time. :raises errors.TristanError: of the turn that ended while this one waited."""
        seen = self._failures
        with self.lock:
            if self._failures != seen:
                raise self._failure
            try:
                yield
            except errors.TristanError as error:
                self._failure = error
                self._failures += 1
                raise
