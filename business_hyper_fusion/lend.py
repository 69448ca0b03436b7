"""Verb ``lend``: secrets for a shell, on the machine for as long as the controller holds the line.

In: a line {"build_id", "attempt", "secrets": {NAME: text}}, then nothing until the shell has ended.
Out: {"answer": "lent", "name"}: what ``shell`` takes, or {"answer": "absent"}.

They lie in a directory of the SSH user's alone, which goes when stdin ends or the connection does; where this process
is killed, forgotten.py takes it away.
"""

from __future__ import absolute_import, print_function

import binascii
import contextlib
import io
import json
import os
import shutil
import signal
import sys

from business_hyper_fusion import builds, compat, files, lent, lock
from business_hyper_fusion.grammar import check_environment_name


def main(business):
    for number in (signal.SIGHUP, signal.SIGTERM):
        signal.signal(number, lambda number, frame: sys.exit(1))
    with io.open(0, "rb", closefd=False) as source:
        question = compat.native(json.loads(source.readline().decode("utf-8")))
        attempt = builds.find(business, str(question["build_id"]), int(question["attempt"]))
        if attempt is None:
            builds.answer_with({"answer": "absent"})
            return 0
        with for_a_while(business, question["secrets"]) as name:
            builds.answer_with({"answer": "lent", "name": name})
            source.read()
    return 0


@contextlib.contextmanager
def for_a_while(business, secrets):
    """:param secrets: {NAME: text}. :returns: the name of the directory that has them for as long as this lasts."""
    name = lent.PREFIX + compat.to_native(binascii.hexlify(os.urandom(8)))
    path = os.path.join(business.upkeep, name)
    compat.make_directories(business.upkeep)
    held = lock.acquire(path + lent.LOCK)
    try:
        os.mkdir(path, 0o700)
        for key, text in secrets.items():
            check_environment_name(key)
            files.publish(os.path.join(path, key), compat.to_bytes(text), 0o600)
        yield name
    finally:
        shutil.rmtree(path, ignore_errors=True)
        compat.remove_file(path + lent.LOCK)
        os.close(held)


@contextlib.contextmanager
def to_container(path, engine, name):
    """Have it written down which container has what was lent, for as long as this lasts."""
    files.publish_json(path + lent.CONTAINER, {"engine": engine, "name": name})
    try:
        yield
    finally:
        compat.remove_file(path + lent.CONTAINER)
