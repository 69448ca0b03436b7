"""What an accepted end asks for, a step at a time: an image's moving tags, and who wants to be told.

In: a build's entry in the journal and its terminal status. Out: the steps written down with the end, then done.
Who calls holds the claim of the entry's place, see accept.py, whose steps are numbered.
"""

from __future__ import absolute_import, print_function, unicode_literals

from business_hyper_fusion import names
from controller import errors, newest, notify, steps


class FollowUp(object):
    """:param settings: Settings. :param journal: journal.Journal.
    :param read_log: function(machine name, status) that gives the end of the log as text.
    :param on_note: callable(text), told of a step that failed.
    """

    def __init__(self, settings, journal, read_log, on_note):
        self._settings = settings
        self._journal = journal
        self._read_log = read_log
        self._on_note = on_note

    def begin(self, entry, status):
        """Steps 2 and 3 of accept.py."""
        accepted = self._journal.accepted(place(entry))
        previous = newest.put(accepted.setdefault("newest", {}), entry, status["state"])
        tags = self._tags(entry, status)
        tagged = accepted.setdefault("tagged", {})
        if tags and not newest.is_newer(tagged.get(repository(entry), ""), entry["build_id"]):
            tagged[repository(entry)] = entry["build_id"]
        self._journal.write_accepted(place(entry), accepted)
        due = notify.due(self._targets(entry), status["state"], previous)
        wanted = [steps.new("tags", tags)] if tags else []
        wanted.extend(steps.new("notify", notify.label(target)) for target in due)
        log_end = self._read_log(entry["machine"], status) if due else ""
        document = notify.document(status, previous, log_end) if due else None
        end = {"tags": [], "previous": previous, "steps": wanted, "document": document}
        end["digest"] = status["app_image"]["digest"] if tags else ""
        self._journal.accept(entry["build_id"], end)

    def _tags(self, entry, status):
        """The moving tags of a build, whoever has them now."""
        publish, image = entry.get("publish"), status["app_image"]
        wanted = status["state"] == "success" and entry.get("moves_tags")
        if not wanted or not publish or not image:
            return []
        if image["image"] != publish["image"]:
            self._on_note(
                "%s: its machine says that it pushed %s, which was not asked for; no tag is moved"
                % (shown(entry), image["image"])
            )
            return []
        registry = self._settings.docker_registries.get(publish["registry"])
        return newest.moving_tags(registry.moving_tags, entry["ref"]) if registry else []

    def _targets(self, entry):
        project = self._settings.projects.get(entry["project"])
        return notify.targets(project, entry.get("notify") or ())

    def work(self, build_id):
        """Steps 4 and 5 of accept.py."""
        entry = self._journal.read(build_id)
        end = entry["end"]
        for one in steps.due(entry):
            steps.count(one)
            self._journal.accept(build_id, end)
            try:
                self._do(entry, one)
            except errors.TristanError as error:
                if not self._failed(entry, one, error):
                    continue
            end["steps"].remove(one)
            self._journal.accept(build_id, end)
        if not end["steps"]:
            self._journal.accept(build_id, dict(end, document=None))
            self._journal.close(build_id)

    def _do(self, entry, one):
        if one["kind"] == "tags":
            self._move_tags(entry, one["what"])
        else:
            self._notify(entry, one)

    def _move_tags(self, entry, tags):
        """Gives the moving tags to this build's image, unless a newer build has them."""
        from controller.registry import Registry

        tagged = self._journal.accepted(place(entry)).get("tagged", {})
        if tagged.get(repository(entry)) != entry["build_id"]:
            return
        registry = self._settings.docker_registries.get(entry["publish"]["registry"])
        if registry is not None:
            digest = entry["end"]["digest"]
            Registry(registry).move_tags(entry["publish"]["image"], digest, tags)
            entry["end"]["tags"] = tags

    def _notify(self, entry, one):
        document = dict(entry["end"]["document"])
        document["app_image"] = with_tags(document["app_image"], entry["end"]["tags"])
        for target in self._targets(entry):
            if notify.label(target) == one["what"]:
                notify.send(target, document, one["delivery"], self._settings)

    def _failed(self, entry, one, error):
        """Says it. :returns: whether it is given up."""
        over = steps.is_given_up(one)
        self._on_note(
            "%s: %s%s; %s"
            % (
                shown(entry),
                error.message,
                " (%s)" % error.remedy if error.remedy else "",
                "given up" if over else "tried again at a later contact",
            )
        )
        return over

    def tell(self, machine, status, texts=()):
        """Tells of an end again, whoever was told already.

        :param texts: see notify.parse; everybody whom the project and the build's own --notify name by default.
        :returns: list of (text that names whom, errors.NotifyFailed or None).
        """
        entry = self._journal.read(status["build_id"])
        project = self._settings.projects.get(status["project"])
        found = notify.targets(project, entry.get("notify") or ())
        if texts:
            found = notify.unique(notify.parse(text, found) for text in texts)
        previous = entry.get("end", {}).get("previous")
        document = notify.document(status, previous, self._read_log(machine, status))
        return [(notify.shown(one), self._told(one, document)) for one in found]

    def _told(self, target, document):
        try:
            notify.send(target, document, steps.new_delivery(), self._settings)
        except errors.NotifyFailed as error:
            return error


def is_over(entry):
    """Whether nothing is left to do."""
    return entry["stage"] == "refused" or (
        entry["stage"] == "accepted" and not entry["end"]["steps"]
    )


def place(entry):
    """The name under which a project's ref is accepted: what shares a repository of images shares it."""
    return names.app_repository(entry["project"], entry["ref"]["name"])


def shown(entry):
    return "%s %s %s" % (entry["project"], entry["ref"]["kind"], entry["ref"]["name"])


def repository(entry):
    """The repository of a build's image, with the registry: all but the tag."""
    return entry["publish"]["image"].rpartition(":")[0]


def with_tags(image, tags):
    return dict(image, tags=list(tags)) if image else image
