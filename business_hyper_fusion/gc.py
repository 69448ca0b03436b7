"""Verb ``gc``: remove what is not needed any more, next to running builds.

In: {"dry_run": bool, "older_than_seconds", "most_bytes": of all caches together or null, "what": [kinds] or null,
    "engine": [words] or [], "now": the controller's time or null}.
Out: {"answer": "gc", "removed": [{"kind", "name", "bytes" or null, "age_seconds", "why"}], "kept": {kind: count},
    "busy": [{"kind", "name", "why"}], "failed": [{"kind", "name", "why"}], "dry_run"}; or "busy" when another
    collection runs, or "refused" with a message.

Each thing goes under the lock that guards its use: an executor's, a mirror's, an image's, the sync's. Who holds one
keeps what is behind it; nobody is waited for but a build's own upkeep.
"""

from __future__ import absolute_import, print_function

import os

from business_hyper_fusion import (
    builds,
    compat,
    gc_bin,
    gc_engine,
    gc_executors,
    gc_shared,
    identity,
    lock,
    order,
    outcome,
    settle,
    status,
    workspace,
)
from business_hyper_fusion.gc_report import Report
from business_hyper_fusion.protocol import GC_KINDS

OWN_RELEASE = os.path.basename(os.path.dirname(os.path.dirname(os.path.realpath(__file__))))
"""The release that runs this stays, whoever else needs it."""

UPKEEP_SECONDS = 60.0
"""How long a build that has ended may look after the disk (upkeep.py, behind all others) before "busy" is said."""


def main(business):
    builds.answer_with(answer(business, builds.read_question()))
    return 0


def answer(business, question):
    """:returns: the answer to a question of this verb, see above."""
    try:
        report = asked(question)
        engine = [str(word) for word in question.get("engine") or []]
        return run(business, report, engine, UPKEEP_SECONDS)
    except ValueError as refused:
        return {"answer": "refused", "message": str(refused)}
    except (IOError, OSError) as problem:
        ended = outcome.of_os_error(problem, "the collection")
        return {"answer": "refused", "message": ended.message}


def asked(question):
    """:returns: Report, empty. :raises ValueError: what is asked makes no sense."""
    if not isinstance(question, dict):
        raise ValueError("a question is an object")
    older_than, most_bytes = question.get("older_than_seconds"), question.get("most_bytes")
    what = question.get("what")
    if not _is_count(older_than) or not (most_bytes is None or _is_count(most_bytes)):
        raise ValueError("older_than_seconds and most_bytes must be whole numbers")
    if what is not None and (
        not isinstance(what, list) or any(one not in GC_KINDS for one in what)
    ):
        raise ValueError("what must be of: %s" % ", ".join(GC_KINDS))
    told = question.get("now")
    if told is not None and not _is_count(told):
        raise ValueError("now must be whole seconds since the epoch")
    return Report(question.get("dry_run") is True, older_than, most_bytes, what, told)


def _is_count(value):
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def run(business, report, engine, patience=0.0):
    """:param engine: the engine's command words, [] for none.
    :param patience: seconds for which to wait for a build that looks after the disk. :returns: the answer.
    """
    compat.make_directories(business.upkeep)
    deadline = compat.monotonic() + patience

    def may_wait():
        return compat.monotonic() < deadline and _is_kept_up(business)

    held = lock.acquire_from_leaving(business.gc_lock, may_wait, 0.05)
    if held is None:
        return {"answer": "busy"}
    try:
        Collection(business, report).run(gc_engine.Engine(engine, business.root))
    finally:
        os.close(held)
    return report.answer()


def _is_kept_up(business):
    """Whether the process of a build lives on behind its end."""
    for executor in business.executors():
        for build_id in order.newest(executor, 2):
            for attempt in settle.attempts_of(executor, build_id)[:1]:
                document = status.read(attempt)
                if document and status.terminal(document) and identity.alive(document["process"]):
                    return True
    return False


class Collection(object):
    """One run over everything."""

    def __init__(self, business, report):
        self._business = business
        self._report = report
        self._bin = gc_bin.Bin(business.bin)

    def run(self, engine):
        if not self._report.dry_run:
            for text in self._bin.empty():
                self._report.failed("", "what an earlier gc left", text)
            for executor in self._business.executors():
                settle.settle(executor)
        there = engine.is_there()
        if there and self._report.wants("containers"):
            gc_engine.collect_containers(self._report, self._business, engine)
        if there and self._report.wants("images"):
            gc_engine.collect_images(self._report, self._business, engine)
            gc_engine.collect_replaced(self._report, self._business, engine)
        self._collect_files()

    def _collect_files(self):
        """Caches before refs: when a project's last ref goes, its directory looks as if it were used."""
        report, business = self._report, self._business
        if report.wants("caches"):
            self._collect_caches()
        for executor in business.executors():
            self._collect(lambda one=executor: gc_executors.items(report, one), locks_of(executor))
        if report.wants("mirrors"):
            for path in gc_shared.mirrors(business):
                lock_path = gc_shared.mirror(report, business, path)[1]
                self._collect(
                    lambda one=path: [gc_shared.mirror(report, business, one)[0]], [lock_path]
                )
        if report.wants("trees"):
            self._collect(
                lambda: gc_shared.trees(report, business)[0], [gc_shared.trees(report, business)[1]]
            )
        if report.wants("releases"):
            lock_path = os.path.join(business.path, "sync.lock")
            self._collect(lambda: gc_shared.releases(report, business, OWN_RELEASE), [lock_path])

    def _collect_caches(self):
        """A project's under its executor's lock, a language's under all executors' locks."""
        report, business = self._report, self._business
        unwanted = self._unwanted_caches()
        for executor in business.executors():
            self._collect(
                lambda one=executor: unwanted(gc_executors.caches(report, one)), locks_of(executor)
            )
        locks = [path for executor in business.executors() for path in locks_of(executor)]
        self._collect(lambda: unwanted(gc_shared.downloads(report, business)), locks)

    def _unwanted_caches(self):
        """:returns: function that takes caches and gives those that go for their size a reason, too."""
        report, business = self._report, self._business
        if report.most_bytes is None:
            return lambda items: items
        found = gc_shared.downloads(report, business)
        for executor in business.executors():
            found += gc_executors.caches(report, executor)
        too_much = dict((item.paths[0], item.used) for item in over(found, report))

        def judged(items):
            for item in items:
                if not item.why and too_much.get(item.paths[0]) == item.used:
                    item.why = "all caches together are larger than %d bytes" % report.most_bytes
                    if report.bytes_wanted > 0:
                        item.why = "%d bytes of room are missing on the disk" % report.bytes_wanted
            return items

        return judged

    def _collect(self, items, locks):
        gc_bin.collect(self._report, self._bin, items, locks)


def locks_of(executor):
    """:returns: paths of the locks that guard an executor's files: its own, and those of shells that are open there."""
    return [executor.lock] + [attempt.shell_lock for attempt in workspace.used(executor)]


def over(caches, report):
    """:returns: the caches without another reason to go that must, least recently used first, to have room."""
    staying = sorted((item for item in caches if not item.why), key=lambda item: item.used)
    sizes = [gc_bin.size_of(item.paths[0]) for item in staying]
    total, going = sum(sizes), []
    allowed = min(report.most_bytes, total - report.bytes_wanted)
    for item, size in zip(staying, sizes):
        if total <= allowed:
            break
        going.append(item)
        total -= size
    return going
