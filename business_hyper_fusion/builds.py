"""Verb ``builds``: the statuses that a machine holds, newest first, and which executors are busy.

In: {"limit": int, "build": "" or an id, the beginning of one, or of its last eight digits,
     "held": {"host", "path", "kind", "name"} of a repository's ref, or nothing; "ids": [...] instead
     of the first two, or nothing}.
Out: {"answer": "builds", "now", "load", "processors", "executors": {id: {"busy", "build_id", "last", "holds"}},
     "builds": [status, ...]}; "last" is the newest build's id or None, "holds" whether that ref was built there before.
     Where ids were asked for, also "absent": those of which nothing is known; of others than MOST_IDS nothing is told.
"""

from __future__ import absolute_import, print_function

import itertools
import json
import os
import sys

from business_hyper_fusion import compat, grammar, names, order, settle, status, suspect
from business_hyper_fusion.grammar.json_text import parse_json

NONE = "-"
"""Instead of a build: its executors are asked about and no build, since no id begins like that."""

MOST_IDS = 100
"""That are looked for at once."""


def main(business):
    question = read_question()
    found = {
        "answer": "builds",
        "now": compat.iso_time(),
        "load": list(os.getloadavg()),
        "processors": os.sysconf("SC_NPROCESSORS_ONLN"),
        "executors": executors(business, question.get("held")),
    }
    if isinstance(question.get("ids"), list):
        found.update(those(business, question["ids"][:MOST_IDS]))
    else:
        wanted, limit = question.get("build"), question.get("limit")
        found["builds"] = listing(business, str(wanted or ""), max(int(limit or 50), 1))
    answer_with(found)
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
            "last": next(iter(order.newest(executor, 1)), None),
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
    found = []
    for most in (limit, None):
        ids = meant(business, wanted, most)
        readable = (document for document in itertools.starmap(latest, ids) if document is not None)
        found = list(itertools.islice(readable, limit))
        # Without the most that were wanted of any executor these were all that there are.
        if len(found) == limit or len(ids) < limit:
            break
    return found


def meant(business, wanted, most):
    """:param most: builds of each executor that are enough, where any are wanted; None for all.
    :returns: list of (executor, build id), by id, newest first.
    """
    if wanted == NONE:
        return []
    ids = [
        (executor, build_id)
        for executor in business.executors()
        for build_id in candidates(executor, wanted, most)
        if names.means(wanted, build_id)
    ]
    return sorted(ids, key=lambda pair: pair[1], reverse=True)


def candidates(executor, wanted, most):
    """:returns: list of ids, of builds that are there unless the whole id is wanted."""
    if not wanted:
        return order.newest(executor, most)
    is_whole = grammar.passes(grammar.check_build_id, wanted)
    return [wanted] if is_whole else order.present(executor)


def those(business, ids):
    """:param ids: list of anything. :returns: {"builds", "absent"}, see above."""
    found, absent = [], []
    for build_id in ids:
        documents = [latest(executor, build_id) for executor in business.executors()]
        told = [document for document in documents if document is not None]
        found.extend(told)
        if not told:
            absent.append(build_id)
    return {"builds": found, "absent": absent}


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
