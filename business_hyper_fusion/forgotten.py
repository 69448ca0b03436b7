"""Secrets that nobody took away: whoever had them was killed by force, or the machine lost power.

They go at the next contact, whatever that is about; what is needed to take them away is imported when there are any.

In: the business. What is in use is left alone: a lock says so, which the kernel takes from the dead.
"""

from __future__ import absolute_import, print_function

import os

from business_hyper_fusion import compat, files, lent, lock, order, settle


def remove(business):
    """Secrets of builds, shells and refreshes that are over; a file system that takes nothing keeps nobody out."""
    try:
        for executor in business.executors():
            of_builds(executor)
        of_shells(business)
        of_refresh(business)
    except (IOError, OSError):
        pass


def of_builds(executor):
    """Those of an attempt that has ended, or that died before it had a status; one that is lost is settle's."""
    for attempt in _with_secrets(executor):
        held = lock.acquire(executor.lock)
        if held is None:
            return
        try:
            _end(attempt)
        finally:
            os.close(held)


def _with_secrets(executor):
    newest = order.newest(executor, settle.LOOKED_AT)
    found = [one for build_id in newest for one in settle.attempts_of(executor, build_id)]
    left = [attempt for attempt in found if os.path.isdir(attempt.secrets)]
    # Asked last: the kernel's list of locks takes a millisecond, on a busy machine many.
    return [] if left and lock.held(executor.lock) else left


def _end(attempt):
    from business_hyper_fusion import clean, lost

    lost.lose(attempt)
    clean.forget_secrets(attempt)


def of_shells(business):
    """What was lent by a process that is gone, and a container that still has it."""
    for path in lent.directories(business):
        held = lock.acquire(path + lent.LOCK)
        if held is None:
            continue
        try:
            end_shell(path)
            _remove_tree(path)
            compat.remove_file(path + lent.LOCK)
        finally:
            os.close(held)


def end_shell(path):
    """:param path: of what was lent; beside it is written in which container."""
    record = files.read_json(path + lent.CONTAINER) or {}
    words, name = record.get("engine"), record.get("name")
    if words and name:
        from business_hyper_fusion import reaper

        reaper.ask_engine(compat.native(words) + ["rm", "--force", "--volumes", str(name)])
    compat.remove_file(path + lent.CONTAINER)


def of_refresh(business):
    place = os.path.join(business.upkeep, "errand")
    if not os.path.isdir(place):
        return
    held = lock.acquire(os.path.join(business.upkeep, "refresh.lock"))
    if held is not None:
        try:
            _remove_tree(place)
        finally:
            os.close(held)


def _remove_tree(path):
    import shutil

    shutil.rmtree(path, ignore_errors=True)
