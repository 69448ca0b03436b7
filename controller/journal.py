"""The controller's journal: what it set out to launch, written down before it does.

Job: let a controller that was killed, and came back, find its builds: by id, and by the machine
    they went to; and let it find what is still to be done for them.
In: entries {"build_id", "attempt", "machine", "executor_id", "project", "ref", "requested_at",
    "publish", "moves_tags", "notify", "replaced"}, of the latest attempt.
Out: entries by id, newest first; those that are open; the executor that last held a project's branch;
    what was accepted last of a ref; what was kept of a launch (attempts.keep); attempts that are late.

An entry's "stage" is "intended" (a launch may or may not have happened: the machine knows),
"launched", "refused", or "accepted" (its end was seen, see accept.py). How a build ends stands on its
machine, not here.

An attempt that was replaced while its machine was out of reach is late until that machine was told.

An entry is open until it was refused, or was accepted and all that follows from that is done.
"""

from __future__ import absolute_import, print_function, unicode_literals

import os

from business_hyper_fusion import grammar, names
from controller import documents, errors, remembered
from controller.claim import claim, discard

KEPT = 1000
"""Entries; older ones go unless they are open. Their builds are still found on the machines."""

KEPT_BYTES = 16 * 1024 * 1024
"""Most bytes of a launch: a request has up to 4 MiB, and JSON may double it."""

SLACK = 100
"""Entries above KEPT before the oldest are removed, so that it happens rarely."""


