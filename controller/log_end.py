"""Reads the end of a build's log, for who wants to be told of the build.

In: a contact, a terminal status. Out: text; "" when it can't be had now, which is no reason to tell nothing.
"""

from __future__ import absolute_import, print_function, unicode_literals

from controller import errors, watch

BYTES = 16 * 1024
PATIENCE = 10.0
"""Seconds without contact."""


class LogEnd(object):
    """A sink for Watch that keeps the last bytes."""

    def __init__(self):
        self.data = b""

    def log(self, data, offset):
        self.data = (self.data + data)[-BYTES:]

    def status(self, status):
        """It is known already."""

    def note(self, text):
        """Nobody waits for this."""


def read(contact, status):
    """:param contact: contact.Contact. :param status: dict, terminal."""
    sink = LogEnd()
    length = int((status["log"] or {}).get("bytes", 0))
    watching = watch.Watch(contact, PATIENCE)
    watching.follow(status["build_id"], status["attempt"], max(0, length - BYTES), sink, once=True)
    try:
        watching.run()
    except errors.TristanError:
        return ""
    return sink.data.decode("utf-8", "replace")
