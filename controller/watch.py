"""Watches any number of builds of one machine over one channel, across cuts.

Job: read frames (business_hyper_fusion/watch.py), hand log bytes and statuses to sinks, resume at
    byte offsets.
In: a Contact, builds to follow. Out: each build's terminal status.

Nothing is handed out twice and nothing is left out: an offset that doesn't fit is an error, and a
log read from its first byte is compared with the SHA-256 that the machine states at the end.
"""

from __future__ import absolute_import, print_function, unicode_literals

import hashlib
import json
import random
import time

import six

from business_hyper_fusion.grammar.json_text import parse_json
from controller import answer, compat, errors

SILENCE = 20.0
"""Seconds without a byte before a connection counts as dead; a machine gives a sign of life every
5.
"""

BACKOFF_FIRST, BACKOFF_MOST = 0.2, 10.0
"""Seconds between two tries to reconnect."""

PATIENCE = 600.0
"""Seconds without contact after which the watcher gives up; the build goes on."""

LONGEST_TRY = 90.0
"""Seconds that a try to reach a machine takes at most. Two that lie further apart have a stall of our own between."""

MAX_BODY = 16 * 1024 * 1024
MAX_NOISE = 1000


class Follow(object):
    """One build that is followed: how far, and what is known of it.

    :param attempt: int, or None for the latest. :param offset: int, first byte wanted of the log.
    :param sink: has log(bytes, offset), status(dict), note(text).
    """

    def __init__(self, build_id, attempt, offset, sink, once=False):
        self.once = once
        self.build_id = build_id
        self.attempt = attempt
        self.offset = offset
        self.sink = sink
        self.status = None
        self.error = None
        self.ended = False
        self._digest = hashlib.sha256() if offset == 0 else None

    def order(self):
        """The line that asks the machine for it."""
        wanted = {"build_id": self.build_id, "attempt": self.attempt, "offset": self.offset}
        wanted["once"] = self.once
        return json.dumps({"follow": wanted}).encode("ascii") + b"\n"

    def take(self, frame, body):
        """One frame of this build."""
        kind = frame.get("frame")
        if kind == "absent":
            raise errors.BuildNotFound("the machine holds no build %s" % self.build_id)
        if type(frame.get("attempt")) is not int:
            raise errors.ProtocolError("the machine sent a frame of no attempt")
        self.attempt = frame["attempt"]
        if kind == "status":
            self._take_status(frame.get("status"))
        elif kind == "log":
            self._take_log(body, frame.get("offset"))
        elif kind == "end":
            self._take_end()

    def _take_status(self, status):
        answer.believed_status(status, "watching %s" % self.build_id)
        if (status["build_id"], status["attempt"]) != (self.build_id, self.attempt):
            raise errors.ProtocolError("the machine sent the status of another build")
        if status != self.status:  # after a reconnection the machine states it again
            before, self.status = self.status or {}, status
            self.sink.status(status)
            self._tell_suspicion(before.get("suspect"), status.get("suspect"))

    def _tell_suspicion(self, before, now):
        """:param before, now: what the machine says is odd about a running build, or None."""
        if now and now != before:
            self.sink.note("%s is suspect: %s" % (self.build_id, now))
        elif before and not now:
            self.sink.note("%s is not suspect any more" % self.build_id)

    def _take_log(self, data, offset):
        if offset != self.offset:
            raise errors.ProtocolError(
                "the log of %s came from byte %s instead of %d"
                % (self.build_id, offset, self.offset)
            )
        self.offset += len(data)
        if self._digest is not None:
            self._digest.update(data)
        self.sink.log(data, offset)

    def _take_end(self):
        """The last frame: what was read is compared with what the machine says it wrote."""
        if self.status is None or not (self.once or self.status["state"] in errors.EXIT_BY_STATE):
            raise errors.ProtocolError("%s: the machine told no end" % self.build_id)
        stated = self.status["log"] or {}
        if self._digest is not None and stated.get("sha256") not in (
            None,
            self._digest.hexdigest(),
        ):
            raise errors.ProtocolError(
                "the log of %s as read differs from the machine's (%d bytes here, %s there)"
                % (self.build_id, self.offset, stated.get("bytes"))
            )
        self.ended = True


class Silent(Exception):
    """A machine is out of reach for longer than it may be; run() may be called again."""


class Silence(object):
    """How long a machine has been out of reach: what tries since the first failed one tell, not what a clock does.

    A watcher that was stopped for an hour has learned nothing in that hour.
    """

    def __init__(self):
        self._first = self._last = None

    def broken(self):
        """Something was heard."""
        self._first = self._last = None

    def failed(self):
        """One more try to reach the machine failed. :returns: seconds since the first of them."""
        now = compat.monotonic()
        if self._last is None or now - self._last > LONGEST_TRY:
            self._first = now
        self._last = now
        return now - self._first


