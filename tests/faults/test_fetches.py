"""The stream of artifacts, hostile: nothing of what is not right stays with the operator."""

from __future__ import absolute_import, print_function, unicode_literals

import collections
import hashlib
import io
import json
import os

import pytest

from controller import artifacts, contact, errors
from tests.controller import statuses
from tests.controller.local_transport import LocalTransport
from tests.faults import rows
from tests.lab import process

GIB = 1024**3


def sha256(content):
    return hashlib.sha256(content).hexdigest()


def line(**document):
    return json.dumps(document).encode("ascii") + b"\n"


class Hostile(LocalTransport):
    """A machine whose verb ``artifact`` gives what a test wants, over and over."""

    def __init__(self, answer):
        super(Hostile, self).__init__()
        self._answer = answer

    def open(self, command):
        path = process.directory("answer")
        with io.open(os.path.join(path, "bytes"), "wb") as target:
            target.write(self._answer)
        found = super(Hostile, self).open(
            "cat %s/bytes; rm -r %s; while read line; do :; done" % (path, path)
        )
        return found


def status_of(content, **fields):
    one = dict(
        {"name": "dist/file", "path": "", "size": len(content), "sha256": sha256(content)}, **fields
    )
    return statuses.ended("20261121T065512123-9c1e4f2a", artifacts=[one])


def fetch(answer, directory, status):
    """Fetch as `tristan artifacts --get` does. :returns: texts that were said on the way."""
    machine = collections.namedtuple("Machine", "name root")("builder-1", "/data/tristan")
    transport = Hostile(answer)
    found = contact.Contact(machine, Facts(), lambda machine: transport)
    said = []
    try:
        artifacts.Fetch(found, status, lambda *_: None, said.append).run(
            artifacts.listed(status), directory
        )
    finally:
        transport.close()
    return said


class Facts(object):
    """What is remembered of the machine."""

    def machine(self, name):
        return {"python": "/usr/bin/python", "release": "0" * 64}


CONTENT = b"built\n" * 1000
RIGHT = {"answer": "artifact", "size": len(CONTENT), "sha256": sha256(CONTENT), "offset": 0}
ARTIFACTS = {
    "another content": (dict(RIGHT), b"x" * len(CONTENT)),
    "more than announced": (dict(RIGHT), CONTENT + b"x" * 100000),
    "another size": (dict(RIGHT, size=1), b"x"),
    "a size of 50 GiB": (dict(RIGHT, size=50 * GIB), CONTENT),
    "another hash": (dict(RIGHT, sha256="0" * 64), CONTENT),
    "an offset beyond": (dict(RIGHT, offset=10**9), b""),
    "a negative offset": (dict(RIGHT, offset=-1), CONTENT),
    "an offset that is none": (dict(RIGHT, offset="0"), CONTENT),
    "no offset": (dict(RIGHT, offset=None), CONTENT),
    "another answer": ({"answer": ["artifact"]}, CONTENT),
    "absent": ({"answer": "absent"}, b""),
}


@rows.hostile(5)
@pytest.mark.parametrize("what", sorted(ARTIFACTS))
def test_an_artifact_that_is_another_is_refused_and_nothing_is_left(tmp_path, what):
    answer, content = ARTIFACTS[what]
    with pytest.raises(errors.TristanError):
        fetch(line(**answer) + content, str(tmp_path), status_of(CONTENT))
    left_over = [
        os.path.join(path, name) for path, _, names in os.walk(str(tmp_path)) for name in names
    ]
    assert [path for path in left_over if os.path.getsize(path)] == []
    assert fetch(line(**RIGHT) + CONTENT, str(tmp_path), status_of(CONTENT)) == []


@rows.hostile(5)
def test_artifacts_that_can_not_fit_are_not_begun(tmp_path):
    with pytest.raises(errors.LocalFileError) as raised:
        fetch(b"", str(tmp_path / "here"), status_of(CONTENT, size=2**62))
    assert "are to come" in raised.value.message
    assert not os.path.exists(str(tmp_path / "here"))


@rows.hostile(5)
@pytest.mark.parametrize(
    "names",
    [["a", "a"], ["a", "a/b"], ["a/b/c", "a/b"], ["../a"], ["/a"], ["a/.git/config"], ["a\nb"]],
)
def test_artifacts_that_leave_their_place_are_refused_whole(names):
    status = statuses.ended(
        "20261121T065512123-9c1e4f2a",
        artifacts=[{"name": name, "path": "", "size": 0, "sha256": sha256(b"")} for name in names],
    )
    with pytest.raises(errors.ProtocolError):
        artifacts.listed(status)
