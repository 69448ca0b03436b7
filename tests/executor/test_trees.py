"""Trees from an operator's disk: taken whole and checked, or refused with nothing left; put out exactly."""

from __future__ import absolute_import, print_function, unicode_literals

import hashlib
import io
import json
import os
import stat
import subprocess
import tarfile

import pytest

from business_hyper_fusion import compat, trees
from business_hyper_fusion.grammar import Refused
from business_hyper_fusion.grammar import tree as grammar
from tests.faults import rows

FILES = [
    ("README", "file", b"hello\n"),
    ("bin/run me", "program", b"#!/bin/sh\necho run\n"),
    ("f\u00fcr/\u5206", "file", b""),
    ("same", "file", b"hello\n"),
    ("to/README", "link", b"../README"),
]


def hexdigest(content):
    return hashlib.sha256(content).hexdigest()


def entries_of(files):
    """:param files: list of (path, kind, content). :returns: list of dict, as a controller sends them."""
    return [
        {"path": path, "kind": kind, "sha256": hexdigest(content), "size": len(content)}
        for path, kind, content in files
    ]


def manifest(entries, **changes):
    """:returns: bytes, the first line."""
    document = dict({"sha256": grammar.tree_hash(entries), "entries": entries}, **changes)
    return json.dumps(document).encode("ascii") + b"\n"


def member(name, content=b"", **fields):
    found = tarfile.TarInfo(str(name))
    found.size = len(content)
    for field, value in fields.items():
        setattr(found, str(field), value)
    return found, content


def stream(members):
    """:param members: list of (TarInfo, content). :returns: bytes of a tar."""
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w|") as archive:
        for found, content in members:
            archive.addfile(found, io.BytesIO(content))
    return target.getvalue()


def all_members(files=FILES):
    contents = dict((hexdigest(content), content) for _, _, content in files)
    return [member(digest, content) for digest, content in sorted(contents.items())]


def push(machine, files=FILES, members=None):
    """:returns: list of answers."""
    sent = stream(all_members(files) if members is None else members)
    return machine.converse("tree", manifest(entries_of(files)) + sent)


def left(machine):
    """:returns: names of everything that lies in the store but for its own directories."""
    found = []
    for directory, _, names in os.walk(machine.business.trees):
        found += [os.path.join(directory, name) for name in names if name != "lock"]
    return found


def log_of(machine, request):
    with io.open(machine.attempt(request).log, encoding="utf-8") as file:
        return file.read()


def request_of(machine, files=FILES, **changes):
    digest = grammar.tree_hash(entries_of(files))
    tree = {"name": "alice-shop", "sha256": digest, "base": "b" * 40, "difference": "c" * 64}
    ref = {"kind": "tree", "name": "alice-shop", "commit": ""}
    script = "#!/bin/sh\ncd $TRISTAN_SOURCE && find . ! -type d | LC_ALL=C sort && ./bin/run\\ me\n"
    return machine.request("https://git.invalid/shop", script, tree=tree, ref=ref, **changes)


def test_a_tree_is_taken_then_held_then_built(machine):
    wanted, held = push(machine)
    assert wanted["answer"] == "wanted"
    assert wanted["files"] == sorted(set(hexdigest(content) for _, _, content in FILES))
    assert held == {"answer": "held", "received": 4}
    assert machine.converse("tree", manifest(entries_of(FILES))) == [
        {"answer": "held", "received": 0}
    ]
    request = request_of(machine)
    status = machine.run(request)
    assert (status["state"], status["commit"]) == ("success", "b" * 40), machine.log(request)
    assert status["tree"] == request["tree"]
    log = log_of(machine, request)
    assert "./README\n./bin/run me\n./f\u00fcr/\u5206\n./same\n./to/README\nrun\n" in log
    assert "5 files of tree" in log and "with changes cccccccccccc" in log


def test_of_a_changed_tree_only_the_change_travels(machine):
    push(machine)
    changed = FILES[:-1] + [("zz", "file", b"new\n")]
    answers = push(machine, changed, [member(hexdigest(b"new\n"), b"new\n")])
    assert answers[0]["files"] == [hexdigest(b"new\n")]
    assert answers[1] == {"answer": "held", "received": 1}


def test_what_a_build_left_is_not_in_the_next(machine):
    push(machine)
    script = "cd $TRISTAN_SOURCE; ls; rm -rf README; ln -s /etc to/out; mkdir -m 0 closed; ls -A\n"
    request = request_of(machine)
    request["scripts"]["compile_to_execute.sh"] = script
    machine.run(request)
    second = request_of(machine)
    second["scripts"]["compile_to_execute.sh"] = "cd $TRISTAN_SOURCE; ls -A . to\n"
    assert machine.run(second)["state"] == "success"
    assert "closed" in log_of(machine, request)
    assert "closed" not in log_of(machine, second) and "out" not in log_of(machine, second)


def test_the_files_come_out_as_they_were(machine, tmp_path):
    push(machine)
    store = trees.Store(machine.business)
    out = str(tmp_path / "out")
    trees.put_out(store, store.entries(grammar.tree_hash(entries_of(FILES))), out)
    for path, kind, content in FILES:
        full = os.path.join(compat.to_bytes(out), path.encode("utf-8"))
        mode = os.lstat(full).st_mode
        if kind == "link":
            assert os.readlink(full) == content
            continue
        assert bool(mode & stat.S_IXUSR) == (kind == "program")
        with open(full, "rb") as file:
            assert file.read() == content


