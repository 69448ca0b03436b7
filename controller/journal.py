"""The controller's journal: what it set out to launch, written down before it does.

Job: let a controller that was killed, and came back, find its builds: by id, and by the machine
    they went to.
In: entries {"build_id", "attempt", "machine", "executor_id", "project", "ref", "requested_at"}.
Out: entries by id, newest first; the executor that last held a project's branch.

An entry's "stage" is "intended" (a launch may or may not have happened: the machine knows),
"launched", or
"refused". How a build ends stands on its machine, not here.
"""

from __future__ import absolute_import, print_function, unicode_literals

import os

from business_hyper_fusion import grammar, names
from controller import documents

KEPT = 1000
"""Entries; older ones go, their builds are still found on the machines."""

SLACK = 100
"""Entries above KEPT before the oldest are removed, so that it happens rarely."""


class Journal(object):
    """:param directory: the state directory. :param on_note: callable(text) for damaged files."""

    def __init__(self, directory, on_note):
        self._builds = os.path.join(directory, "builds")
        self._places = os.path.join(directory, "places")
        self._on_note = on_note

    def intend(self, entry):
        """Written down, on disk, before anything is launched."""
        self._write(dict(entry, stage="intended"))
        self._prune()

    def confirm(self, build_id):
        """The machine answered that it started."""
        entry = self.read(build_id)
        self._write(dict(entry, stage="launched"))
        place = {"machine": entry.get("machine"), "executor_id": entry.get("executor_id")}
        documents.write_json(self._place(entry.get("project"), entry.get("ref")), place)

    def withdraw(self, build_id):
        """Nothing was launched, and nothing will be."""
        self._write(dict(self.read(build_id), stage="refused"))

    def read(self, build_id):
        """One entry, {} when there is none."""
        return documents.read_json(self._path(build_id), self._on_note)

    def build_ids(self, wanted=""):
        """Ids, newest first, that `wanted` means (see names.means)."""
        found = [name[:-5] for name in listed(self._builds) if name.endswith(".json")]
        return [build_id for build_id in reversed(found) if names.means(wanted, build_id)]

    def last_place(self, project, ref):
        """(machine name, executor id) that last built this ref of this project, or (None, None)."""
        place = documents.read_json(self._place(project, ref), self._on_note)
        return place.get("machine"), place.get("executor_id")

    def _write(self, entry):
        documents.write_json(self._path(entry["build_id"]), entry, durable=True)

    def _path(self, build_id):
        grammar.check_build_id(build_id)  # it becomes a file's name
        return os.path.join(self._builds, build_id + ".json")

    def _place(self, project, ref):
        name = names.component("%s %s %s" % (project, ref.get("kind"), ref.get("name")))
        return os.path.join(self._places, name + ".json")

    def _prune(self):
        found = listed(self._builds)
        for name in found[:-KEPT] if len(found) > KEPT + SLACK else ():
            documents.remove(os.path.join(self._builds, name))


def listed(directory):
    """Sorted names; ids begin with their time, so this is their order."""
    try:
        return sorted(os.listdir(directory))
    except EnvironmentError:
        return []
