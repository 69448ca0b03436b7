"""Verb ``builds``: the statuses that a machine holds, newest first, and which executors are busy.

In: {"limit": int, "build": "" or an id, the beginning of one, or of its last eight digits,
     "held": {"host", "path", "kind", "name"} of a repository's ref, or nothing}.
Out: {"answer": "builds", "now", "load", "processors", "executors": {id: {"busy", "build_id", "last", "holds"}},
     "builds": [status, ...]}; "last" is the newest build's id or None, "holds" whether that ref was built there before.
"""

from __future__ import absolute_import, print_function

import json
import os
import sys

from business_hyper_fusion import compat, names, order, settle, status, suspect
from business_hyper_fusion.grammar.json_text import parse_json


def main(business):
    question = read_question()
    answer_with(
        {
            "answer": "builds",
            "now": compat.iso_time(),
            "load": list(os.getloadavg()),
            "processors": os.sysconf("SC_NPROCESSORS_ONLN"),
            "executors": executors(business, question.get("held")),
            "builds": listing(
                business, str(question.get("build") or ""), int(question.get("limit") or 50)
            ),
        }
    )
    return 0


def read_question():
    """:returns: the JSON object on stdin, {} when there is none."""
    data = b"".join(iter(lambda: os.read(0, 65536), b""))
    try:
        question = parse_json(data)
    except ValueError:
        question = None
    return compat.native(question) if isinstance(question, dict) else {}


def answer_with(document):
    """One line of JSON on stdout."""
    sys.stdout.write(json.dumps(document, sort_keys=True) + "\n")
    sys.stdout.flush()


def executors(business, held=None):
    """:returns: {executor id: {"busy": bool, "build_id": id of the running build or None, "last", "holds"}}"""
    found = {}
    for executor in business.executors():
        busy = not settle.settle(executor)
        running = next(settle.unfinished_attempts(executor), None) if busy else None
        found[executor.id] = {
            "busy": busy,
            "build_id": running.build_id if running else None,
            "last": next(iter(order.newest(executor)), None),
            "holds": holds(executor, held),
        }
    return found


def holds(executor, held):
    """:param held: what a question says of a ref, unchecked. :returns: bool."""
    try:
        ref = executor.project(held["host"], held["path"]).ref(held["kind"], held["name"])
    except (KeyError, TypeError, AttributeError):
        return False
    return os.path.isdir(ref.source)


def listing(business, wanted, limit):
    """:returns: list of status documents, each build's latest attempt."""
    ids = [
        (build_id, executor)
        for executor in business.executors()
        for build_id in order.newest(executor)
        if names.means(wanted, build_id)
    ]
    found = []
    for build_id, executor in sorted(ids, key=lambda pair: pair[0], reverse=True):
        document = latest(executor, build_id)
        if document is not None:
            found.append(document)
        if len(found) == limit:
            break
    return found


def latest(executor, build_id):
    """:returns: the status of a build's latest readable attempt, or None."""
    for attempt in settle.attempts_of(executor, build_id):
        document = status.read(attempt)
        if document is not None:
            return suspect.told(document)
    return None


def find(business, build_id, number=None):
    """:returns: layout.Attempt of a build on whichever executor has it (the latest one), or None."""
    for executor in business.executors():
        for attempt in settle.attempts_of(executor, build_id):
            if number in (None, attempt.number) and os.path.exists(attempt.status):
                return attempt
    return None
