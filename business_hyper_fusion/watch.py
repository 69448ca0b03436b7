"""Verb ``watch``: follow any number of builds over one channel, from byte offsets.

In, a line each: {"follow": {"build_id", "attempt": int or null, "offset": int, "once": bool}}; the end of stdin
ends it. With "once" a build is sent as far as it is now.
Out, frames: a line of JSON, and exactly "length" bytes behind it when it has that key:
status (at first and at each change), log, end (after the terminal status and every byte of the log, or once all
that is there now was sent), absent, and beat, by which a reader knows that the line is alive.
"""

from __future__ import absolute_import, print_function

import io
import json
import os

from business_hyper_fusion import (
    builds,
    compat,
    elsewhere,
    files,
    identity,
    layout,
    settle,
    status,
    suspect,
)
from business_hyper_fusion.changes import DELETED, OVERFLOWN, Changes
from business_hyper_fusion.grammar.json_text import parse_json

BEAT_SECONDS = 5.0

FASTEST, SLOWEST = 0.01, 0.1
"""Seconds between two looks where no kernel tells of changes: the first while something happens, the second after a
while without."""

UNTOLD = 1.0
"""Seconds between two looks at what the kernel does not tell of, such as a status that stands beside a full disk."""

REST, SHORTEST_REST, LONGEST_REST = 10, 0.002, 0.02
"""After a look that found something there is none for so many times as long as it took, within these seconds: who
writes line after line costs a share of the machine and not all of it. What comes after a silence is sent at once, and
so is an end."""

END = compat.to_bytes(layout.RESERVE)
"""What of an attempt goes once its end is written."""

CHUNK = 256 * 1024


def main(business):
    Watcher(business).run()
    return 0


class Watcher(object):
    """Reads what is to be followed, writes what happens.

    :param said: bytes of stdin that were read already.
    """

    def __init__(self, business, said=b""):
        self._business = business
        self._changes = Changes()
        self._ends = Changes(DELETED)
        self._follows = []
        self._buffer = said
        self._pause = FASTEST
        self._rested = 0.0
        self._beaten = self._looked = compat.monotonic()

    def run(self):
        self._take(b"")
        while self._take_orders():
            begun = compat.monotonic()
            moved = [follow.advance() for follow in self._due(begun)]
            self._drop_ended()
            now = compat.monotonic()
            if any(moved):
                rest = max(REST * (now - begun), SHORTEST_REST)
                self._rested = now + min(rest, LONGEST_REST)
            self._pause = FASTEST if any(moved) else min(self._pause * 1.3, SLOWEST)
            self._beat(now)

    def _take_orders(self):
        """Wait for a change or an order. :returns: False when nobody is there any more."""
        ready = compat.wait_readable(*self._wanted())
        if 0 not in ready:
            return True
        data = os.read(0, 65536)
        if not data:
            return False
        self._take(data)
        return True

    def _take(self, data):
        lines = (self._buffer + data).split(b"\n")
        self._buffer = lines.pop()
        for line in lines:
            self._order(line)

    def _wanted(self):
        """:returns: (descriptors, seconds) to wait for."""
        left = self._rested - compat.monotonic()
        if any(follow.is_due for follow in self._follows):
            return [0], 0
        if left > 0:
            return [0, self._ends.descriptor] if self._ends.descriptor is not None else [0], left
        if self._changes.descriptor is None:
            return [0], self._pause
        untold = any(follow.number is None for follow in self._follows)
        return [0, self._changes.descriptor], self._pause if untold else UNTOLD

    def _due(self, now):
        """:returns: list of Follow to look at: whose directory changed, those that nobody tells of, at times all."""
        # Taken each time: what is seen now is no news in the next rest.
        over = self._ends.take(END)
        if now < self._rested:
            return [one for one in self._follows if one.is_due or one.end_number in over]
        changed = self._changes.take()
        if now - self._looked >= UNTOLD or OVERFLOWN in changed:
            self._looked = now
            return self._follows
        changed.add(None)
        return [one for one in self._follows if one.is_due or one.number in changed]

    def _drop_ended(self):
        ended = [follow for follow in self._follows if follow.ended]
        if not ended:
            return
        self._follows = [follow for follow in self._follows if not follow.ended]
        forget(self._changes, [one.number for one in ended], [one.number for one in self._follows])
        ends = [one.end_number for one in self._follows]
        forget(self._ends, [one.end_number for one in ended], ends)

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
            # before the first look, which sees what was before
            numbers = [told.watch(attempt.path) for told in (self._changes, self._ends)]
            self._follows.append(Follow(attempt, offset, once, *numbers))
            self._pause = FASTEST

    def _beat(self, now):
        if now - self._beaten >= BEAT_SECONDS:
            self._beaten = now
            identity.collect_children()  # of a launch that went on as this: the guardian of its build
            for follow in self._follows:
                follow.look_for_life()
            send({"frame": "beat"})


class Follow(object):
    """One build: how far its log was sent, which status was sent last.

    .number: of its directory in Changes, None where nobody tells of changes there; .end_number: the same for its end.
    .is_due: is to be looked at, told or not.
    """

    def __init__(self, attempt, offset, once, number, end_number):
        self.number = number
        self.end_number = end_number
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
        self.is_due = True
        settle.settle(self._attempt.executor)
        if self._document is not None and suspect.told(self._document) != self._document:
            self._seen = None

    def advance(self):
        """Send what is new.

        :returns: True when there was something.
        """
        self.is_due = False
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
                self._log = io.open(self._attempt.log, "rb", 0)
            except (IOError, OSError):
                return b""
        self._log.seek(self._offset)
        return self._log.read(CHUNK)

    def _frame(self, kind, **fields):
        frame = {"frame": kind, "build_id": self._attempt.build_id, "attempt": self._attempt.number}
        frame.update(fields)
        return frame


def forget(told, numbers, still):
    """:param told: Changes. :param numbers: of watches that ended. :param still: of those that go on."""
    for number in set(numbers) - set(still) - {None}:
        told.forget(number)


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
