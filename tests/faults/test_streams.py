"""The tar of a tree, hostile: refused whole, in little memory and time, and nothing of it is left."""

from __future__ import absolute_import, print_function, unicode_literals

import hashlib
import io
import itertools
import json
import os
import shutil
import tarfile

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from business_hyper_fusion.grammar import tree as grammar
from tests.executor.machine import Machine
from tests.faults import limited, rows, table

GIB = 1024**3
QUICK = 120
"""Seconds within which a stream is refused, however long it would go on."""

FUZZED = {"deadline": None, "suppress_health_check": list(HealthCheck)}
CONTENTS = [b"one\n", b"two" * 1000, b""]
NULLS = b"\0" * 65536


def sha256(content):
    return hashlib.sha256(content).hexdigest()


ENTRIES = [
    {"path": "file-%d" % number, "kind": "file", "sha256": sha256(content), "size": len(content)}
    for number, content in enumerate(CONTENTS)
]
NAMES = [entry["sha256"] for entry in ENTRIES]


def manifest(entries=ENTRIES):
    document = {"sha256": grammar.tree_hash(entries), "entries": entries}
    return json.dumps(document).encode("ascii") + b"\n"


def header(name, kind=tarfile.REGTYPE, size=0, **fields):
    """:returns: bytes, one block of a tar; sizes above 8 GiB as GNU's tar writes them."""
    member = tarfile.TarInfo(name)
    member.type, member.size = kind, size
    for field, value in fields.items():
        setattr(member, field, value)
    return member.tobuf(tarfile.GNU_FORMAT)


def member(content, **fields):
    """:returns: bytes, a whole member."""
    padding = b"\0" * (-len(content) % tarfile.BLOCKSIZE)
    return (
        header(fields.pop("name", sha256(content)), size=len(content), **fields) + content + padding
    )


GOOD = b"".join(member(content) for content in CONTENTS) + b"\0" * 1024
OTHERS = b"".join(member(content) for content in CONTENTS[1:])
EXTENSIONS = {
    "long name": tarfile.GNUTYPE_LONGNAME,
    "long link": tarfile.GNUTYPE_LONGLINK,
    "pax": tarfile.XHDTYPE,
    "global pax": tarfile.XGLTYPE,
    "Solaris": tarfile.SOLARIS_XHDTYPE,
}
KINDS = {
    "hard link": tarfile.LNKTYPE,
    "link": tarfile.SYMTYPE,
    "character device": tarfile.CHRTYPE,
    "block device": tarfile.BLKTYPE,
    "directory": tarfile.DIRTYPE,
    "pipe": tarfile.FIFOTYPE,
    "contiguous": tarfile.CONTTYPE,
    "sparse": tarfile.GNUTYPE_SPARSE,
    "unknown": b"Z",
}


def hostile():
    """Yield (what it is, iterable of bytes)."""
    for what, kind in sorted(EXTENSIONS.items()):
        announced = header("././@LongLink", kind, 50 * GIB)
        yield (
            what + " of 50 GiB, without end",
            itertools.chain([announced], limited.without_end(NULLS)),
        )
    for what, kind in sorted(KINDS.items()):
        yield (
            what,
            [
                OTHERS
                + header(NAMES[0], kind, len(CONTENTS[0]), linkname="/etc/passwd")
                + b"one\n"
                + NULLS
            ],
        )
    for name in (
        "../../evil",
        "/etc/evil",
        "a/../../b",
        NAMES[0] + "/x",
        "./" + NAMES[0],
        NAMES[0].upper(),
    ):
        yield "named " + name, [OTHERS + member(CONTENTS[0], name=name) + NULLS]
    yield "twice", [GOOD[:-1024] + member(CONTENTS[0]) + NULLS]
    yield (
        "a million times",
        itertools.chain([GOOD[:-1024]], itertools.repeat(member(b"x") * 64, 15625)),
    )
    yield "another content", [OTHERS + header(NAMES[0], size=4) + b"eno\n" + NULLS]
    yield "longer than it is", [OTHERS + header(NAMES[0], size=5) + b"one\nx" + NULLS]
    yield "of a negative size", [OTHERS + negative(header(NAMES[0])) + NULLS]
    yield (
        "of 50 GiB",
        itertools.chain([OTHERS + header(NAMES[0], size=50 * GIB)], limited.without_end(NULLS)),
    )
    yield "a wrong checksum", [OTHERS + header(NAMES[0], size=4)[:-400] + b"1" * 400 + NULLS]
    yield "compressed", [b"\x1f\x8b\x08" + NULLS]
    yield "nothing but noise", limited.without_end(b"\xff" * 65536)


