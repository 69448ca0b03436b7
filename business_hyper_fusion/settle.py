"""Attempts whose processes are gone are found, and get their end (lost.py).

Only who holds the executor's lock may write this, so a build has one terminal state whatever races.
"""

from __future__ import absolute_import, print_function

import os
import re
import time

from business_hyper_fusion import compat, grammar, lock, order, status

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
        lose(unfinished)
    finally:
        os.close(held)
    return True


def lose(attempts):
    """Write the end of attempts whose process is gone. The caller holds the executor's lock.

    :param attempts: list of layout.Attempt.
    """
    if attempts:
        from business_hyper_fusion import lost

        for attempt in attempts:
            lost.lose(attempt)


def settle_soon(executor):
    """Settle once whoever holds the executor is gone; one that is at it itself is left to finish."""
    deadline = compat.monotonic() + WAIT_SECONDS
    while not settle(executor) and compat.monotonic() < deadline:
        time.sleep(0.1)


def unfinished_attempts(executor):
    """The newest attempts whose status is not terminal."""
    for build_id in order.newest(executor, LOOKED_AT):
        for attempt in attempts_of(executor, build_id):
            if status.is_unfinished(attempt):
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
