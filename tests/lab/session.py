"""Runs a command with an engine and the base images ready: `python -m tests.lab.session
COMMAND...`.

In: a command line; in TRISTAN_LAB_MINUTES how long it may take, where it may not take for ever. Out: its exit status;
the engine's command words are in TRISTAN_LAB_ENGINE for it. An engine that was started for it is stopped after it.
"""

from __future__ import absolute_import, print_function, unicode_literals

import os
import signal
import subprocess
import sys

from tests.lab import engine as lab_engine
from tests.lab import images, process

TOO_LONG = 4
SAYING_SECONDS = 60


def run(command):
    """:param command: list of str
    :returns: int, its exit status; 3 when engine or images can't be had, 4 when it took too long
    """
    try:
        engine = lab_engine.find_or_start()
    except process.LabError as error:
        return _refuse(error)
    try:
        for recipe in images.RECIPES:
            print("== " + images.described(images.make(engine, recipe)), file=sys.stderr)
        os.environ["TRISTAN_LAB_ENGINE"] = " ".join(engine.command)
        return _run_to_its_end(command)
    except process.LabError as error:
        return _refuse(error)
    finally:
        engine.stop()


def _run_to_its_end(command):
    # A shell starts what it puts into the background deaf to Ctrl-C, and so would be every child.
    running = subprocess.Popen(
        command, preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL)
    )
    # Ctrl-C reaches the command too, which ends in its own way; the engine stays up until then
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    minutes = os.environ.get("TRISTAN_LAB_MINUTES")
    try:
        return running.wait(60 * float(minutes) if minutes else None)
    except subprocess.TimeoutExpired:
        print("error: not at its end after {0} min".format(minutes), file=sys.stderr)
        _end(running)
        return TOO_LONG


def _end(running):
    """Say what runs, have each pytest say where it is (tox shows that), and end it all."""
    for pid in [running.pid] + process.children(running.pid):
        words = process.command_line(pid)
        print("  {0} {1}".format(pid, " ".join(words)[:200]), file=sys.stderr)
        if any(word.endswith("/pytest") for word in words):
            os.kill(pid, signal.SIGABRT)
    try:
        running.wait(SAYING_SECONDS)
    except subprocess.TimeoutExpired:
        for pid in [running.pid] + process.children(running.pid):
            process.end_at_once(pid)


def _refuse(error):
    print("error: {0}".format(error), file=sys.stderr)
    return 3


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
