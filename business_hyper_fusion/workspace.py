"""The source of a failed build, kept for whoever wants to look at it: ``workspace/`` of the attempt.

It is the ref's source itself, renamed, so that keeping costs nothing, and with it what the failing step needs to run
once more. An executor keeps the newest one of a ref, until ``limits.keep_failed_seconds`` are over.

``workspaces/`` of the executor has an empty file for each, so that a build need not look for them in all of its past.
"""

from __future__ import absolute_import, print_function

import glob
import os
import re

from business_hyper_fusion import (
    again,
    checkout,
    clocks,
    compat,
    container,
    files,
    layout,
    lock,
    outcome,
    status,
)

PHASES = ("build", "package", "publish")
STATES = ("failed", "error", "timeout")


def keep(work, ended):
    """Keep the source of an attempt that failed in one of PHASES; the status says where, and how long.

    :param ended: outcome.Ended.
    """
    seconds = work.request["limits"]["keep_failed_seconds"]
    if not seconds or not is_wanted(work.status.document["phase"], ended):
        return
    directory = work.attempt.workspace
    source = source_of(work.attempt)
    note_all(work.executor)
    note(work.executor.workspaces, work.attempt)
    compat.make_directories(directory)
    os.rename(work.ref.source, source)
    checkout.forget(work.ref)
    again.prepare(work, directory, source, work.step or container.BUILD)
    kept_until = compat.iso_time(clocks.ahead(work.request) + seconds)
    work.status.document.update(workspace=source, kept_until=kept_until)


def is_wanted(phase, ended):
    """A full disk shall have room again."""
    return phase in PHASES and ended.state in STATES and ended.cause not in outcome.LACKS


def source_of(attempt):
    """:returns: path of the kept source."""
    return os.path.join(attempt.workspace, "source")


def words(work, phase, ended):
    """:returns: list of texts, the end of a failed build's log: what failed, and how to repeat it."""
    if not is_wanted(phase, ended):
        return []
    step, document = work.step or container.BUILD, work.status.document
    found = ["%s: %s %s" % (phase, command(work, phase, step), how(ended))]
    if not document["workspace"]:
        return found
    found.append(
        "its source is kept until %s in %s" % (kept_until(document), document["workspace"])
    )
    found.append("look at it:  tristan shell %s" % document["build_id"].rpartition("-")[2])
    if work.in_docker and phase != "publish":
        moved = again.aside(work, work.attempt.workspace, document["workspace"])
        line = again.quoted(again.by_hand(moved, step, document["image"]["build_image"]))
        found.append("or, on the machine:  " + line)
    return found


def command(work, phase, step):
    """:returns: the command that failed, as it was run; ``publish`` is no script of the project's."""
    if phase == "publish":
        return "do_build_docker.sh"
    build = container.MOUNTS["build"] if work.in_docker else work.ref.build
    return again.quoted(again.script(step, build))


def how(ended):
    if ended.exit_status is None:
        return "did not come to its end (%s)" % ended.cause
    return "ended with exit status %d" % ended.exit_status


def kept_until(document):
    """:returns: the time without its fraction."""
    return document["kept_until"][:19] + "Z"


def remove_old(work):
    """Workspaces of this executor whose time is over, and those that this attempt's own one takes the place of."""
    own = work.attempt
    try:
        note_all(work.executor)
    except (IOError, OSError):
        pass  # A full disk: the next build tries again.
    for attempt in noted(work.executor):
        if attempt.path == own.path:
            continue
        if not os.path.lexists(attempt.workspace):  # a collection took it
            compat.remove_file(os.path.join(work.executor.workspaces, attempt.token))
            continue
        replaced = bool(work.status.document["workspace"]) and is_of(attempt, work.request)
        if replaced or not is_promised(attempt, clocks.behind(work.request)):
            remove(attempt)


def noted(executor):
    """:returns: list of layout.Attempt of which ``workspaces/`` says that they have a workspace."""
    try:
        tokens = sorted(os.listdir(executor.workspaces))
    except OSError:
        return kept(executor)
    places = [token.rpartition(".") for token in tokens]
    return [executor.attempt(one, int(number)) for one, _, number in places if number.isdigit()]


def note_all(executor):
    """Make ``workspaces/`` where it is missing. The executor's lock is held."""
    if not os.path.isdir(executor.workspaces):
        made = executor.workspaces + ".new"
        compat.make_directories(made)
        for attempt in kept(executor):
            note(made, attempt)
        os.rename(made, executor.workspaces)


def note(directory, attempt):
    """That an attempt has, or is about to have, a workspace."""
    path = os.path.join(directory, attempt.token)
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT, 0o644))


def kept(executor):
    """:returns: list of layout.Attempt that have a workspace, looked for in all builds."""
    return _with(executor, "workspace")


def _with(executor, name):
    found = []
    for path in sorted(glob.glob(os.path.join(glob_escape(executor.builds), "*", "*", name))):
        build, number = os.path.split(os.path.dirname(path))
        if re.match(r"[1-9][0-9]{0,3}\Z", number):
            found.append(executor.attempt(os.path.basename(build), int(number)))
    return found


def glob_escape(path):
    """A root may hold the characters that ``glob`` looks for."""
    return "".join("[%s]" % letter if letter in "*?[" else letter for letter in path)


def is_of(attempt, request):
    """:returns: True when the attempt was of the same ref of the same repository."""
    past = files.read_json(attempt.request) or {}
    return (past.get("repository"), _ref(past)) == (request["repository"], _ref(request))


def _ref(request):
    ref = request.get("ref") or {}
    return ref.get("kind"), ref.get("name")


def is_promised(attempt, now):
    """:param now: seconds since the epoch.
    :returns: True while a workspace is to stay: its time is not over, or somebody has a shell in it."""
    document = status.read(attempt) or {}
    return in_use(attempt) or (document.get("kept_until") or "") > compat.iso_time(now)


def in_use(attempt):
    return lock.held(attempt.shell_lock)


def used(executor):
    """:returns: list of layout.Attempt that somebody has a shell in, with or without a workspace."""
    return [attempt for attempt in _with(executor, layout.SHELL_LOCK) if in_use(attempt)]


def remove(attempt):
    """Remove a workspace, unless somebody has a shell in it."""
    held = lock.acquire(attempt.shell_lock)
    if held is not None:
        try:
            checkout.remove_tree(attempt.workspace)
            compat.remove_file(attempt.shell_lock)
            compat.remove_file(os.path.join(attempt.executor.workspaces, attempt.token))
        finally:
            os.close(held)
