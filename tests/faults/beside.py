"""What looks or acts beside a test, from a thread, for as long as a block lasts."""

from __future__ import absolute_import, print_function, unicode_literals

import threading


class Beside(object):
    """A context manager; a kind of it gives `_run`, which ends soon after `_stop` (an Event) is set."""

    def __init__(self):
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *problem):
        self._stop.set()
        self._thread.join()

    def _run(self):
        raise NotImplementedError
