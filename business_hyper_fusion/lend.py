"""Verb ``lend``: secrets for a shell, on the machine for as long as the controller holds the line.

In: a line {"build_id", "attempt", "secrets": {NAME: text}}, then nothing until the shell has ended.
Out: {"answer": "lent", "name"}: what ``shell`` takes, or {"answer": "absent"}.

They lie in a directory of the SSH user's alone, below the attempt's, which goes when stdin ends or the connection does.
"""

from __future__ import absolute_import, print_function

import io
import json
import os
import re
import shutil
import signal
import sys
import tempfile

from business_hyper_fusion import builds, compat, files
from business_hyper_fusion.grammar import check_environment_name

PREFIX = "lent."

_NAME = re.compile(r"lent\.[A-Za-z0-9_]{1,32}\Z")


def main(business):
    for number in (signal.SIGHUP, signal.SIGTERM):
        signal.signal(number, lambda number, frame: sys.exit(1))
    with io.open(0, "rb", closefd=False) as source:
        question = compat.native(json.loads(source.readline().decode("utf-8")))
        attempt = builds.find(business, str(question["build_id"]), int(question["attempt"]))
        if attempt is None:
            builds.answer_with({"answer": "absent"})
            return 0
        place = tempfile.mkdtemp(prefix=PREFIX, dir=attempt.path)
        try:
            for name, text in question["secrets"].items():
                check_environment_name(name)
                files.publish(os.path.join(place, name), compat.to_bytes(text), 0o600)
            builds.answer_with({"answer": "lent", "name": os.path.basename(place)})
            source.read()
        finally:
            shutil.rmtree(place, ignore_errors=True)
    return 0


def directory(attempt, name):
    """:returns: path of what was lent under a name, or None."""
    path = os.path.join(attempt.path, name)
    return path if _NAME.match(name) and os.path.isdir(path) else None
