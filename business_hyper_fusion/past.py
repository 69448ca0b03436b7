"""Verb ``request``: what a build was asked to do, how it ended, and the statement of what it made.

In: {"build_id"}.
Out: {"answer": "request", "request", "status", "provenance"}, each an object, or null where it is not kept any
more; or {"answer": "absent"}.
"""

from __future__ import absolute_import, print_function

from business_hyper_fusion import builds, files, status


def main(business):
    builds.answer_with(answer(business, str(builds.read_question().get("build_id") or "")))
    return 0


def answer(business, build_id):
    """:returns: the answer about a build's latest attempt."""
    attempt = builds.find(business, build_id)
    if attempt is None:
        return {"answer": "absent"}
    return {
        "answer": "request",
        "request": files.read_json(attempt.request),
        "status": status.read(attempt),
        "provenance": files.read_json(attempt.path + "/provenance.json"),
    }
