"""Runs a command with an engine and the base images ready: `python -m tests.lab.session
COMMAND...`.

In: a command line. Out: its exit status; the engine's command words are in TRISTAN_LAB_ENGINE for
it. An engine that was started for it is stopped after it.
"""

from __future__ import absolute_import, print_function, unicode_literals

import os
import signal
import subprocess
import sys

from tests.lab import engine as lab_engine
from tests.lab import images, process


def run(command):
    """:param command: list of str
    :returns: int, its exit status; 3 when engine or images can't be had
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
    return running.wait()


def _refuse(error):
    print("error: {0}".format(error), file=sys.stderr)
    return 3


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
