"""What is left to do of a build whose end is accepted: a step each, tried until it is done or given up.

In: what an end asks for. Out: steps as the journal keeps them (remembered.END), and when each may be tried.
"""

from __future__ import absolute_import, print_function, unicode_literals

import binascii
import os
import time

MOST_TRIES = {"tags": 100, "notify": 5}
"""Tags stay wanted until a newer build has them; news gets old."""

PAUSE_FIRST, PAUSE_MOST, PAUSE_FACTOR = 60, 3600, 4
"""Seconds between two tries, so that a loop over `tristan status` does not hammer at what is down."""


def new(kind, what):
    """:param kind: a key of MOST_TRIES. :param what: JSON, what it is done with. :returns: dict."""
    return {"kind": kind, "what": what, "delivery": new_delivery(), "tries": 0, "not_before": 0}


def new_delivery():
    """An id by which a receiver knows what it has already."""
    return binascii.hexlify(os.urandom(16)).decode("ascii")


def due(entry):
    """The steps of an accepted build that may be tried now."""
    steps = entry.get("end", {}).get("steps", [])
    now = time.time()
    # a pause that is longer than any was written by another clock
    return [one for one in steps if not now < one["not_before"] <= now + PAUSE_MOST]


def count(step):
    """It is about to be tried."""
    step["tries"] += 1
    pause = PAUSE_FIRST * PAUSE_FACTOR ** (step["tries"] - 1)
    step["not_before"] = time.time() + min(pause, PAUSE_MOST)


def is_given_up(step):
    """Whether the try that failed was its last one."""
    return step["tries"] >= MOST_TRIES[step["kind"]]