class Journal(object):
    """:param directory: the state directory. :param on_note: callable(text) for damaged files."""

    def __init__(self, directory, on_note):
        self._builds = os.path.join(directory, "builds")
        self._places = os.path.join(directory, "places")
        self._ends = os.path.join(directory, "ends")
        self._open = os.path.join(directory, "open")
        self._accepted = os.path.join(directory, "accepted")
        self._requests = os.path.join(directory, "requests")
        self._leases = os.path.join(directory, "leases")
        self._abandoned = os.path.join(directory, "abandoned")
        self._late = os.path.join(directory, "late")
        self._on_note = on_note

    def intend(self, entry, kept):
        """Written down, on disk, before anything is launched. :param kept: see attempts.keep."""
        path = os.path.join(self._requests, entry["build_id"] + ".json")
        documents.write_json(path, kept, durable=True)
        documents.touch(os.path.join(self._open, entry["build_id"]))
        self._write(dict(entry, stage="intended"))
        self._prune()

    def confirm(self, build_id):
        """The machine answered that it started; what can't be written of that, the machine tells again."""
        entry = self._entry(build_id)
        place = {"machine": entry.get("machine"), "executor_id": entry.get("executor_id")}
        try:
            self._write(dict(entry, stage="launched"))
            documents.write_json(self._place(entry.get("project"), entry.get("ref")), place)
        except errors.LocalFileError as error:
            self._on_note(error.message)

    def withdraw(self, build_id):
        """Nothing was launched, and nothing will be; a launch that was not even written down needs no word."""
        entry = self._entry(build_id)
        if entry:
            self._write(dict(entry, stage="refused"))
            self.close(build_id)

    def restore(self, entry):
        """Writes an entry again as it was before an attempt that was not launched after all."""
        self._write(entry)

    def kept(self, build_id):
        """What intend() was given of the latest launch; {} for a build of another controller."""
        path = os.path.join(self._requests, build_id + ".json")
        return self._read(path, remembered.KEPT, KEPT_BYTES)

    def abandon(self, build_id):
        """A person does not want it any more: nothing is launched for it from now on."""
        grammar.check_build_id(build_id)
        documents.touch(os.path.join(self._abandoned, build_id))

    def abandoned(self, build_id):
        return os.path.exists(os.path.join(self._abandoned, build_id))

    def lease(self, build_id, patience=0.0):
        """A context manager, see claim.claim: who may launch an attempt of that build now."""
        grammar.check_build_id(build_id)
        return claim(os.path.join(self._leases, build_id), patience)

    def mark_late(self, build_id, attempt, machine):
        """An attempt is about to be replaced that may still run."""
        path = os.path.join(self._late, "%s.%d.json" % (build_id, attempt))
        document = {"build_id": build_id, "attempt": attempt, "machine": machine}
        documents.write_json(path, document, durable=True)

    def late(self):
        """List of dict: build_id, attempt, machine."""
        paths = [os.path.join(self._late, name) for name in listed(self._late)]
        found = [self._read(path, remembered.LATE) for path in paths if path[-5:] == ".json"]
        return [one for one in found if one]

    def settle_late(self, build_id, attempt):
        documents.remove(os.path.join(self._late, "%s.%d.json" % (build_id, attempt)))

    def accept(self, build_id, end):
        """The build's end was seen, and is its end. :param end: dict, see accept.py.

        In a file of its own: who launched may still be writing the entry.
        """
        document = {"stage": "accepted", "end": end}
        documents.write_json(self._end(build_id), document, durable=True)

    def close(self, build_id):
        """Nothing is left to do for a build."""
        documents.remove(os.path.join(self._open, build_id))

    def is_open(self, build_id):
        grammar.check_build_id(build_id)
        return os.path.exists(os.path.join(self._open, build_id))

    def open_ids(self):
        """Ids of the open entries, oldest first."""
        return [name for name in listed(self._open) if is_id(name)]

    def ended_ids(self):
        """Set of the ids of entries whose end was accepted."""
        return set(name[:-5] for name in listed(self._ends) if name.endswith(".json"))

    def accepted(self, name):
        """What was accepted last under a name of accept.py's, {} when there is nothing."""
        return self._read(os.path.join(self._accepted, name + ".json"), remembered.ACCEPTED)

    def write_accepted(self, name, document):
        path = os.path.join(self._accepted, name + ".json")
        documents.write_json(path, document, durable=True)

    def claim(self, name, patience):
        """A context manager, see claim.claim: who may accept under that name now."""
        return claim(os.path.join(self._accepted, name + ".lock"), patience)

    def read(self, build_id):
        """One entry, with what `accept` was told; {} when there is none."""
        end = self._read(self._end(build_id), remembered.END)  # first: _prune() removes it last
        entry = self._entry(build_id)
        return dict(entry, **end) if entry else {}

    def build_ids(self, wanted=""):
        """Ids, newest first, that `wanted` means (see names.means)."""
        found = [name[:-5] for name in listed(self._builds) if name.endswith(".json")]
        return [one for one in reversed(found) if is_id(one) and names.means(wanted, one)]

    def last_place(self, project, ref):
        """(machine name, executor id) that last built this ref of this project, or (None, None)."""
        place = self._read(self._place(project, ref), remembered.PLACE)
        return place.get("machine"), place.get("executor_id")

    def _entry(self, build_id):
        entry = self._read(self._path(build_id), remembered.ENTRY)
        return entry if entry.get("build_id") == build_id else {}

    def _read(self, path, shape, most=documents.MAX_BYTES):
        return documents.read_json(path, self._on_note, shape, most)

    def _write(self, entry):
        documents.write_json(self._path(entry["build_id"]), entry, durable=True)

    def _path(self, build_id):
        grammar.check_build_id(build_id)  # it becomes a file's name
        return os.path.join(self._builds, build_id + ".json")

    def _end(self, build_id):
        grammar.check_build_id(build_id)
        return os.path.join(self._ends, build_id + ".json")

    def _place(self, project, ref):
        name = names.component("%s %s %s" % (project, ref.get("kind"), ref.get("name")))
        return os.path.join(self._places, name + ".json")

    def _prune(self):
        found = listed(self._builds)
        if len(found) <= KEPT + SLACK:
            return
        # One that had to wait for an executor has an old id, and its end is still to be accepted.
        opened = set(name + ".json" for name in listed(self._open))
        for name in [one for one in found[:-KEPT] if one not in opened]:
            documents.remove(os.path.join(self._builds, name))
            documents.remove(os.path.join(self._ends, name))
            documents.remove(os.path.join(self._requests, name))
            documents.remove(os.path.join(self._abandoned, name[:-5]))
            discard(os.path.join(self._leases, name[:-5]))


def is_id(name):
    return grammar.passes(grammar.check_build_id, name)


def listed(directory):
    """Sorted names; ids begin with their time, so this is their order."""
    try:
        return sorted(os.listdir(directory))
    except EnvironmentError:
        return []
