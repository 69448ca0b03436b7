"""Attempts whose processes are gone get their end: ``lost``, with the cause, and nothing of them left running.

Only who holds the executor's lock may write this, so a build has one terminal state whatever races.
"""

from __future__ import absolute_import, print_function

import os
import re
import time

from business_hyper_fusion import (
    clean,
    compat,
    engine,
    files,
    grammar,
    identity,
    lock,
    order,
    outcome,
    reaper,
    status,
)
from business_hyper_fusion.log import Log
from business_hyper_fusion.masker import Masker

WAIT_SECONDS = 60

_NUMBER = re.compile(r"[1-9][0-9]{0,3}\Z")

LOOKED_AT = 3
"""Newest builds of an executor that are looked at; older ones were settled when these began."""


def settle(executor):
    """Lose what is marked as running while nobody runs it.

    :param executor: layout.Executor.
    :returns: True when the executor is free now, False when a build runs on it.
    """
    if lock.held(executor.lock):
        return False
    unfinished = list(unfinished_attempts(executor))
    if not unfinished:
        return True
    held = lock.acquire(executor.lock)
    if held is None:
        return False
    try:
        for attempt in unfinished:
            lose(attempt)
    finally:
        os.close(held)
    return True


def settle_soon(executor):
    """Settle once whoever holds the executor is gone; one that is at it itself is left to finish."""
    deadline = compat.monotonic() + WAIT_SECONDS
    while not settle(executor) and compat.monotonic() < deadline:
        time.sleep(0.1)


def unfinished_attempts(executor):
    """The newest attempts whose status is not terminal."""
    for build_id in order.newest(executor)[:LOOKED_AT]:
        for attempt in attempts_of(executor, build_id):
            if status.read(attempt) is not None and not status.is_at_home(attempt):
                yield attempt


def attempts_of(executor, build_id):
    """:param build_id: any text. :returns: list of layout.Attempt, latest first."""
    if not grammar.passes(grammar.check_build_id, build_id):
        return []
    try:
        present = os.listdir(os.path.join(executor.builds, build_id))
    except OSError:
        return []
    numbers = sorted((int(name) for name in present if _NUMBER.match(name)), reverse=True)
    return [executor.attempt(build_id, number) for number in numbers]


def lose(attempt, how=None, below=None):
    """End an attempt whose process is gone. The caller holds the executor's lock.

    :param how: text, how the process ended, where that is known.
    :param below: pid whose descendants are the attempt's, whatever their environment says.
    """
    document = status.read(attempt)
    if document is None or status.bring_home(attempt):
        return
    ended = _cause(document, how)
    left = _reap(attempt, document["phase"], below)
    request_log = _finish_log(attempt, "==> %s%s" % (ended.message, left))
    for phase in document["phases"]:
        if phase.get("state") == "running":
            phase.update(state="lost", ended_at=compat.iso_time())
    seconds = identity.age(document["process"])
    status.Status(attempt, document, seconds).end(ended, request_log)
    clean.forget_secrets(attempt)


def _cause(document, how):
    process = document["process"] or {}
    if process.get("boot_id") not in (None, identity.boot_id()):
        message = "the machine was rebooted while the build ran; build it again"
        return outcome.Ended("lost", "rebooted", message)
    message = "startup.py %s while the build ran; build it again" % (how or "died")
    return outcome.Ended("lost", "startup_died", message)


def _reap(attempt, phase, below):
    """:returns: text for the log about what could not be removed, or ""."""
    reaper.kill_processes(attempt.token, below)
    request = files.read_json(attempt.request) or {}
    command = (request.get("engine") or {}).get("command")
    if phase == "publish" and request.get("publish") and command:
        # Not there where it was not built yet; what else it is kept by, the engine knows.
        reaper.ask_engine(engine.remove_image(command, request["publish"]["image"]))
    if request.get("isolation") != "docker" or not command:
        return ""
    removed = reaper.remove_containers(command, attempt.build_id, attempt.number)
    return (
        ""
        if removed is not None
        else "; its container could not be removed, the engine does not answer"
    )


def _finish_log(attempt, line):
    """:returns: {"bytes", "sha256"} of the log, with its last line, or None where it can't be written."""
    try:
        log = Log(attempt.log, os.path.getsize(attempt.log) + 4096, Masker([]))
        log.say(line)
        return log.close()
    except (IOError, OSError):
        return None
