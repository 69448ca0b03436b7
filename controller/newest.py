"""Which build of a ref is the newest, and which tags follow it. Pure but for the clock.

In: entries of the journal, what was accepted before. Out: the same brought up to date; the names of tags.
"""

from __future__ import absolute_import, print_function, unicode_literals

import time

from business_hyper_fusion import names


def moving_tags(wanted, ref):
    """:param wanted: of "latest", "branch". :param ref: dict. :returns: list of tags.

    A tree that nobody committed gets none: what has its name may be a branch.
    """
    tags = []
    if "latest" in wanted and ref["kind"] != "tree":
        tags.append("latest")
    if "branch" in wanted and ref["kind"] == "branch":
        tags.append(names.moving_tag(ref["name"]))
    return sorted(set(tags))


def put(newest, entry, state):
    """Writes a build down as the newest of its ref, when it is.

    :param newest: {kind of ref: {"build_id", "state", "previous"}}; changed.
    :returns: text, the state of the one before it, "" when there was none; None when a newer one was accepted.
    """
    known = newest.get(entry["ref"]["kind"], {})
    if is_newer(known.get("build_id", ""), entry["build_id"]):
        return None
    if known.get("build_id") == entry["build_id"]:  # who began to accept it died
        return known["previous"]
    made = {"build_id": entry["build_id"], "state": state, "previous": known.get("state", "")}
    newest[entry["ref"]["kind"]] = made
    return made["previous"]


def is_newer(other, build_id):
    """Whether another build is newer: ids begin with their time.

    One from the future is not: the clock was wrong then, and nothing may have to wait until that time.
    """
    return build_id < other and other[:15] <= clock(time.time())


def clock(seconds):
    """A time as build ids begin with it."""
    return time.strftime("%Y%m%dT%H%M%S", time.gmtime(seconds))
