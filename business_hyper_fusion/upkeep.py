"""A machine's disk kept within its limits by builds themselves, whether or not anybody ever runs gc.

In: the request's ``disk``. Out: caches and history that are beyond their limits are gone, by gc's own rules, next to
whatever builds then. After a build, when its end is written and its executor free again; and before one that would be
refused for want of room.
"""

from __future__ import absolute_import, print_function

import os
import time

from business_hyper_fusion import clean, files, gc_report, room

EVERY = 600.0
"""Seconds between two looks at the size of everything, unless room is short."""

NEVER = 1 << 40
"""Seconds; nothing goes for its age here."""

MARK = "looked"


def limits(executor):
    """:returns: the ``disk`` of the request that an executor had last; what a machine's builds agree on."""
    request = files.read_json(executor.request) or {}
    found = request.get("disk")
    unbounded = {"builds": clean.KEPT_BUILDS, "history_bytes": None}
    return found if isinstance(found, dict) else unbounded


def after_build(business, disk):
    """:param disk: of the request. The caller holds no lock."""
    path = os.path.join(business.upkeep, MARK)
    short = missing(business, disk) > 0
    if short or not 0 <= time.time() - gc_report.moment(path) < EVERY:
        files.publish(path, b"")
        _collect(business, disk)


def make_room(business, disk):
    """:returns: bytes that are missing still until a build may begin."""
    if missing(business, disk) > 0:
        _collect(business, disk)
    return missing(business, disk)


def missing(business, disk):
    """:returns: bytes; at most 0 when there is room enough."""
    return disk["keep_free_bytes"] - room.free(business.path)


def _collect(business, disk):
    from business_hyper_fusion import gc

    report = gc_report.Report(False, NEVER, disk["cache_bytes"], ["caches", "history"])
    report.bytes_wanted = missing(business, disk)
    gc.run(business, report, [])
