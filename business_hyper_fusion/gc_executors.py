"""What a collection finds below run/<executor>: refs and caches of projects, and what attempts have left.

Everything here is guarded by the executor's lock.
"""

from __future__ import absolute_import, print_function

import os
import stat

from business_hyper_fusion import (
    clean,
    compat,
    files,
    gc_bin,
    lock,
    names,
    order,
    settle,
    status,
    upkeep,
    workspace,
)
from business_hyper_fusion.gc_report import DAY, Item, days, moment
from business_hyper_fusion.layout import Project

REFS = ("branches", "tags", "commits", "trees")

TOMBSTONE_SECONDS = 365 * DAY
"""After this long nobody launches a build again by its id, so that not even its status is needed."""


def items(report, executor):
    """:returns: list of Item, everything of one executor but its caches."""
    found = []
    if report.wants("refs"):
        found += _refs(report, executor)
    if any(report.wants(kind) for kind in ("workspaces", "artifacts")):
        found += _left_by_attempts(report, executor)
    if report.wants("history"):
        found += _history(report, executor)
    return found


def running(business):
    """:returns: set of (build id, attempt as text) that run, by the requests of the executors that are taken, or in
    whose workspace somebody has a shell.
    """
    found = set()
    for executor in business.executors():
        if lock.held(executor.lock):
            document = files.read_json(executor.request) or {}
            found.add((document.get("build_id"), str(document.get("attempt"))))
        found.update((one.build_id, str(one.number)) for one in workspace.used(executor))
    return found


def projects(executor):
    """:returns: list of layout.Project that an executor holds something of."""
    found, waiting = [], [executor.path]
    while waiting:
        directory = waiting.pop()
        below = directories(directory)
        if directory != executor.path and set(below) & set(REFS + ("cache",)):
            found.append(Project(directory))
        components = [name for name in below if name not in names.RESERVED]
        waiting.extend(os.path.join(directory, name) for name in components)
    return found


def directories(path):
    """:returns: names of the directories in a directory; links are none."""
    try:
        below = os.listdir(path)
    except OSError:
        return []
    return sorted(name for name in below if _is_directory(os.path.join(path, name)))


def _is_directory(path):
    try:
        return stat.S_ISDIR(os.lstat(path).st_mode)
    except OSError:
        return False


def _refs(report, executor):
    for project in projects(executor):
        for path in _ref_paths(project):
            item = Item("refs", below(executor.business, path), [path], moment(path))
            item.top = executor.path
            yield report.judged(item)


def _ref_paths(project):
    for kind in REFS:
        parent = os.path.join(project.path, kind)
        for name in directories(parent):
            yield os.path.join(parent, name)


def caches(report, executor):
    """:returns: list of Item, each project's cache."""
    found = []
    for project in projects(executor):
        if _is_directory(project.cache):
            used = [moment(path) for path in [project.path] + list(_ref_paths(project))]
            item = Item(
                "caches", below(executor.business, project.cache), [project.cache], max(used)
            )
            item.top = executor.path
            found.append(report.judged(item))
    return found


def kept_builds(executor):
    """:returns: list of (layout.Attempt, status) of the builds whose files are kept, newest first."""
    found = []
    for build_id in order.newest(executor, upkeep.limits(executor)["builds"]):
        for attempt in settle.attempts_of(executor, build_id):
            document = status.read(attempt)
            if document is not None:
                found.append((attempt, document))
    return found


def _left_by_attempts(report, executor):
    newest = set()
    for attempt, document in kept_builds(executor):
        if not status.terminal(document):
            continue
        if report.wants("workspaces") and os.path.lexists(attempt.workspace):
            yield _workspace(report, attempt, document)
        if report.wants("artifacts") and os.path.lexists(attempt.artifacts):
            yield _artifacts(report, attempt, document, newest)


def _workspace(report, attempt, document):
    """The source of a failed build, kept for whom it may concern until the time that its status says."""
    item = _of_attempt("workspaces", attempt, attempt.workspace, document)
    item.lock = attempt.shell_lock
    is_over = compat.seconds_of(document.get("kept_until") or "") < report.now
    if is_over and not workspace.in_use(attempt):
        item.why = "kept until %s" % (document.get("kept_until") or "the build ended")
    return item


def _artifacts(report, attempt, document, newest):
    """Those of the newest success of each ref stay, however old."""
    ref = (document["repository"]["address"], document["ref"]["kind"], document["ref"]["name"])
    item = _of_attempt("artifacts", attempt, attempt.artifacts, document)
    is_newest = document["state"] == "success" and ref not in newest
    if is_newest:
        newest.add(ref)
    if report.is_old(item) and not is_newest:
        item.why = "built %s ago" % days(report.age(item))
    return item


def _of_attempt(kind, attempt, path, document):
    used = compat.seconds_of(document["ended_at"]) or moment(path)
    # Asked for at a time of the controller's clock: this one may have been far behind.
    used = max(used, compat.seconds_of(document["requested_at"]))
    return Item(kind, below(attempt.executor.business, path), [path], used)


def _history(report, executor):
    """Builds beyond those that are kept become tombstones, and tombstones go in the end."""
    limits, found = upkeep.limits(executor), order.newest(executor)
    kept, beyond = found[: limits["builds"]], found[limits["builds"] :]
    for build_id in beyond:
        used = moment(os.path.join(executor.builds, build_id))
        if report.now - used > TOMBSTONE_SECONDS:
            build = os.path.join(executor.builds, build_id)
            item = Item("history", below(executor.business, build), [build], used)
            item.why = "the tombstone of a build is kept for a year"
            yield item
        else:
            why = "the newest %d builds of an executor are kept" % limits["builds"]
            for item in _buried(report, executor, build_id, why):
                yield item
    for build_id in _too_large(report, executor, kept, limits["history_bytes"]):
        why = "an executor's builds are larger than %d bytes together" % limits["history_bytes"]
        for item in _buried(report, executor, build_id, why):
            yield item


def _buried(report, executor, build_id, why):
    """:returns: list of Item, at most one: what a build loses, if it has not lost it already."""
    build = os.path.join(executor.builds, build_id)
    entries = _perishable(report, executor, build_id)
    item = Item("history", below(executor.business, build), entries, moment(build))
    item.why = why
    return [item] if entries else []


def _perishable(report, executor, build_id):
    build = os.path.join(executor.builds, build_id)
    return [
        os.path.join(attempt, name)
        for attempt in [os.path.join(build, number) for number in directories(build)]
        for name in clean.perishable(attempt, report.now)
    ]


def _too_large(report, executor, build_ids, most_bytes):
    """:param build_ids: newest first; the first one stays, however large. :returns: those that are too much."""
    if most_bytes is None:
        return []
    total, found = 0, []
    for build_id in build_ids:
        paths = _perishable(report, executor, build_id)
        total += sum(gc_bin.size_of(path) for path in paths)
        if total > most_bytes:
            found.append(build_id)
    return [build_id for build_id in found if build_id != build_ids[0]]


def below(business, path):
    """:returns: a path as people read it: relative to the business's directory."""
    return os.path.relpath(path, business.path)
