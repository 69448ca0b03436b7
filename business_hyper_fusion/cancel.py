"""Verb ``cancel``: leave the reason where the worker looks for it, and wake the worker up.

In: {"build_id", "reason", "attempt": int, or nothing for the latest}.
Out: {"answer": "cancelling" | "ended" | "absent", "status": {...}}.
The worker ends the build; who asks watches the status for it.
"""

from __future__ import absolute_import, print_function

import os
import signal

from business_hyper_fusion import builds, compat, elsewhere, files, identity, settle, status


def main(business):
    question = builds.read_question()
    attempt = builds.find(business, str(question.get("build_id") or ""), question.get("attempt"))
    if attempt is None:
        builds.answer_with({"answer": "absent", "status": {}})
        return 0
    settle.settle(attempt.executor)
    document = status.read(attempt)
    if document is None or status.terminal(document):
        builds.answer_with({"answer": "ended", "status": document or {}})
        return 0
    leave(attempt, compat.to_bytes(str(question.get("reason") or "")))
    wake(document["process"])
    builds.answer_with({"answer": "cancelling", "status": document})
    return 0


def leave(attempt, reason):
    """Also where the disk takes nothing."""
    try:
        files.publish(attempt.cancel, reason)
    except (IOError, OSError):
        elsewhere.write(attempt, elsewhere.CANCEL, reason)


def wake(process):
    """SIGTERM to exactly that process; a stranger that got its pid is never signalled."""
    if identity.alive(process):
        try:
            os.kill(process["pid"], signal.SIGTERM)
        except OSError:
            pass
