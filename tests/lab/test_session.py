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
    time.sleep(3600)
"""

pytestmark = pytest.mark.once


@pytest.fixture
def command(engine):
    """Function (words, minutes) -> (exit status, output)"""

    def run(words, minutes=None):
        environment = {} if minutes is None else {"TRISTAN_LAB_MINUTES": minutes}
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
    assert command(["true"], "1")[0] == 0


def test_a_test_run_that_hangs_says_where_and_is_ended(command, tmpdir):
    tmpdir.join("test_hangs.py").write(HANGS)
    program = os.path.join(os.path.dirname(sys.executable), "pytest")
    status, output = command([program, "-p", "no:cacheprovider", str(tmpdir)], "0.1")
    assert status == session.TOO_LONG
    assert "error: not at its end after 0.1 min" in output
    assert "in test_hangs" in output


def test_what_does_not_even_then_end_is_killed(command, tmpdir, monkeypatch):
    monkeypatch.setattr(session, "SAYING_SECONDS", 0.2)
    monkeypatch.setenv("TRISTAN_LAB_MINUTES", "0.01")
    pid = str(tmpdir.join("pid"))
    script = "sh -c 'echo $$ >%s; sleep 3600; :' & wait" % pid
    handler = signal.getsignal(signal.SIGINT)
    try:
        assert session.run(["sh", "-c", script]) == session.TOO_LONG
    finally:
        signal.signal(signal.SIGINT, handler)
    with open(pid) as text:
        killed = int(text.read())
    process.wait_until(lambda: not process.alive(killed), 10, "the end of what was killed")
