"""The lab's session gives a command an engine, and ends what never ends."""

from __future__ import absolute_import, print_function, unicode_literals

import os
import signal
import subprocess
import sys

import pytest

from tests.lab import process, session

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
HANGS = """
import time

def test_hangs():
    open({0!r}, "w").close()
    time.sleep(3600)
"""

pytestmark = pytest.mark.once


@pytest.fixture
def command(engine):
    """Function (words, minutes) -> (exit status, output)"""

    def run(words, **environment):
        child = subprocess.Popen(
            [sys.executable, "-m", "tests.lab.session"] + words,
            cwd=TOP,
            env=process.merged_environment(environment),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        output = child.communicate()[0].decode("utf-8")
        return child.returncode, output

    return run


def test_a_command_has_its_exit_status(command):
    assert command(["sh", "-c", "exit 7"])[0] == 7
    assert command(["true"], TRISTAN_LAB_MINUTES="1")[0] == 0


@pytest.fixture
def too_long(engine, monkeypatch):
    """Function (words, path): run them for too long, as a session does once they have made a file of that path."""
    handler = signal.getsignal(signal.SIGINT)
    monkeypatch.setenv("TRISTAN_LAB_MINUTES", "0.001")
    popen = subprocess.Popen

    def run(words, path):
        def begun(command, **options):
            running = popen(command, **options)
            if command is words:
                process.wait_until(lambda: os.path.exists(path), 60, path)
            return running

        monkeypatch.setattr(subprocess, "Popen", begun)
        assert session.run(words) == session.TOO_LONG

    yield run
    signal.signal(signal.SIGINT, handler)


def test_a_test_run_that_hangs_says_where_and_is_ended(too_long, tmpdir, capfd):
    there = str(tmpdir.join("there"))
    tmpdir.join("test_hangs.py").write(HANGS.format(there))
    program = os.path.join(os.path.dirname(sys.executable), "pytest")
    too_long([program, "-p", "no:cacheprovider", str(tmpdir)], there)
    output = "".join(capfd.readouterr())
    assert "error: not at its end after 0.001 min" in output
    assert "in test_hangs" in output


def test_what_does_not_even_then_end_is_killed(too_long, tmpdir, monkeypatch):
    monkeypatch.setattr(session, "SAYING_SECONDS", 0.2)
    pid = str(tmpdir.join("pid"))
    script = "sh -c 'echo $$ >{0}.new; mv {0}.new {0}; sleep 3600; :' & wait".format(pid)
    too_long(["sh", "-c", script], pid)
    with open(pid) as text:
        killed = int(text.read())
    process.wait_until(lambda: not process.alive(killed), 60, "the end of what was killed")
