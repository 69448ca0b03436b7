"""The stream of scripts, hostile: refused whole, in little memory and time, and nothing of it is left."""

from __future__ import absolute_import, print_function, unicode_literals

import itertools
import json
import os
import shutil

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.executor import test_receive
from tests.executor.machine import REPOSITORY
from tests.faults import limited, rows, table

GIB = 1024**3
QUICK = 120
"""Seconds within which a stream is refused, however long it would go on."""

FUZZED = {"deadline": None, "suppress_health_check": list(HealthCheck)}
NULLS = b"\0" * 65536

FILES = {
    "startup.py": b"print('started')\n",
    "business_hyper_fusion/__init__.py": b"",
    "business_hyper_fusion/common/x.sh": b"echo\n" * 100,
}


@pytest.fixture
def receive(executor_python, tmp_path):
    """Function: run receive.py on an iterable of bytes that follows the request. :returns: limited.Ended."""
    program = os.path.join(REPOSITORY, "business_hyper_fusion", "receive.py")

    def run(sent, files=FILES):
        first = json.dumps(test_receive.request(str(tmp_path / "root"), files)).encode("ascii")
        words = [executor_python, "-E", "-S", "-B", program]
        return limited.run(words, itertools.chain([first + b"\n"], sent))

    return run


def line(**document):
    return json.dumps(document).encode("ascii") + b"\n"


def pushed(files=FILES):
    """:returns: bytes, what a controller sends when all is lacking."""
    sent = [line(path=path, size=len(files[path])) + files[path] for path in sorted(files)]
    return b"".join(sent) + line(end=True)


PUSHES = {
    "a header without end": limited.without_end(b" " * 65536),
    "content without end": itertools.chain(
        [line(path="startup.py", size=17)], limited.without_end(NULLS)
    ),
    "50 GiB announced": itertools.chain(
        [line(path="startup.py", size=50 * GIB)], limited.without_end(NULLS)
    ),
    "a million headers": itertools.repeat(
        line(path="business_hyper_fusion/x", size=0) * 1000, 1000
    ),
    "the same file a million times": itertools.repeat(
        line(path="business_hyper_fusion/__init__.py", size=0) * 1000, 1000
    ),
    "nothing": [],
}


@rows.hostile(5)
@pytest.mark.parametrize("what", sorted(PUSHES))
def test_a_hostile_push_of_scripts_is_refused_whole(receive, tmp_path, what):
    ended = receive(PUSHES[what])
    assert (ended.code, ended.errors) == (1, ""), ended
    assert ended.answers[-1]["answer"] == "failed" and ended.seconds < QUICK
    assert os.listdir(str(tmp_path / "root" / "1" / "releases")) == []
    assert receive([pushed()]).answers[-1]["answer"] == "synced", "the next one is taken"


@rows.hostile(5)
@settings(max_examples=table.Injections.count(10, 80), **FUZZED)
@given(at=st.integers(0, len(pushed()) - 2), cut=st.booleans(), flipped=st.integers(1, 255))
def test_a_push_that_is_cut_or_changed_anywhere_is_whole_or_nothing(
    receive, tmp_path, at, cut, flipped
):
    changed = bytearray(pushed())
    changed[at] ^= flipped
    ended = receive([pushed()[:at] if cut else bytes(changed)])
    assert ended.errors == ""
    releases = str(tmp_path / "root" / "1" / "releases")
    if ended.answers[-1]["answer"] == "failed":
        assert os.listdir(releases) == []
    else:
        assert os.listdir(releases) == [test_receive.release_hash(FILES)]
        assert receive([]).answers[-1]["answer"] == "have"
    shutil.rmtree(str(tmp_path / "root"))
