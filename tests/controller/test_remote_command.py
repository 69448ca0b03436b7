"""Remote commands, run by real shells."""

from __future__ import absolute_import, print_function, unicode_literals

import os
import subprocess

import pytest

from controller import remote_command

SHELLS = [["sh", "-c"], ["bash", "-c"], ["sh", "-e", "-u", "-c"]]
NASTY = 'it\'s a $(touch evil) `touch evil`; & * "dir"'


def run(shell, command):
    return subprocess.check_output(shell + [command.encode("utf-8")]).decode("utf-8")


def make(directory, path, text):
    full = os.path.join(directory, path)
    if not os.path.isdir(os.path.dirname(full)):
        os.makedirs(os.path.dirname(full))
    with open(full, "w") as opened:
        opened.write(str(text))
    os.chmod(full, 0o755)
    return full


@pytest.fixture
def python(tmpdir):
    """An "interpreter" that says how it was called."""
    return make(str(tmpdir), "bin " + NASTY.replace("/", "") + "/python", '#!/bin/sh\necho "$@"\n')


@pytest.fixture
def business(tmpdir):
    return str(tmpdir.join(NASTY, "1"))


@pytest.mark.parametrize("shell", SHELLS)
def test_launch_starts_the_pinned_release(shell, python, business):
    startup = make(business, "releases/abc/startup.py", "")
    said = run(shell, remote_command.launch(python, business, "abc", "2"))
    assert said == "-E -S -B %s 2\n" % startup


@pytest.mark.parametrize("shell", SHELLS)
def test_launch_answers_lack_without_the_release_or_the_python(shell, python, business):
    lack = '{"answer":"lack"}\n'
    assert run(shell, remote_command.launch(python, business, "abc", "2")) == lack
    make(business, "releases/abc/startup.py", "")
    assert run(shell, remote_command.launch("/no/python", business, "abc", "2")) == lack
    assert not os.path.exists("evil")


def test_a_verb_prefers_its_release_then_the_current_one_then_lacks(python, business):
    command = remote_command.verb(python, business, "abc", "builds")
    assert run(SHELLS[0], command) == '{"answer":"lack"}\n'
    current = make(business, "business_hyper_fusion/__main__.py", "")
    assert run(SHELLS[0], command) == "-E -S -B %s builds\n" % current
    path = "releases/abc/business_hyper_fusion/__main__.py"
    pinned = make(business, path, "")
    assert run(SHELLS[0], command) == "-E -S -B %s builds\n" % pinned


def test_a_program_needs_no_quoting_that_a_strange_shell_could_spoil():
    command = remote_command.program("/usr/bin/python3", b"print('a\\n!')\n" * 50)
    inside = command[len("exec sh -c ") :]
    assert not set("\n\\!") & set(inside)
