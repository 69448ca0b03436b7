"""Prepares a machine for its next builds: scripts, branches, build images; then has it collect what it needs no more.

Job: ask which branches the machine builds, plan what to fetch and to renew, hand that over with its secrets.
In: a contact, Settings, a Release, a Question of gc or None. Out: what was done and what failed, a dict.

A machine gets nothing that it did not have: branches that it built of late, and build images that are there.
"""

from __future__ import absolute_import, print_function, unicode_literals

import threading

from business_hyper_fusion.grammar.shape import list_of, none_or, record
from controller import compat, errors, gc
from controller.candidates import objection
from controller.gc import ANY, COUNT, TEXT
from controller.plan import Choices, plan

WITHIN = 14 * 86400
"""Seconds; a branch that was built since then is fetched."""

TIMEOUT = 2 * 3600.0
"""Seconds; an hour for errands, and what a collection takes."""

SLOTS = ("git_password", "git_key")
"""The secrets that fetching can need."""

ANY_BRANCH = "main"
"""Of a request that only its image matters of."""


class Refresher(object):
    """Refreshes machines, several at once.

    :param settings: Settings. :param moment: plan.Moment. :param languages: as plan.plan takes them.
    :param release: release.Release. :param question: gc.Question, or None for no collection.
    """

    def __init__(self, settings, moment, languages, release, question):
        self._settings = settings
        self._moment = moment
        self._languages = languages
        self._release = release
        self._question = question
        self._secrets = Secrets()

    def refresh(self, contact):
        """:param contact: contact.Contact.
        :returns: dict: sent (files of scripts), fetched, gone, images, failed, gc, as the machine's verb answers.
        """
        begun = compat.monotonic()
        sent = gc.push(contact, self._release)
        what = "refresh on %s" % contact.machine.name
        asked = contact.ask("refresh", {"look": True, "within_seconds": WITHIN}) or {}
        errands = Errands(self, contact.machine)
        fetch = errands.to_fetch(gc.believed(asked, what, _HELD)["branches"])
        question = {"fetch": fetch, "images": errands.to_renew(), "gc": None}
        if self._question is not None:
            question["gc"] = gc.document(contact.machine, self._question)
        said = contact.ask("refresh", question, TIMEOUT) or {}
        if said.get("answer") == "busy":
            raise errors.Busy("%s: another refresh runs there" % contact.machine.name)
        said = gc.believed(said, what, _ANSWER)
        collected = said["gc"] and collection(said["gc"], what)
        failed = errands.failed + said["failed"]
        seconds = compat.monotonic() - begun
        return dict(said, gc=collected, failed=failed, sent=sent, seconds=seconds)

    def fitting(self, machine):
        """Projects that the machine may build."""
        return [
            project
            for project in self._settings.projects.values()
            if not objection(machine, project, self._settings.build_profiles[project.build_profile])
        ]

    def errand(self, machine, project, branch, secret=True):
        """:returns: {"request", "secrets"}: a request as a build's, but for what only builds need."""
        choices = Choices(project.name, branch=branch, machine=machine.name)
        planned = plan(self._settings, choices, self._moment, self._languages)
        request = planned.request(machine, "1", self._release.hash)
        request.update(scripts={"compile_to_execute.sh": "exit 1\n"}, environment={}, artifacts=[])
        wanted = [slot for slot in SLOTS if secret and slot in planned.secrets]
        secrets = dict((slot, self._secrets.reveal(planned.secrets[slot])) for slot in wanted)
        return {"request": dict(request, publish=None), "secrets": secrets}


class Errands(object):
    """What one machine is asked to do; what can't even be planned is in `failed`."""

    def __init__(self, refresher, machine):
        self._refresher = refresher
        self._machine = machine
        self._projects = refresher.fitting(machine)
        self.failed = []

    def to_fetch(self, branches):
        """:param branches: list of {"address", "name"} that the machine built of late."""
        by_address = {}
        for project in self._projects:
            by_address.setdefault(project.repository, project)
        found = [
            self._planned(by_address[one["address"]], one["name"])
            for one in branches
            if one["address"] in by_address
        ]
        return [errand for errand in found if errand]

    def to_renew(self):
        """One errand for each build image, whichever projects build in it."""
        found = {}
        for project in self._projects:
            errand = self._planned(project, ANY_BRANCH, secret=False)
            if errand and errand["request"]["image"]["name"]:
                image = errand["request"]["image"]
                found.setdefault((image["name"], image["recipe"]), errand)
        return [found[key] for key in sorted(found)]

    def _planned(self, project, branch, **options):
        try:
            return self._refresher.errand(self._machine, project, branch, **options)
        except errors.TristanError as error:
            what = "project %s" % project.name
            failure = {"what": what, "cause": error.cause, "message": error.message}
            if failure not in self.failed:
                self.failed.append(failure)


class Secrets(object):
    """Each reference is read once, whatever asks for it: some ask a person."""

    def __init__(self):
        self._lock = threading.Lock()
        self._texts = {}

    def reveal(self, reference):
        with self._lock:
            if reference not in self._texts:
                self._texts[reference] = reference.resolve().reveal()
            return self._texts[reference]


def collection(said, what):
    """The part of the answer that is gc's; another one that runs there does the same work."""
    if said.get("answer") == "busy":
        return gc.summed(gc.NOTHING)
    return gc.summed(gc.believed(said, what))


_BRANCH = record(address=TEXT, name=TEXT)
_HELD = record(answer=TEXT, branches=list_of(_BRANCH, gc.MOST))
_ANSWER = record(
    answer=TEXT,
    fetched=list_of(record(address=TEXT, name=TEXT, commit=TEXT), gc.MOST),
    gone=list_of(_BRANCH, gc.MOST),
    images=list_of(record(name=TEXT, renewed=ANY), gc.MOST),
    failed=list_of(record(what=TEXT, cause=TEXT, message=TEXT), gc.MOST),
    gc=none_or(ANY),
    seconds=COUNT,
)
