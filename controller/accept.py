"""Accepts the ends of this controller's builds, each once.

Job: at each contact with machines, have done for each build of the journal whose end is seen what its end asks for.
In: statuses, and which machine gave them. Out: the same statuses with the tags that were set; notes of what failed.

So that no two tristans do it twice, and none that dies leaves it half done:
1. A claim for the project and ref is taken. The kernel drops it with the process.
2. The newest build of the ref is written down, and that this build is the one that has the moving tags now.
3. The build's end is written down with its steps. From here on it is accepted, and is so once.
4. Each step is counted, done, and taken off. Tags: a tag that is there already stays what it is. Notifications:
   who dies between sending and taking off sends again, with the same delivery id; nobody else does.
5. With no step left the entry is closed. A step that fails is tried again at a later contact.
"""

from __future__ import absolute_import, print_function, unicode_literals

import threading
import time

from controller import compat, errors, follow_up, newest, steps

PATIENCE = 60.0
"""Seconds for which the end of a watched build waits for another tristan that accepts it."""

UNACCEPTED = ("intended", "launched")

GOING_ON = 1.0
"""Seconds between two looks of those that watch at what is left of earlier ends; of hundreds of builds that end at
once each would look at all of the others otherwise.
"""

VANISHED = 3600
"""Seconds after which a build that its machine knows nothing of is given up: it was never started, or is removed."""


class Acceptance(object):
    """:param journal: journal.Journal. :param then: follow_up.FollowUp. :param on_note: callable(text).
    :param requeue: has after(entry, status, patience), which tells whether an attempt's end is not the build's.
    :param late: late.Late.
    """

    def __init__(self, journal, then, on_note, requeue, late):
        self._journal = journal
        self._follow_up = then
        self._on_note = on_note
        self._requeue = requeue
        self._late = late
        self._going_on = threading.Lock()
        self._gone_on = None
        # entries without an end, read once and not at each end of those beside them
        self._running = set()

    def take(self, found, patience=0.0):
        """Accepts what has ended of what was seen, and goes on with what is left of earlier ends.

        :param found: list of (machine name, status).
        :param patience: seconds for which who watched waits for another tristan; 0 for who only looks.
        :returns: list of statuses.
        """
        self._late.take(found)
        taken = set()
        for machine, status in found:
            if has_ended(status) and self._journal.is_open(status["build_id"]):
                taken.add(status["build_id"])
                self._or_later(self._accept, machine, status, patience)
        if not patience or self._is_time_to_go_on():
            self._go_on(taken)
        return [self._with_tags(status) for _, status in found]

    def _is_time_to_go_on(self):
        return self._gone_on is None or compat.monotonic() - self._gone_on >= GOING_ON

    def _go_on(self, taken):
        """With what is left of earlier ends. A thread at a time: the others' ends are seen by the one that is at it.

        :param taken: set of the ids of builds that have had their turn.
        """
        if not self._going_on.acquire(False):
            return
        try:
            open_ids = set(self._journal.open_ids()) - taken
            ended = self._journal.ended_ids()
            self._running &= open_ids
            for build_id in sorted(open_ids):
                if build_id in ended or build_id not in self._running:
                    self._or_later(self._resume, build_id)
        finally:
            self._gone_on = compat.monotonic()
            self._going_on.release()

    def waiting(self):
        """{machine name: {build id: entry}} of builds whose end was not seen yet; {} of those that are only late."""
        found = {}
        for build_id in self._journal.open_ids():
            entry = self._journal.read(build_id)
            if entry.get("stage") in UNACCEPTED:
                found.setdefault(entry.get("machine"), {})[build_id] = entry
        for machine, build_id in self._late.waiting():
            found.setdefault(machine, {}).setdefault(build_id, {})
        return found

    def absent(self, machine, build_id, entry):
        """A machine answered that it knows nothing of a build.

        :param entry: as waiting() gave it before the machine was asked: what was launched since was not meant.
        """
        self._late.absent(machine, build_id)
        if entry.get("machine") != machine:
            return
        if entry.get("stage") == "intended":
            self._requeue.adopt(build_id)
        if build_id[:15] < newest.clock(time.time() - VANISHED):
            with self._journal.lease(build_id) as held:
                if held and self._journal.read(build_id) == entry:  # nobody launched it since
                    self._journal.close(build_id)

    def _or_later(self, accept, *arguments):
        """What can't be written down now is no outcome of a build; the next contact accepts it."""
        try:
            accept(*arguments)
        except errors.LocalFileError as error:
            self._on_note(
                "an end can't be accepted: %s; tried again at a later contact" % error.message
            )

    def _accept(self, machine, status, patience):
        entry = self._journal.read(status["build_id"])
        if not is_the_one(entry, machine, status) or self._requeue.after(entry, status, patience):
            return
        with self._journal.claim(follow_up.place(entry), patience) as held:
            if held and self._begin(machine, status, patience):
                self._follow_up.work(entry["build_id"])

    def _begin(self, machine, status, patience):
        """Steps 2 and 3, unless they are done. :returns: whether the end is accepted.

        Under the lease: another tristan may have come to another view of this end, and launch the next attempt.
        """
        with self._journal.lease(status["build_id"], patience) as held:
            entry = self._journal.read(status["build_id"])
            is_due = entry.get("stage") in UNACCEPTED and is_the_one(entry, machine, status)
            if held and is_due:
                self._follow_up.begin(entry, status)
            return entry.get("stage") == "accepted" or (held and is_due)

    def _resume(self, build_id):
        entry = self._journal.read(build_id)
        if not entry:
            self._close_unknown(build_id)
        elif entry.get("stage") in UNACCEPTED:
            self._running.add(build_id)
        elif follow_up.is_over(entry):  # who was to close it died
            self._journal.close(build_id)
        elif steps.due(entry):
            with self._journal.claim(follow_up.place(entry), 0.0) as held:
                if held:
                    self._follow_up.work(build_id)

    def _close_unknown(self, build_id):
        """An entry so old that the journal dropped it; or one that is just being written, by who has the lease."""
        with self._journal.lease(build_id) as held:
            if held and not self._journal.read(build_id):
                self._journal.close(build_id)

    def _with_tags(self, status):
        """A status; its image with the tags that were set for it."""
        if not status["app_image"]:
            return status
        entry = self._journal.read(status["build_id"])
        mine = entry.get("attempt") == status["attempt"]
        tags = entry.get("end", {}).get("tags", []) if mine else []
        return dict(status, app_image=follow_up.with_tags(status["app_image"], tags))


def is_the_one(entry, machine, status):
    """Whether a status is of the very attempt that was launched: a replaced attempt's late result is refused."""
    keys = ("attempt", "executor_id", "project")
    same = entry.get("machine") == machine and all(entry.get(key) == status[key] for key in keys)
    return same and all(entry["ref"][key] == status["ref"][key] for key in ("kind", "name"))


def has_ended(status):
    return status["state"] in errors.EXIT_BY_STATE
