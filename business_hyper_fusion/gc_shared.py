"""What a collection finds beside the executors: mirrors, trees, releases, the downloads that languages share."""

from __future__ import absolute_import, print_function

import os

from business_hyper_fusion import compat, compiled, files, gc_executors, workspace
from business_hyper_fusion.gc_report import DAY, Item, moment
from business_hyper_fusion.trees import Store

RELEASES_KEPT = 3
"""The newest releases stay, whoever used them; as a sync has it."""

MIRROR_LOCK = ".lock"


def mirrors(business):
    """:returns: paths of all mirrors, and of those that were never finished."""
    names = gc_executors.directories(business.mirrors)
    return [os.path.join(business.mirrors, name) for name in names]


def mirror(report, business, path):
    """:returns: (Item, path of its lock); nothing was fetched into it for long, or it stays."""
    stem = path[: -len(".new")] if path.endswith(".new") else path
    # Git writes FETCH_HEAD at each fetch, also when nothing was new.
    used = max(moment(path), moment(os.path.join(path, "FETCH_HEAD")), moment(stem + MIRROR_LOCK))
    item = Item("mirrors", gc_executors.below(business, path), [path], used)
    return report.judged(item), stem + MIRROR_LOCK


def downloads(report, business):
    """:returns: list of Item, what each language's builds share."""
    found = []
    for language in gc_executors.directories(os.path.dirname(business.downloads("any"))):
        path = business.downloads(language)
        item = Item("caches", gc_executors.below(business, path), [path], moment(path))
        found.append(report.judged(item))
    return found


def trees(report, business):
    """:returns: (list of Item, path of their lock): trees that nobody built for long, and the files of no tree."""
    store = Store(business)
    sealed = _files_below(os.path.join(store.path, "manifests"))
    found = [report.judged(_tree(business, path)) for path in sealed]
    needed = set(
        entry["sha256"]
        for item in found
        if not item.why
        for entry in store.entries(os.path.basename(item.paths[0])[: -len(".json")]) or ()
    )
    files_of_none = [
        path
        for path in _files_below(os.path.join(store.path, "files"))
        if os.path.basename(path) not in needed and report.is_past(moment(path))
    ]
    cut = [os.path.join(store.incoming, name) for name in gc_executors.directories(store.incoming)]
    # What arrives is held under the trees' lock, which is ours by then.
    for name, paths, why in (
        ("files", files_of_none, "no tree needs these files"),
        ("incoming", cut, "left by a push that was cut"),
    ):
        if paths:
            item = Item("trees", "trees/" + name, paths, max(moment(path) for path in paths))
            item.why = why
            found.append(item)
    return found, store.lock()


def _tree(business, path):
    return Item("trees", gc_executors.below(business, path), [path], moment(path))


def _files_below(path):
    return sorted(
        os.path.join(directory, name) for directory, _, names in os.walk(path) for name in names
    )


def releases(report, business, own):
    """Those that neither this machine's links nor a build of late needs.

    :param own: name of the release that runs this.
    :returns: list of Item.
    """
    needed = _needed(report, business)
    if needed is None:
        report.failed("releases", "run/*/data_data.json", "can't be read, so all releases stay")
        return []
    needed.update([own, _current(business)])
    items = [_release(business, name) for name in gc_executors.directories(business.releases)]
    items.sort(key=lambda item: item.used, reverse=True)
    for number, item in enumerate(items):
        name = os.path.basename(item.paths[0])
        if name.startswith("."):
            # Made under the lock of a sync, which is ours by then: nobody is at work on it.
            item.why = "left by a sync that was cut"
        elif name not in needed and number >= RELEASES_KEPT:
            report.judged(item)
    return items


def _release(business, name):
    path = os.path.join(business.releases, name)
    paths = [path] + compiled.files_of(path)
    return Item("releases", gc_executors.below(business, path), paths, moment(path))


def _current(business):
    """:returns: name of the release that the links point at, or ""."""
    try:
        target = os.readlink(os.path.join(business.path, "startup.py"))
    except OSError:
        return ""
    return os.path.basename(os.path.dirname(target))


def _needed(report, business):
    """:returns: set of names: of each executor's current request, of the kept builds' that are not old, and of those
    whose workspace is kept.

    None when a request can't be read: it could name any.
    """
    needed = set()
    for executor in business.executors():
        paths = [executor.request] + [one.request for one in workspace.kept(executor)]
        for path in paths:
            name = (files.read_json(path) or {}).get("release")
            if isinstance(name, str):
                needed.add(name)
            elif os.path.lexists(path):
                return None
        for _, document in gc_executors.kept_builds(executor):
            used = compat.seconds_of(document["started_at"])
            if report.now - used <= max(report.older_than, DAY):
                needed.add(document["release"])
    return needed
