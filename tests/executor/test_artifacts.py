"""Globs for built files: what they find, and that no link leads out."""

from __future__ import absolute_import, print_function

import os

import pytest

from business_hyper_fusion import artifacts, compat, status
from tests.faults import rows

FILES = [
    "dist/a.whl",
    "dist/b.txt",
    "dist/deep/er/c.whl",
    "target/x.jar",
    "module/target/y.jar",
    "top.whl",
]


@pytest.fixture
def source(tmpdir):
    for name in FILES:
        tmpdir.join(*name.split("/")).write("x", ensure=True)
    os.symlink("/etc", str(tmpdir.join("dist", "etc")))
    os.symlink("/etc/passwd", str(tmpdir.join("dist", "p.whl")))
    os.symlink("..", str(tmpdir.join("dist", "deep", "loop")))
    os.symlink("/", str(tmpdir.join("outside")))
    os.mkfifo(str(tmpdir.join("dist", "fifo.whl")))
    return str(tmpdir)


@pytest.mark.parametrize(
    "pattern, found",
    [
        ("dist/*.whl", ["dist/a.whl"]),
        ("dist/**/*.whl", ["dist/a.whl", "dist/deep/er/c.whl"]),
        ("**/*.jar", ["module/target/y.jar", "target/x.jar"]),
        ("dist", ["dist/a.whl", "dist/b.txt", "dist/deep/er/c.whl"]),
        ("./dist/", ["dist/a.whl", "dist/b.txt", "dist/deep/er/c.whl"]),
        ("*.whl", ["top.whl"]),
        ("none/*", []),
        ("outside/etc/passwd", []),
        ("dist/etc/*", []),
        ("dist/p.whl", []),
    ],
)
def test_matching(source, pattern, found):
    base = artifacts.module_directory(source, "")
    assert [compat.to_native(name) for name in artifacts.matching(base, pattern)] == found


@rows.hostile(4)
def test_module_path_through_a_link_leads_nowhere(source):
    assert artifacts.module_directory(source, "module") != b""
    assert artifacts.module_directory(source, "outside") == b""
    assert artifacts.module_directory(source, "outside/etc") == b""
    assert artifacts.matching(b"", "**") == []


NASTY = r"""
mkdir -p dist/.git
: >"$(printf 'dist/line\nend')"
: >"$(printf 'dist/\033]0;title')"
: >"$(printf 'dist/\377')"
: >"$(printf 'dist/half\355\240\200')"
: >dist/.git/hook
: >"$(printf 'dist/gr\303\274\303\237 $(id) %s' "'")"
"""


@rows.hostile(5)
@rows.hostile(9)
def test_names_that_nobody_could_fetch_are_left_out_and_told(machine, address):
    request = machine.request(address, NASTY, artifacts=["dist"])
    document = machine.run(request)
    assert document["state"] == "success"
    (kept,) = document["artifacts"]
    assert kept["name"] == compat.to_native(b"dist/gr\xc3\xbc\xc3\x9f $(id) '")
    assert "5 files of artifacts are left out" in machine.log(request)
    assert status.read(machine.attempt(request)) == document, "the status has its shape"


@rows.hostile(9)
def test_more_files_than_a_status_can_list_end_the_build_with_that_cause(machine, address):
    script = "mkdir dist; cd dist; i=0; while [ $i -lt 11000 ]; do : >$i; i=$((i + 1)); done\n"
    request = machine.request(address, script, artifacts=["dist"])
    document = machine.run(request)
    assert (document["state"], document["cause"]) == ("failed", "too_many_artifacts")
    assert "11000 files" in document["message"]
    assert status.read(machine.attempt(request)) == document
    assert machine.run(machine.request(address, "true"))["state"] == "success"


@rows.hostile(9)
def test_a_message_of_any_length_and_kind_is_one_that_readers_take(tmpdir):
    for text in (
        "x" * 10**6,
        compat.to_native(b"x\xff\xed\xa0\x80"),
        compat.to_native(b"\xc3\xbc") * 9999,
    ):
        said = status.sentence(text)
        assert len(compat.to_bytes(said)) <= status.MESSAGE_BYTES + 2
        compat.to_bytes(said).decode("utf-8")
