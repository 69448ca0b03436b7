"""One channel of the verb ``watch`` for all that the threads of this process watch of a machine.

Job: hand each frame to who follows its build. One of the threads reads; when a frame is its own it goes to work on
    it, and the next one reads. There is no thread beside those that watch.
In: a function that opens the channel, ids of builds. Out: Members, which send orders and have frames of their own.

A build that the channel carries for one member already, or that one left before its end, is followed on a channel
apart: frames name their build, and not who asked for it.
"""

from __future__ import absolute_import, print_function, unicode_literals

import collections
import threading

from controller import errors
from controller.together import Together

MOST_HELD = 32 * 1024 * 1024
"""Bytes that are held for a member who is slow; reading waits for it then."""

TICK = 5.0
"""Seconds; waiting in ticks lets Ctrl-C through on Python 2.7 too."""


class SharedWatch(object):
    """:param open_channel: function that gives (a channel of the verb, the connection that carries it).
    :param name: the machine's.
    """

    def __init__(self, open_channel, name):
        self._open_channel = open_channel
        self._name = name
        self._opening = Together()
        self._line = None

    def is_open(self):
        return self._line is not None and not self._line.is_over()

    def keep(self, channel, connection):
        """A channel of the verb that is there already; closed where there is another one by now."""
        with self._opening.lock:
            if self.is_open():
                channel.close()
            else:
                self._line = Line(channel, connection, self._name)

    def join(self, build_ids):
        """:returns: Member, who may follow these builds. :raises errors.MachineUnreachable:"""
        with self._opening.turn():
            member = self._line and self._line.admit(build_ids)
            if member:
                return member
            line = Line(*(self._open_channel() + (self._name,)))
            if not self.is_open():
                self._line = line
            return line.admit(build_ids)


class Line(object):
    """One channel and its members."""

    def __init__(self, channel, connection, name):
        from controller.watch import Frames

        self.channel = channel
        self.connection = connection
        self._frames = Frames(channel, name)
        self._lock = threading.Lock()
        self._members = []
        self._carried = set()
        self._is_read = False
        self._error = None
        self._is_over = False

    def is_over(self):
        with self._lock:
            return self._is_over

    def admit(self, build_ids):
        """:returns: Member, or None where they can't be followed here."""
        with self._lock:
            if self._is_over or self._carried.intersection(build_ids):
                return None
            self._carried.update(build_ids)
            self._members.append(Member(self, build_ids, self._lock))
            return self._members[-1]

    def next(self, member):
        """The next frame of a member's."""
        while True:
            with self._lock:
                while not member.held and self._error is None and self._is_read:
                    member.waits = True
                    member.changed.wait(TICK)
                    member.waits = False
                if member.held:
                    return self._taken(member)
                if self._error is not None:
                    raise self._error
                self._is_read = True
            self._read_for(member)

    def _read_for(self, member):
        """Reads until there is something for this member; then somebody else may read."""
        try:
            while not member.held:
                self._deliver(*self._frames.next())
        except BaseException as error:
            self._fail(error)
            raise
        with self._lock:
            self._is_read = False
            self._wake_one()

    def _deliver(self, frame, body):
        with self._lock:
            build_id = frame.get("build_id")
            if frame["frame"] in ("end", "absent"):
                self._carried.discard(build_id)
            for member in list(self._members):
                if frame["frame"] == "beat" or build_id in member.build_ids:
                    self._hold(member, frame, body)

    def _hold(self, member, frame, body):
        while member.size > MOST_HELD and member in self._members:
            member.drained.wait(TICK)
        member.held.append((frame, body))
        member.size += len(body)
        member.changed.notify()

    def _taken(self, member):
        frame, body = member.held.popleft()
        member.size -= len(body)
        member.drained.notify()
        return frame, body

    def _fail(self, error):
        """The channel is of no more use to anybody."""
        if not isinstance(error, errors.TristanError):
            error = errors.ConnectionLost("who read for all was interrupted")
        with self._lock:
            self._error, self._is_over = error, True
            for member in self._members:
                member.changed.notify()

    def leave(self, member):
        with self._lock:
            self._members.remove(member)
            member.drained.notify()
            self._is_over = self._is_over or not self._members
            is_last = not self._members
            if not self._is_read:
                self._wake_one()
        if is_last:
            self.channel.close()

    def _wake_one(self):
        """Somebody who waits is to read now; who has frames goes to work on them instead."""
        for member in self._members:
            if member.waits and not member.held:
                member.changed.notify()
                return


class Member(object):
    """One of those who watch over a line; of one thread.

    .connection: what carries the line. .held .size .waits .changed .drained: the line's, under its lock.
    """

    def __init__(self, line, build_ids, lock):
        self.build_ids = frozenset(build_ids)
        self.connection = line.connection
        self.changed = threading.Condition(lock)
        self.drained = threading.Condition(lock)
        self.held = collections.deque()
        self.size = 0
        self.waits = False
        self._line = line

    def send(self, order):
        self._line.channel.send_beside(order)

    def next(self):
        """(header, body) of this member's next frame. :raises errors.ConnectionLost: as watch.Frames does."""
        return self._line.next(self)

    def close(self):
        self._line.leave(self)