@pytest.mark.parametrize(
    "damage",
    [
        "printf HELLO\\n > README",
        "chmod 755 README && chmod 000 'bin/run me'",
        "rm README && ln -s same README",
        "rm README && ln same README",
        "rm README && mkdir README && touch README/x",
        "rm README && mkfifo README",
        "rm to/README && ln -s /etc/passwd to/README",
        "mv to elsewhere && ln -s /etc to",
        "rm -r bin && printf x > bin",
        "touch new to/new && mkdir -p a/b && chmod 0 a to",
    ],
)
def test_whatever_became_of_them_the_files_come_out_as_they_were_again(machine, tmp_path, damage):
    push(machine)
    store = trees.Store(machine.business)
    wanted = store.entries(grammar.tree_hash(entries_of(FILES)))
    out = str(tmp_path / "out")
    trees.put_out(store, wanted, out)
    before = everything(out)
    subprocess.check_call(["sh", "-c", damage], cwd=out)
    assert everything(out) != before
    trees.put_out(store, wanted, out)
    assert everything(out) == before


def everything(directory):
    """:returns: dict of path -> (mode, number of links, content)"""
    found = {}
    for folder, below, names in os.walk(compat.to_bytes(directory)):
        for name in below + names:
            path = os.path.join(folder, name)
            status = os.lstat(path)
            content = b""
            if stat.S_ISLNK(status.st_mode):
                content = os.readlink(path)
            elif stat.S_ISREG(status.st_mode):
                with open(path, "rb") as file:
                    content = file.read()
            links = status.st_nlink if stat.S_ISREG(status.st_mode) else 0
            found[path] = (status.st_mode, links, content)
    return found


def test_a_file_that_is_as_it_should_be_is_not_written_again(machine, tmp_path):
    push(machine)
    store = trees.Store(machine.business)
    wanted = store.entries(grammar.tree_hash(entries_of(FILES)))
    out = str(tmp_path / "out")
    trees.put_out(store, wanted, out)
    os.utime(os.path.join(out, "README"), (1000, 1000))
    trees.put_out(store, wanted, out)
    assert os.stat(os.path.join(out, "README")).st_mtime == 1000


def test_a_tree_that_is_gone_is_an_error_with_its_cause(machine):
    status = machine.run(request_of(machine))
    assert (status["state"], status["cause"]) == ("error", "tree_not_found")


GOOD = all_members()
FIRST = GOOD[0][1]
HOSTILE = [
    [],
    GOOD[:-1],
    GOOD + [member("../../evil", b"x")],
    GOOD + [member("/etc/evil", b"x")],
    GOOD + [GOOD[0]],
    GOOD[1:] + [member(hexdigest(FIRST), FIRST + b"x")],
    GOOD[1:] + [member(hexdigest(FIRST), b"y" * len(FIRST))],
    GOOD[1:] + [member(hexdigest(FIRST), type=tarfile.SYMTYPE, linkname="/etc/passwd")],
    GOOD[1:] + [member(hexdigest(FIRST), type=tarfile.LNKTYPE, linkname="/etc/passwd")],
    GOOD[1:] + [member(hexdigest(FIRST), type=tarfile.CHRTYPE, devmajor=1, devminor=3)],
    GOOD[1:] + [member(hexdigest(FIRST), type=tarfile.DIRTYPE)],
]


@rows.hostile(5)
@pytest.mark.parametrize("members", HOSTILE)
def test_another_stream_than_asked_for_is_refused_whole(machine, members):
    answers = push(machine, members=members)
    assert answers[-1]["answer"] == "failed" and answers[-1]["message"]
    assert left(machine) == []
    assert machine.converse("tree", manifest(entries_of([])))[0]["answer"] == "held"


@pytest.mark.parametrize("cut", [0, 1, 511, 512, 700])
def test_a_stream_that_breaks_off_leaves_nothing(machine, cut):
    sent = stream(all_members())[:cut]
    answers = machine.converse("tree", manifest(entries_of(FILES)) + sent)
    assert (answers[-1]["answer"], answers[-1]["cause"]) == ("failed", "torn")
    assert left(machine) == []


@rows.hostile(5)
@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"\n",
        b"[]\n",
        b'{"sha256": 1}\n',
        b"\xff\n",
        manifest(entries_of(FILES), sha256="0" * 64),
    ],
)
def test_what_is_no_list_of_files_is_refused(machine, line):
    (said,) = machine.converse("tree", line)
    assert (said["answer"], said["cause"]) == ("failed", "request")


def listed(*paths):
    return entries_of([(path, "file", b"") for path in paths])


@rows.hostile(5)
@pytest.mark.parametrize(
    "entries",
    [
        listed("../x"),
        listed("/x"),
        listed("a//b"),
        listed("a/./b"),
        listed("a/"),
        listed(""),
        listed(".git/config"),
        listed("sub/.GIT/hooks/post-checkout"),
        listed("a\nb"),
        listed("a\0b"),
        listed("a", "a"),
        listed("a", "a/b"),
        entries_of([("a", "link", b"/etc"), ("a/passwd", "file", b"")]),
        entries_of([("a", "device", b"")]),
        [dict(listed("a")[0], sha256="../x")],
        [dict(listed("a")[0], size=-1)],
        [dict(listed("a")[0], size="1")],
        [dict(listed("a")[0], more=1)],
        [1],
        {},
    ],
)
def test_a_list_that_could_write_elsewhere_is_refused(entries):
    with pytest.raises(Refused):
        grammar.check_tree_entries(entries)
