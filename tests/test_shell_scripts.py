"""Every shell script, ours and those pushed to machines, passes shellcheck."""

from __future__ import absolute_import, print_function, unicode_literals

import io
import os
import subprocess

import pytest

from tests.lab import process

pytestmark = pytest.mark.once

REPOSITORY = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def scripts():
    """:returns: list of str, paths of all tracked files that are shell by name or by first line"""
    listing = ["git", "-c", "safe.directory=*", "ls-files", "--cached", "--others"]
    names = process.output(listing + ["--exclude-standard"], directory=REPOSITORY).splitlines()
    return sorted(name for name in names if is_shell(os.path.join(REPOSITORY, name)))


def is_shell(path):
    if not os.path.isfile(path):
        return False
    with io.open(path, "rb") as source:
        first = source.readline()
    return path.endswith(".sh") or (first.startswith(b"#!") and first.strip().endswith(b"sh"))


@pytest.mark.parametrize("script", scripts())
def test_shellcheck(script):
    words = ["shellcheck", "--format=gcc", script]
    running = subprocess.Popen(words, stdout=subprocess.PIPE, cwd=REPOSITORY)
    out, _ = running.communicate()
    assert out.decode("utf-8") == ""


def test_the_scripts_of_each_kind_are_found():
    found = scripts()
    assert {"dev", ".ci/run"} <= set(found)
    assert any(name.startswith("business_hyper_fusion/") for name in found)
