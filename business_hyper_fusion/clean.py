"""Phase ``clean``: what only this attempt needed goes; history is kept, within bounds."""

from __future__ import absolute_import, print_function

import errno
import os

from business_hyper_fusion import checkout, clocks, compat, files, layout, lock, names, order, room

KEPT_BUILDS = 50
"""Builds of an executor whose log and artifacts are kept; of older ones a tombstone stays."""

BURIED_AT_ONCE = 20
"""Builds that lose what they have at the end of one, at most: usually it is one."""

TOMBSTONE = ("status", "request.json", "provenance.json")
"""What stays of them: how it ended, what was asked, and from what the result was made."""


def run(work, lacking=False):
    """Tags and single commits keep no source; a branch and a tree keep theirs for what changes next.

    :param lacking: whether the attempt ended because the disk took nothing more: it shall not be what keeps the
        next build from beginning.
    """
    if lacking or work.request["ref"]["kind"] in ("tag", "commit"):
        checkout.forget(work.ref)
    if lacking and room.lack_of_room(work.attempt.path):
        checkout.remove_tree(work.project.cache)
    forget_secrets(work.attempt)
    bury_old_builds(work.executor, clocks.behind(work.request), work.request["disk"]["builds"])
    mark_use(work)


def forget_secrets(attempt):
    """Secrets, scratch files and an image's context end with the attempt, however it ends."""
    for directory in (attempt.secrets, attempt.scratch, attempt.context):
        checkout.remove_tree(directory)


def bury_old_builds(executor, now, kept=None):
    """Keep so many builds whole; a tombstone goes on saying that a build was claimed, and how it ended.

    :param kept: how many; KEPT_BUILDS by default.
    """
    kept = KEPT_BUILDS if kept is None else kept
    for build_id in order.newest(executor, kept + BURIED_AT_ONCE)[kept:]:
        if not _bury(os.path.join(executor.builds, build_id), now):
            break  # So were all that are older; what else is left gc finds.
    if order.is_long(executor):
        order.shorten(executor)


def _bury(build, now):
    """:returns: bool, whether there was anything to lose."""
    found = [
        os.path.join(build, number, name)
        for number in os.listdir(build)
        for name in perishable(os.path.join(build, number), now)
    ]
    for path in found:
        checkout.remove_tree(path)
    return bool(found)


def perishable(attempt, now):
    """:param now: seconds since the epoch.
    :returns: names of what an old attempt's directory loses: all but TOMBSTONE and a workspace that is promised.
    """
    try:
        found = [name for name in os.listdir(attempt) if name not in TOMBSTONE]
    except OSError:
        return []  # A launch has just given it up.
    if "workspace" in found:
        document = files.read_json(os.path.join(attempt, "status")) or {}
        is_open = lock.held(os.path.join(attempt, layout.SHELL_LOCK))
        if is_open or str(document.get("kept_until") or "") > compat.iso_time(now):
            found.remove("workspace")
    return found


def mark_use(work):
    """For who asks how long something has been idle: a ref, its project, its mirror, the shared downloads."""
    note_branch(work)
    mirror = names.mirror(work.request["repository"]["address"])
    used = [work.ref.path, work.project.path, os.path.join(work.business.mirrors, mirror)]
    if work.request["cache"]["scope"] == "language":
        used.append(work.business.downloads(work.request["project"]["language"]))
    for path in used:
        try:
            if os.path.isdir(path):
                clocks.mark_use(path, work.request)
        except OSError as error:
            # A mirror is nobody's own: a collection, or who makes it anew, has just taken it away.
            if error.errno != errno.ENOENT:
                raise


def note_branch(work):
    """For a refresh, which prepares the branches that were built of late."""
    address, ref = work.request["repository"]["address"], work.request["ref"]
    if ref["kind"] == "branch" and os.path.isdir(work.ref.path):
        try:
            files.publish_json(work.ref.built, {"address": address, "name": ref["name"]})
        except (IOError, OSError):
            pass  # A full disk: the next build notes it.