def negative(block):
    """A header whose size is -512 in GNU's form for large ones."""
    block = block[:124] + b"\xff" * 10 + b"\xfe\0" + block[136:]
    block = block[:148] + b" " * 8 + block[156:]
    total = sum(bytearray(block))
    return block[:148] + ("%06o\0 " % total).encode("ascii") + block[156:]


STREAMS = dict((what, sent) for what, sent in hostile())


@pytest.fixture
def machine():
    made = Machine()
    yield made
    made.remove()


@pytest.fixture
def tree(machine, executor_python):
    """Function: run the verb ``tree`` on an iterable of bytes. :returns: limited.Ended."""
    package = os.path.join(machine.release, "business_hyper_fusion")
    words = [executor_python, "-E", "-S", "-B", package, "tree"]
    return lambda sent, **options: limited.run(words, sent, **options)


def left(machine):
    """:returns: list of what lies in the store of trees, but for its lock."""
    found = []
    for directory, _, names in os.walk(machine.business.trees):
        found += [os.path.join(directory, name) for name in names if name != "lock"]
    found += os.listdir(os.path.join(machine.business.trees, "incoming")) if found else []
    return found


def refused(ended):
    assert (ended.code, ended.errors) == (0, ""), ended
    assert ended.answers[-1]["answer"] == "failed" and ended.answers[-1]["message"], ended
    assert ended.seconds < QUICK


@rows.hostile(5)
@pytest.mark.parametrize("what", sorted(STREAMS))
def test_a_hostile_tar_is_refused_whole(machine, tree, what):
    refused(tree(itertools.chain([manifest()], STREAMS[what])))
    assert left(machine) == []
    ended = tree([manifest(), GOOD])
    assert ended.answers[-1] == {"answer": "held", "received": 3}, "the next one is taken"


LISTS = {
    "a million files": [b'{"sha256": "", "entries": [']
    + [b'{"path": "x"},' * 1000] * 1000
    + [b"0]}\n"],
    "lists in lists": [b"[" * 1000000 + b"\n"],
    "forty million lists": [b"["] + [b"[]," * 10000] * 4000 + [b"[]]\n"],
    "a number of a million digits": [b"[" + b"9" * 1000000 + b"]\n"],
    "files of 50 TiB": [
        manifest(
            [
                dict(ENTRIES[0], path="%02d" % number, size=2**40, sha256="%064x" % number)
                for number in range(50)
            ]
        )
    ],
    "a line without end": limited.without_end(b"[" + b" " * 65535),
}


@rows.hostile(5)
@pytest.mark.parametrize("what", sorted(LISTS))
def test_a_hostile_list_of_files_is_refused(machine, tree, what):
    refused(tree(LISTS[what], memory=1400 * limited.MEBIBYTE))
    assert left(machine) == []


@rows.hostile(5)
@settings(max_examples=table.Injections.count(10, 80), **FUZZED)
@given(at=st.integers(0, len(GOOD) - 1), cut=st.booleans(), flipped=st.integers(1, 255))
def test_a_tar_that_is_cut_or_changed_anywhere_is_whole_or_nothing(machine, tree, at, cut, flipped):
    changed = bytearray(GOOD)
    changed[at] ^= flipped
    ended = tree([manifest(), GOOD[:at] if cut else bytes(changed)])
    assert (ended.code, ended.errors) == (0, ""), ended
    if ended.answers[-1]["answer"] == "failed":
        assert left(machine) == []
    else:
        assert kept(machine) == dict((sha256(content), content) for content in CONTENTS)
        shutil.rmtree(machine.business.trees)


def kept(machine):
    """:returns: {name: content} of the files that are kept."""
    found = {}
    for directory, _, names in os.walk(os.path.join(machine.business.trees, "files")):
        for name in names:
            with io.open(os.path.join(directory, name), "rb") as source:
                found[name] = source.read()
    return found
