"""Globs for built files: what they find, and that no link leads out."""

from __future__ import absolute_import, print_function

import os

import pytest

from business_hyper_fusion import artifacts, compat

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


def test_module_path_through_a_link_leads_nowhere(source):
    assert artifacts.module_directory(source, "module") != b""
    assert artifacts.module_directory(source, "outside") == b""
    assert artifacts.module_directory(source, "outside/etc") == b""
    assert artifacts.matching(b"", "**") == []
