"""A program of the executor's side with little memory, fed whatever somebody sends, also without end.

In: words, an iterable of bytes. Out: Ended, with what it answered, how long it took and the most memory that it had.
"""

from __future__ import absolute_import, print_function, unicode_literals

import collections
import errno
import json
import os
import resource
import subprocess
import threading

from business_hyper_fusion import compat

MEBIBYTE = 1024 * 1024
DEADLINE = 180
"""Seconds until a program that does not end is killed, and the test fails."""

Ended = collections.namedtuple("Ended", "code answers errors seconds")
"""`answers`: list of dict, the lines of stdout; `errors`: text."""


def run(words, sent, memory=400 * MEBIBYTE):
    """:param sent: iterable of bytes, which may never end. :param memory: bytes of address space.
    :returns: Ended.
    """

    def limit():
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))

    begun = compat.monotonic()
    child = subprocess.Popen(
        words,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        preexec_fn=limit,
    )
    feeder = threading.Thread(target=feed, args=(child.stdin, sent))
    feeder.start()
    killer = threading.Timer(DEADLINE, child.kill)
    killer.start()
    try:
        out, err = outputs(child)
    finally:
        killer.cancel()
        feeder.join()
    answers = [json.loads(line) for line in out.decode("utf-8").splitlines()]
    return Ended(child.returncode, answers, err.decode("utf-8"), compat.monotonic() - begun)


def feed(target, sent):
    try:
        for data in sent:
            os.write(target.fileno(), data) if len(data) <= 65536 else target.write(data)
        target.close()
    except (IOError, OSError) as error:
        if error.errno != errno.EPIPE:
            raise


def outputs(child):
    """:returns: (stdout, stderr), both read at once."""
    found = []
    reader = threading.Thread(target=lambda: found.append(child.stderr.read()))
    reader.start()
    out = child.stdout.read()
    reader.join()
    child.wait()
    return out, found[0]


def without_end(data):
    """Yield the same bytes for as long as somebody takes them."""
    while True:
        yield data
