"""The end of an attempt whose process is gone: ``lost``, with the cause, and nothing of it left running.

Apart from settle.py, which looks for such attempts: that is done at every contact, this hardly ever.
"""

from __future__ import absolute_import, print_function

import os

from business_hyper_fusion import clean, compat, engine, files, identity, outcome, reaper, status
from business_hyper_fusion.log import Log
from business_hyper_fusion.masker import Masker


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
    # As with every end: who reads that it is over finds nothing secret any more.
    clean.forget_secrets(attempt)
    seconds = identity.age(document["process"])
    status.Status(attempt, document, seconds).end(ended, request_log)


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
    seconds = reaper.coming_seconds(attempt, phase)  # a step's name is its phase's
    removed = reaper.remove_containers(command, attempt.build_id, attempt.number, seconds)
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
