"""Verb ``refresh``: bring ahead of the next builds what they would wait for, then collect what is not needed.

In: {"look": true, "within_seconds"}: which branches were built here of late;
    or {"fetch": [errand], "images": [errand], "gc": question of gc or null}; an errand is {"request", "secrets"}.
Out: {"answer": "held", "branches": [{"address", "name"}]};
    or {"answer": "refresh", "fetched": [{"address", "name", "commit"}], "gone": [{"address", "name"}],
    "images": [{"name", "renewed"}], "failed": [{"what", "cause", "message"}], "gc", "seconds"};
    or "busy" when another refresh runs, or "refused" with a message.

What is fetched goes into mirrors, under their locks; executors, their sources and their builds are left alone.
"""

from __future__ import absolute_import, print_function

import os
import time

from business_hyper_fusion import (
    builds,
    compat,
    files,
    gc,
    gc_executors,
    gc_report,
    grammar,
    lock,
    outcome,
)
from business_hyper_fusion.control import Control
from business_hyper_fusion.errand import Errand, Place
from business_hyper_fusion.image import BuildImage
from business_hyper_fusion.layout import Ref
from business_hyper_fusion.masker import Masker
from business_hyper_fusion.source import Source

SLOTS = frozenset(["git_password", "git_key"])
"""Secrets that an errand may bring: to fetch, and no other."""

LIMITS = {"soft_seconds": 3600, "hard_seconds": 3660}
"""Of all errands together; what is left then is left for the next refresh."""

RELEASE = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))

GONE = "ref_not_found"


def main(business):
    builds.answer_with(answer(business, builds.read_question()))
    return 0


def answer(business, question):
    """:returns: the answer to a question of this verb, see above."""
    if question.get("look") is True:
        return {"answer": "held", "branches": held(business, question.get("within_seconds") or 0)}
    try:
        fetch, images = [checked(question.get(key) or []) for key in ("fetch", "images")]
        collect = question.get("gc")
        if collect is not None:
            gc.asked(collect)
    except ValueError as refused:
        return {"answer": "refused", "message": str(refused)}
    compat.make_directories(business.upkeep)
    own_lock = lock.acquire(os.path.join(business.upkeep, "refresh.lock"))
    if own_lock is None:
        return {"answer": "busy"}
    try:
        begun = compat.monotonic()
        refresh = Refresh(business)
        refresh.run(fetch, images)
        collected = None if collect is None else gc.answer(business, collect)
        seconds = round(compat.monotonic() - begun, 3)
        return dict(refresh.answer(), gc=collected, seconds=seconds)
    finally:
        os.close(own_lock)


def held(business, within_seconds):
    """:returns: list of {"address", "name"}, the branches built here within that time."""
    found = set()
    for executor in business.executors():
        for project in gc_executors.projects(executor):
            for path in gc_executors.directories(os.path.join(project.path, "branches")):
                ref = Ref(os.path.join(project.path, "branches", path))
                if time.time() - gc_report.moment(ref.path) <= within_seconds:
                    found.update(_built(ref))
    return [{"address": address, "name": name} for address, name in sorted(found)]


def _built(ref):
    """:returns: list of (address, branch), at most one."""
    document = files.read_json(ref.built) or {}
    address, name = document.get("address"), document.get("name")
    known = grammar.passes(grammar.check_repository, address)
    return [(address, name)] if known and grammar.passes(grammar.check_branch, name) else []


def checked(errands):
    """:returns: list of (request, secrets). :raises ValueError: a controller of this protocol does not send that."""
    if not isinstance(errands, list):
        raise ValueError("errands must be a list")
    return [_checked(errand) for errand in errands]


def _checked(errand):
    try:
        request, secrets = errand["request"], errand["secrets"]
        grammar.check_request(request)
        known = set(secrets) <= SLOTS and all(isinstance(text, str) for text in secrets.values())
    except (KeyError, TypeError, AttributeError):
        raise ValueError("an errand is a request with its secrets")
    except grammar.RequestRefused as refused:
        raise ValueError(str(refused))
    if not known or request["ref"]["kind"] != "branch":
        raise ValueError("an errand fetches a branch, with a secret for the git server alone")
    return request, secrets


class Refresh(object):
    """One refresh of a machine."""

    def __init__(self, business):
        self._place = Place(os.path.join(business.upkeep, "errand"))
        self._place.remove()  # of a refresh that was killed, secrets and all
        self._control = Control(self._place, LIMITS)
        self._stopped = False
        self._fetched, self._gone, self._images, self._failed = [], [], [], []

    def run(self, fetch, images):
        self._control.install()
        try:
            for request, secrets in fetch:
                self._run("%s %s" % _branch(request), request, secrets, self._fetch)
            for request, secrets in images:
                self._run(request["image"]["name"], request, secrets, self._renew)
        finally:
            self._control.uninstall()

    def answer(self):
        return {
            "answer": "refresh",
            "fetched": self._fetched,
            "gone": self._gone,
            "images": self._images,
            "failed": self._failed,
        }

    def _run(self, what, request, secrets, do):
        """One errand; a failure is told, and the next one gets its turn."""
        if self._stopped:
            return
        try:
            self._place.prepare(secrets)
            do(Errand(RELEASE, request, self._place, secrets, self._control))
        except outcome.Ended as ended:
            self._stopped = self._control.reason() is not None
            ended.message = Masker(secrets.values()).whole(ended.message)
            self._tell(what, request, ended)
        except (IOError, OSError) as problem:
            self._tell(what, request, outcome.of_os_error(problem, "the refresh"))
        finally:
            self._place.remove()

    def _tell(self, what, request, ended):
        if ended.cause == GONE:
            self._gone.append(dict(zip(("address", "name"), _branch(request))))
            return
        message = ended.message
        if self._stopped:
            message = "the refresh was stopped, or did not end within %d s" % LIMITS["soft_seconds"]
        self._failed.append({"what": what, "cause": ended.cause, "message": message})

    def _fetch(self, errand):
        commit = Source(errand).fetch()
        address, name = _branch(errand.request)
        self._fetched.append({"address": address, "name": name, "commit": commit})

    def _renew(self, errand):
        image = BuildImage(errand)
        renewed = image.renew()
        if renewed is not None:
            self._images.append({"name": image.name, "renewed": renewed})


def _branch(request):
    return request["repository"]["address"], request["ref"]["name"]
