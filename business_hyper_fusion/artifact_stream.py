"""Verb ``artifact``: the bytes of built files, from byte offsets.

In, a line each: {"build_id", "attempt": int or null, "name", "offset": int}; the end of stdin ends it.
Out, for each line in turn: {"answer": "artifact", "size", "sha256", "offset"} and exactly size - offset bytes, or
{"answer": "absent"}. An offset beyond the file's end is answered from 0.

Only what the status lists is sent, and only from the attempt's ``artifacts/``, through no link.
"""

from __future__ import absolute_import, print_function

import io
import json
import os
import stat

from business_hyper_fusion import builds, compat, files, status
from business_hyper_fusion.grammar.json_text import parse_json

CHUNK = 256 * 1024


def main(business):
    stream = Stream(business)
    with io.open(0, "rb", closefd=False) as questions:
        for line in iter(questions.readline, b""):
            stream.answer(line)
    return 0


class Stream(object):
    """Answers questions; reads the status of a build with many artifacts once for all of them."""

    def __init__(self, business):
        self._business = business
        self._listed = {}

    def answer(self, line):
        """:param line: bytes, one question."""
        try:
            question = compat.native(parse_json(line))
            build_id, number = str(question["build_id"]), question.get("attempt")
            name, offset = str(question["name"]), int(question["offset"])
        except (ValueError, KeyError, TypeError, AttributeError):
            return say({"answer": "absent"})
        attempt = builds.find(self._business, build_id, number)
        sha256 = self._hashes(attempt).get(name) if attempt else None
        source = open_listed(attempt, name) if sha256 else None
        if source is None:
            return say({"answer": "absent"})
        with source:
            send(source, sha256, offset)

    def _hashes(self, attempt):
        """:returns: {name: SHA-256} of what the attempt's status lists."""
        if attempt.token not in self._listed:
            listed = (status.read(attempt) or {}).get("artifacts", ())
            self._listed[attempt.token] = dict((one["name"], one["sha256"]) for one in listed)
        return self._listed[attempt.token]


def open_listed(attempt, name):
    """:returns: a regular file below the attempt's artifacts, reached through no link; or None."""
    top = os.path.realpath(compat.to_bytes(attempt.artifacts))
    path = os.path.join(top, compat.to_bytes(name))
    if os.path.realpath(path) != path or not path.startswith(top + b"/"):
        return None
    try:
        # Not blocking: what was put there instead of the file may be a pipe.
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return None
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        return None
    return io.open(descriptor, "rb", 0)


def send(source, sha256, offset):
    """The answer and the bytes behind it; as many as it says, whatever became of the file."""
    size = os.fstat(source.fileno()).st_size
    offset = offset if 0 <= offset <= size else 0
    say({"answer": "artifact", "size": size, "sha256": sha256, "offset": offset})
    source.seek(offset)
    while offset < size:
        data = source.read(min(CHUNK, size - offset))
        if not data:
            raise IOError("%s became shorter while it was read" % source.name)
        files.write_all(1, data)
        offset += len(data)


def say(document):
    files.write_all(1, compat.to_bytes(json.dumps(document, sort_keys=True)) + b"\n")
