"""Which requirements files pin everything, so that their wheels can be kept under a name."""

from __future__ import absolute_import, print_function, unicode_literals

import os
import subprocess
import sys

import pytest

from tests.packs.bench import PACKS

PROGRAM = os.path.join(PACKS, "python", "requirements_key.py")


@pytest.mark.parametrize(
    "line",
    [
        "",
        "# only a comment",
        "shop==1.0",
        "Shop[extra,more] == 1.0rc1  # why",
        "shop===1.0",
        'shop==1.0 ; python_version < "3"',
        "shop==1.0 \\\n    --hash=sha256:aa \\\n    --hash=sha256:bb",
        "shop==1.0 \\\r\n    --hash=sha256:aa\r\nother==2",
        "--index-url https://pypi.example.com/simple\nshop==1.0",
        "-i https://pypi.example.com/simple\n--require-hashes\n--no-binary :all:\nshop==1.0",
    ],
)
def test_pinned(tmpdir, line):
    assert len(key(tmpdir, line)) == 64


@pytest.mark.parametrize(
    "line",
    [
        "shop",
        "shop>=1.0",
        "shop==1.*",
        "shop==1.0,!=1.0.1",
        'shop>=1 ; sys_platform == "linux"',
        "shop @ https://files.example.com/shop.whl",
        "git+https://git.example.com/shop",
        "./shop",
        "-e .",
        "--editable .",
        "--find-links wheels\nshop==1.0",
        "--pre\nshop==1.0",
        "-r none.txt\nshop==1.0",
        "-r https://files.example.com/base.txt\nshop==1.0",
        "shop==1.0\nother",
    ],
)
def test_not_pinned(tmpdir, line):
    assert key(tmpdir, line) == ""


def test_included_files_count(tmpdir):
    tmpdir.join("more", "base.txt").write("-c limits.txt\nbase==1.0\n", ensure=True)
    tmpdir.join("more", "limits.txt").write("deep==1.0\n")
    first = key(tmpdir, "-r more/base.txt\nshop==1.0\n")
    tmpdir.join("more", "limits.txt").write("deep==1.1\n")
    second = key(tmpdir, "-r more/base.txt\nshop==1.0\n")
    assert first and second and first != second
    tmpdir.join("more", "base.txt").write("base\n")
    assert key(tmpdir, "-r more/base.txt\nshop==1.0\n") == ""


def test_a_file_that_includes_itself(tmpdir):
    assert key(tmpdir, "-r requirements.txt\nshop==1.0\n")


def key(tmpdir, text):
    path = tmpdir.join("requirements.txt")
    path.write_binary(text.encode("utf-8"))
    said = subprocess.check_output([sys.executable, "-B", PROGRAM, str(path)])
    return said.decode("ascii").strip()
