"""Ctrl-C, with real signals to a real child process."""

from __future__ import absolute_import, print_function, unicode_literals

import os
import signal
import subprocess
import sys

import click
import pytest

from tests.controller.cli.test_progress import CHILD, spawn

BUILD = ["endless", "build", "shop", "--branch", "main"]


def ended(child):
    """:returns: (exit code, all that was shown since)."""
    text = click.unstyle(child.read().decode("utf-8"))
    child.close()
    return child.exitstatus, text


@pytest.mark.parametrize("words", [BUILD, ["endless", "logs", "9c1e4f2a", "--follow"]])
def test_ctrl_c_leaves_the_build_and_says_how_to_come_back(words):
    child = spawn(*words)
    child.expect("first line")
    child.expect(
        "and on"
    )  # what is shown counts as read a moment later; in between it would come twice
    child.sendintr()
    code, text = ended(child)
    assert code == 7
    assert "still runs on builder-1" in text
    assert "follow it:  tristan logs 9c1e4f2a --follow --offset 11" in text
    assert "cancel it:  tristan cancel 9c1e4f2a" in text
    assert "Traceback" not in text


def test_ctrl_c_can_cancel():
    child = spawn(*(BUILD + ["--cancel-on-interrupt"]))
    child.expect("first line")
    child.sendintr()
    code, text = ended(child)
    assert code == 5
    assert "Cancelling 20261121T065512123-9c1e4f2a" in text
    assert "cancelled  shop" in text


def test_in_a_pipe_too():
    child = subprocess.Popen(
        [sys.executable, CHILD] + BUILD, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert child.stdout.readline() == b"first line\n"
    os.kill(child.pid, signal.SIGINT)
    out, err = child.communicate()
    assert (child.returncode, out) == (7, b"")
    assert b"tristan cancel 9c1e4f2a" in err


def test_ctrl_c_after_the_build_s_end_does_not_say_that_it_runs():
    child = spawn(*(["accepting"] + BUILD[1:]))
    child.expect("first line")
    child.sendintr()
    code, text = ended(child)
    assert code == 130
    assert "the build has ended: tristan status 9c1e4f2a" in text


def test_a_second_ctrl_c_leaves_at_once():
    child = spawn("stubborn", "build", "shop", "--cancel-on-interrupt")
    child.expect("first line")
    child.sendintr()
    child.expect("Cancelling")
    child.sendintr()
    code, text = ended(child)
    assert code == 7
    assert "tristan cancel 9c1e4f2a" in text
