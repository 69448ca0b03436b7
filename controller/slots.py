"""One build a slot: what a schedule asks for again, since its clock was set back or it runs twice, is built once.

Job: remember which build of a project was launched for a slot, a name of the operator's such as ``nightly 2026-11-21``.
In: a directory, the journal, a function that launches. Out: that launch's LaunchedBuild, or the one of before.
"""

from __future__ import absolute_import, print_function, unicode_literals

import os

from business_hyper_fusion import names
from controller import documents, errors
from controller.claim import claim, discard
from controller.journal import listed
from controller.launch import LaunchedBuild
from controller.remembered import SLOT

PATIENCE = 60.0
"""Seconds for which to wait for another tristan that launches the slot's build."""

LOCK = ".lock"

KEPT = 2000
"""Slots; of twice as many those that were used last stay."""

LONGEST = 200
"""Characters of a slot's name."""

NOTHING = "refused"
"""The journal's stage of a launch that came to nothing."""


class Slots(object):
    """:param directory: path. :param journal: journal.Journal."""

    def __init__(self, directory, journal):
        self._directory = directory
        self._journal = journal

    def once(self, plan, slot, launch):
        """Launches unless that slot of the plan's project has a build already; then that one is given."""
        check(slot)
        path = os.path.join(self._directory, names.component("%s %s" % (plan.project, slot)))
        with claim(path + LOCK, PATIENCE) as held:
            if not held:
                raise errors.Busy(
                    "another tristan launches the build of slot %s" % slot, "wait for it"
                )
            before = self._before(path)
            if before is not None:
                return before
            documents.write_json(path, {"build_id": plan.build_id}, durable=True)
            launched = launch()
            documents.write_json(path, dict(launched._asdict()), durable=True)
        self._prune()
        return launched

    def _before(self, path):
        """LaunchedBuild of the slot, or None."""
        known = documents.read_json(path, lambda text: None, SLOT)
        if "machine" not in known and known.get("build_id"):
            # Who launched it died: the journal has what became of that, and another tristan goes on with it.
            entry = self._journal.read(known["build_id"])
            known = entry if entry.get("stage", NOTHING) != NOTHING else {}
        fields = [known.get(key) for key in ("build_id", "attempt", "machine", "executor_id")]
        return None if None in fields else LaunchedBuild(*(fields + [True]))

    def _prune(self):
        paths = [os.path.join(self._directory, name) for name in listed(self._directory)]
        if len(paths) > 2 * KEPT:
            for path in sorted(paths, key=age)[:-KEPT]:
                (discard if path.endswith(LOCK) else documents.remove)(path)


def age(path):
    """Of when a file was written; 0 of one that another tristan has removed meanwhile."""
    try:
        return os.stat(path).st_mtime
    except EnvironmentError:
        return 0


def check(slot):
    """:raises errors.UsageError: for a name that nobody could read again."""
    if not slot.strip() or len(slot) > LONGEST or any(letter < " " for letter in slot):
        raise errors.UsageError(
            "--slot wants a name of up to %d printable characters" % LONGEST,
            'e.g. --slot "nightly $(date +%F)"',
        )
