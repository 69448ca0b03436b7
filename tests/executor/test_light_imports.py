"""What the launch of a build imports before it answers: an operator waits for each of these."""

from __future__ import absolute_import, print_function

import subprocess

import pytest

from tests.executor.machine import REPOSITORY
from tests.lab import python

HEAVY = [
    "_hashlib",
    "_socket",
    "calendar",
    "ctypes",
    "datetime",
    "locale",
    "logging",
    "platform",
    "shutil",
    "socket",
    "subprocess",
    "tempfile",
    "threading",
]


@pytest.mark.parametrize("module", ["launch", "forgotten", "settle", "builds"])
def test_a_contact_imports_little_of_the_standard_library(module):
    program = (
        "import sys; sys.path.insert(0, %r); __import__('business_hyper_fusion.%s'); "
        "print(' '.join(sorted(set(%r) & set(sys.modules))))"
    )
    words = [python.interpreter(), "-E", "-S", "-B", "-c", program % (REPOSITORY, module, HEAVY)]
    assert subprocess.check_output(words).split() == []


def test_the_phases_import_no_archives_and_no_platform():
    program = (
        "import sys; sys.path.insert(0, %r); import business_hyper_fusion.phases; "
        "print(' '.join(sorted({'bz2', 'lzma', 'platform', 'tempfile'} & set(sys.modules))))"
    )
    words = [python.interpreter(), "-E", "-S", "-B", "-c", program % REPOSITORY]
    assert subprocess.check_output(words).split() == []
