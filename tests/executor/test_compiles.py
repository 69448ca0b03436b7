"""The executor's side compiles and imports on the Python that runs this, bare: no site, no
packages."""

from __future__ import absolute_import, print_function, unicode_literals

import io
import os
import subprocess

import pytest

from tests.lab import process
from tests.lab.python import interpreter

REPOSITORY = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PACKAGE = os.path.join(REPOSITORY, "business_hyper_fusion")


def modules():
    """:returns: list of str, dotted names of all modules that a machine gets"""
    found = ["startup"]
    for directory, _, names in os.walk(PACKAGE):
        # a language pack is no package: its programs run in build images, by themselves
        for name in names if "__init__.py" in names else ():
            if name.endswith(".py"):
                path = os.path.relpath(os.path.join(directory, name), REPOSITORY)
                found.append(path[: -len(".py")].replace(os.sep, ".").replace(".__init__", ""))
    return sorted(found)


def test_there_are_modules():
    assert len(modules()) > 10


@pytest.mark.parametrize("module", modules())
def test_imports_bare(module):
    """As on a machine: `-E -S -B`, locale C, warnings (such as odd escapes) are errors."""
    program = "import sys; sys.path.insert(0, sys.argv[1]); __import__(sys.argv[2])"
    words = [interpreter(), "-E", "-S", "-B", "-W", "error", "-c", program, REPOSITORY, module]
    running = subprocess.Popen(
        words,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=process.merged_environment({"LC_ALL": "C"}),
    )
    out, _ = running.communicate()
    assert (running.returncode, out) == (0, b"")


@pytest.mark.parametrize("module", modules())
def test_starts_as_the_house_rules_say(module):
    base = os.path.join(REPOSITORY, *module.split("."))
    path = base + ".py" if os.path.isfile(base + ".py") else os.path.join(base, "__init__.py")
    with io.open(path, encoding="utf-8") as source:
        text = source.read()
    if "import" in text.replace("from __future__ import", ""):
        assert "from __future__ import absolute_import, print_function" in text
