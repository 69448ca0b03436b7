"""Goes on with builds whose attempt came to nothing: the next attempt, or the launch that was only written down.

Job: decide with attempts.py, launch with launch.py, so that of all tristans one does it.
In: the journal's entries, statuses, a silence. Out: whether another attempt has taken the build over.

Who launches an attempt holds the build's lease, a claim that the kernel drops with the process. So a launch that is
written down, not known to have happened, and whose lease is free, was left by a process that died: it is repeated on
the same executor, where the machine's own claim lets it start once.
"""

from __future__ import absolute_import, print_function, unicode_literals

import random
import time

from controller import attempts, errors
from controller.accept import UNACCEPTED
from controller.launch import Launcher

PAUSES = (1.0, 5.0, 20.0)
"""Seconds before the second, third and fourth attempt of a build that is watched."""


class Requeue(object):
    """:param settings: Settings. :param journal: journal.Journal. :param contacts: {machine name: Contact}.
    :param make_release: function that gives the Release. :param on_note: callable(text).
    """

    def __init__(self, settings, journal, contacts, make_release, on_note):
        self._settings = settings
        self._journal = journal
        self._launcher = Launcher(contacts, journal, make_release, on_note, lambda *told: None)
        self._on_note = on_note
        self._said = set()
        self.launched = set()
        """(build id, attempt) of those that this one launched, and said so."""

    def after(self, entry, status, patience=0.0):
        """An attempt has ended. :returns: whether this is not the build's end.

        :param patience: seconds for which to wait for another tristan that is at it; who waits for the build also waits
            for a free executor.
        """
        if attempts.where(status) is None or not self._may(entry):
            return False
        with self._journal.lease(entry["build_id"], patience) as held:
            if not held:
                return True
            now = self._journal.read(entry["build_id"])
            if now.get("attempt") != status["attempt"]:
                return True
            if now.get("stage") not in UNACCEPTED:
                return False
            if patience:
                pause = PAUSES[min(entry["attempt"], len(PAUSES)) - 1]
                time.sleep(pause * random.uniform(0.5, 1.0))
            return self._follow(now, status, bool(patience))

    def elsewhere(self, build_id):
        """The machine of a build has been silent for too long. :returns: whether another attempt took it over."""
        entry = self._journal.read(build_id)
        if entry.get("stage") not in UNACCEPTED or not self._may(entry):
            return False
        with self._journal.lease(build_id) as held:
            now = self._journal.read(build_id)
            if not held:
                return False  # what is being launched may come to nothing
            if now.get("attempt") != entry["attempt"]:
                return True
            if now.get("stage") not in UNACCEPTED:  # somebody else has heard of its end
                return False
            # whatever becomes of it: at the next contact that machine is told
            self._journal.mark_late(build_id, entry["attempt"], entry["machine"])
            if self._follow(now, None, False) and self._journal.read(build_id) != now:
                return True
            self._journal.settle_late(build_id, entry["attempt"])
            return False

    def adopt_all(self, machines):
        """What is left of launches on these machines, before they are asked what they hold."""
        for build_id in self._journal.open_ids():
            if self._journal.read(build_id).get("machine") in machines:
                self.adopt(build_id)

    def adopt(self, build_id, patience=0.0):
        """Launches an attempt that was written down, if who was to do it died before.

        :param patience: seconds for which to wait for another tristan that is at it.
        """
        entry = self._journal.read(build_id)
        if entry.get("stage") != "intended" or not self._is_wanted(entry):
            return
        with self._journal.lease(build_id, patience) as held:
            if held and self._journal.read(build_id) == entry:
                self._repeat(entry)

    def _may(self, entry):
        """Whether the project allows another attempt."""
        if not self._is_wanted(entry):
            return False
        project = self._settings.projects.get(entry["project"])
        return bool(project) and entry["attempt"] <= project.requeue

    def _is_wanted(self, entry):
        if self._journal.abandoned(entry["build_id"]):
            return False
        kept = self._journal.kept(entry["build_id"])
        return bool(kept) and attempts.is_young(kept)

    def _follow(self, entry, status, wait):
        """Launches the next attempt; the lease is held. :returns: whether the build goes on."""
        kept = self._journal.kept(entry["build_id"])
        try:
            plan = attempts.following(self._settings, kept, entry, status, time.time())
            if plan is None:
                return False
            launched = self._launcher.launch(plan, wait, lambda: self._journal.restore(entry))
        except errors.Busy as busy:
            self._say(entry, "%s; tried again at a later contact" % busy.message)
            return True
        except errors.TristanError as error:
            self._say(entry, "not tried again: %s" % error.message)
            return self._journal.read(entry["build_id"]).get("attempt") != entry["attempt"]
        text = "attempt %d %s on %s; attempt %d runs on %s"
        why = "is out of reach" if status is None else "ended with %s" % status["cause"]
        machine, number = entry["machine"], entry["attempt"]
        self.launched.add((entry["build_id"], launched.attempt))
        self._say(entry, text % (number, why, machine, launched.attempt, launched.machine))
        return True

    def _repeat(self, entry):
        """Launches the same attempt at the same place; the lease is held."""
        kept = self._journal.kept(entry["build_id"])
        try:
            plan = attempts.same(self._settings, kept, entry["machine"])
            plan.allowed, plan.replaced = kept["machines"], entry["replaced"]
            said = self._launcher.launch_at(plan, entry["executor_id"])
        except errors.TristanError as error:
            self._say(entry, "not launched yet: %s" % error.message)
            return
        if said is None:
            text = "not launched yet: %s/%s is busy; tried again at a later contact"
            self._say(entry, text % (entry["machine"], entry["executor_id"]))
        elif not said.already:
            self._say(
                entry, "launched on %s, which a tristan that died had not done" % said.machine
            )

    def _say(self, entry, text):
        """Once; a silent machine is looked at again and again."""
        if (entry["build_id"], text) not in self._said:
            self._said.add((entry["build_id"], text))
            self._on_note("%s: %s" % (entry["build_id"], text))