class Watch(object):
    """:param contact: contact.Contact of the machine. :param patience: seconds.
    :param lost_after: seconds without contact before Silent, None for never.
    """

    def __init__(self, contact, patience=PATIENCE, lost_after=None):
        self._contact = contact
        self._lost_after = lost_after
        self._name = contact.machine.name
        self._patience = patience
        self._follows = {}
        self._pause = BACKOFF_FIRST
        self._silence = Silence()

    def follow(self, build_id, attempt, offset, sink, once=False):
        """To be called before run(). :returns: Follow.

        :param once: whether to take what is there now instead of waiting for the build's end.
        """
        self._follows[build_id] = Follow(build_id, attempt, offset, sink, once)
        return self._follows[build_id]

    def run(self):
        """Returns when every build has ended, well or with its Follow's `error`.

        :raises errors.StillRunning, Silent: the machine was out of reach for too long.
        """
        while self._pending():
            try:
                self._session()
            except errors.MachineUnreachable as error:
                self._contact.drop()  # it may be dead and not know it
                self._wait(error)

    def _pending(self):
        return [follow for follow in self._follows.values() if not follow.ended]

    def _session(self):
        """One connection's worth of frames."""
        member = self._contact.join_watch([follow.build_id for follow in self._pending()])
        try:
            for follow in self._pending():
                member.send(follow.order())
            while self._pending():
                self._dispatch(*member.next())
                self._silence.broken()
                self._pause = BACKOFF_FIRST
        finally:
            member.close()

    def _dispatch(self, frame, body):
        if frame["frame"] == "beat":
            return
        follow = self._follows.get(frame.get("build_id"))
        if follow is None or follow.ended:
            return
        try:
            follow.take(frame, body)
        except errors.TristanError as error:  # one build's trouble is not the others'
            follow.error, follow.ended = error, True

    def _wait(self, error):
        silent = self._silence.failed()
        if silent > self._patience:
            raise errors.StillRunning(
                "no contact with %s for %d seconds: %s" % (self._name, silent, error.message),
                remedy="the builds go on there; watch them later with `tristan logs --follow`",
            )
        if self._pause == BACKOFF_FIRST:
            for follow in self._pending():
                follow.sink.note("%s; connecting again" % error.message)
        time.sleep(self._pause * random.uniform(0.5, 1.0))
        self._pause = min(self._pause * 2, BACKOFF_MOST)
        if self._lost_after is not None and silent > self._lost_after:
            raise Silent()


class Frames(object):
    """The frames of one channel."""

    def __init__(self, channel, name):
        self._channel = channel
        self._name = name
        self._begun = False

    def next(self):
        """(header, body) of the next frame; a silence, an end or a cut is errors.ConnectionLost."""
        from controller.transport import ReceiveTimeout

        try:
            header = self._header()
            length = header.get("length", 0)
            if not isinstance(length, int) or not 0 <= length <= MAX_BODY:
                raise errors.ProtocolError("%s sent a frame of length %.40r" % (self._name, length))
            return header, self._channel.read_exactly(length, SILENCE) if length else b""
        except ReceiveTimeout:
            raise errors.ConnectionLost("%s has been silent for %d seconds" % (self._name, SILENCE))

    def _header(self):
        """The next header; before the first one a login's start files may print what they like."""
        for _ in range(MAX_NOISE):
            line = self._channel.read_line(SILENCE)
            if not line.endswith(b"\n"):
                raise self._end()
            header = parsed(line)
            if "frame" in header:
                self._begun = True
                return header
            if header.get("answer") == "lack":
                raise errors.BuildNotFound("Tristan is not on %s any more" % self._name)
            if self._begun:
                break
        raise errors.ProtocolError("%s sent something that is no frame" % self._name)

    def _end(self):
        """What the end of the output means: a program that can't even begin won't begin next time."""
        if not self._begun and self._channel.exit_status(SILENCE) > 0:
            said = self._channel.stderr()[-300:].decode("utf-8", "replace").strip()
            return errors.ProtocolError("watch on %s failed: %s" % (self._name, said))
        return errors.ConnectionLost("the connection to %s ended" % self._name)


def parsed(line):
    """A header line as a dict, {} when it is none."""
    try:
        document = parse_json(line)
    except ValueError:
        return {}
    if not isinstance(document, dict):
        return {}
    texts = [document.get(key, "") for key in ("frame", "build_id", "answer")]
    return document if all(isinstance(text, six.text_type) for text in texts) else {}
