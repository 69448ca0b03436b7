"""Asks many machines at once.

Job: call one function for every item in a few threads. In: a function, items. Out: results in the
    items' order.
"""

from __future__ import absolute_import, print_function, unicode_literals

import threading

from six.moves import queue

from controller import errors

THREADS = 16
TICK = 0.2
"""Seconds; waiting in ticks lets Ctrl-C through on Python 2.7 too."""


def each(function, items):
    """[(item, result, None) or (item, None, error)] for every item; only Tristan's own errors are
    caught.

    :param function: callable(item).
    """
    items = list(items)
    if len(items) == 1:
        return [outcome(function, items[0])]
    results = [None] * len(items)
    waiting = queue.Queue()
    for number, item in enumerate(items):
        waiting.put((number, item))
    threads = [
        threading.Thread(target=work, args=(function, waiting, results))
        for _ in range(min(THREADS, len(items)))
    ]
    for thread in threads:
        thread.daemon = True
        thread.start()
    for thread in threads:
        while thread.is_alive():
            thread.join(TICK)
    return results


def work(function, waiting, results):
    while True:
        try:
            number, item = waiting.get_nowait()
        except queue.Empty:
            return
        try:
            results[number] = outcome(function, item)
        except Exception as error:  # a defect must not hang or vanish with its thread
            failure = errors.TristanError("internal error: %r" % error, cause="internal")
            results[number] = (item, None, failure)


def outcome(function, item):
    try:
        return item, function(item), None
    except errors.TristanError as error:
        return item, None, error
