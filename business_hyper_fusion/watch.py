"""Verb ``watch``: follow any number of builds over one channel, from byte offsets.

In, a line each: {"follow": {"build_id", "attempt": int or null, "offset": int, "once": bool}}; the end of stdin
ends it. With "once" a build is sent as far as it is now.
Out, frames: a line of JSON, and exactly "length" bytes behind it when it has that key:
status (at first and at each change), log, end (after the terminal status and every byte of the log, or once all
that is there now was sent), absent, and beat, by which a reader knows that the line is alive.
"""

from __future__ import absolute_import, print_function

import json
import os

from business_hyper_fusion import builds, compat, elsewhere, files, settle, status, suspect
from business_hyper_fusion.grammar.json_text import parse_json

BEAT_SECONDS = 5.0

FASTEST, SLOWEST = 0.01, 0.1
"""Seconds between two looks: the first while something happens, the second after a while without."""

CHUNK = 256 * 1024


def main(business):
    Watcher(business).run()
    return 0


class Watcher(object):
    """Reads what is to be followed, writes what happens."""

    def __init__(self, business):
        self._business = business
        self._follows = []
        self._buffer = b""
        self._pause = FASTEST
        self._beaten = compat.monotonic()

    def run(self):
        while self._take_orders():
            moved = [follow.advance() for follow in self._follows]
            self._follows = [follow for follow in self._follows if not follow.ended]
            self._pause = FASTEST if any(moved) else min(self._pause * 1.3, SLOWEST)
            self._beat()

    def _take_orders(self):
        """Wait a moment for orders. :returns: False when nobody is there any more."""
        if not compat.wait_readable([0], self._pause):
            return True
        data = os.read(0, 65536)
        if not data:
            return False
        lines = (self._buffer + data).split(b"\n")
        self._buffer = lines.pop()
        for line in lines:
            self._order(line)
        return True

    def _order(self, line):
        try:
            order = compat.native(parse_json(line))["follow"]
            build_id, number, offset = order["build_id"], order.get("attempt"), int(order["offset"])
            once = bool(order.get("once"))
        except (ValueError, KeyError, TypeError):
            send({"frame": "absent", "build_id": ""})
            return
        attempt = builds.find(self._business, str(build_id), number)
        if attempt is None:
            send({"frame": "absent", "build_id": build_id})
        else:
            self._follows.append(Follow(attempt, offset, once))
            self._pause = FASTEST

    def _beat(self):
        now = compat.monotonic()
        if now - self._beaten >= BEAT_SECONDS:
            self._beaten = now
            for follow in self._follows:
                follow.look_for_life()
            send({"frame": "beat"})


class Follow(object):
    """One build: how far its log was sent, which status was sent last."""

    def __init__(self, attempt, offset, once):
        self._attempt = attempt
        self._once = once
        self._offset = offset
        self._seen = None
        self._document = None
        self._log = None
        self.ended = False
        self.look_for_life()

    def look_for_life(self):
        """A build whose processes are all gone has nobody else to write its end."""
        settle.settle(self._attempt.executor)
        if self._document is not None and suspect.told(self._document) != self._document:
            self._seen = None

    def advance(self):
        """Send what is new.

        :returns: True when there was something.
        """
        first = self._document is None
        changed = self._changed_status()
        # Read before the log, so that a terminal status means a whole log; but sent behind it, so that what a
        # phase wrote stands above the next one's beginning. Only who has just come learns first what this is.
        if changed and first:
            self._send_status()
        sent = self._send_log()
        if changed and not first:
            self._send_status()
        if self._once or (self._document is not None and status.terminal(self._document)):
            self.ended = True
            send(self._frame("end", log_bytes=self._offset))
        return changed or sent

    def _changed_status(self):
        """:returns: True when there is a status that was not sent yet; it is kept."""
        signature = _signature(self._attempt.status)
        if signature is not None:
            signature += (elsewhere.find(self._attempt, elsewhere.STATUS),)
        if signature is None or signature == self._seen:
            return False
        document = status.read(self._attempt)
        if document is None:
            return False
        self._seen, self._document = signature, suspect.told(document)
        return True

    def _send_status(self):
        send(self._frame("status", status=self._document))

    def _send_log(self):
        """Send all that was written since. :returns: True when there was something."""
        begun = self._offset
        while True:
            data = self._read_log()
            if data:
                send(self._frame("log", offset=self._offset, length=len(data)), data)
                self._offset += len(data)
            if len(data) < CHUNK:
                return self._offset > begun

    def _read_log(self):
        if self._log is None:
            try:
                self._log = open(self._attempt.log, "rb")
            except (IOError, OSError):
                return b""
        self._log.seek(self._offset)
        return self._log.read(CHUNK)

    def _frame(self, kind, **fields):
        frame = {"frame": kind, "build_id": self._attempt.build_id, "attempt": self._attempt.number}
        frame.update(fields)
        return frame


def _signature(path):
    """What changes when a file is replaced."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_ino, found.st_mtime, found.st_size


def send(frame, data=b""):
    """:raises OSError: the reader is gone; the watcher ends with it."""
    line = compat.to_bytes(json.dumps(frame, sort_keys=True)) + b"\n"
    files.write_all(1, line + data)
