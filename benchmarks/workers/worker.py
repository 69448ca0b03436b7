"""One contender's process: does its work once for each line on stdin, and says what that took.

Job: take an order, time the work, answer; all else is the contender's own.
In: lines of JSON. Out: lines of JSON on what was stdout: {"seconds", "cpu", ...} or {"error"}.

What the work prints goes to stderr. Seconds are of the wall. CPU seconds are of this process and of those of its
children that have ended.
"""

import json
import os
import subprocess
import sys
import time
import traceback


class Failed(Exception):
    """The work was not done: the round doesn't count."""


def serve(once, answers=None):
    """Until stdin ends. :param once: function (dict) -> dict of further figures, or None; may raise."""
    answers = answers or answers_apart()
    for line in iter(sys.stdin.readline, ""):
        answers.write(json.dumps(measured(once, json.loads(line))) + "\n")
        answers.flush()


def answers_apart():
    """What was stdout; from now on prints go to stderr."""
    sys.stdout.flush()
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    return answers


def measured(once, order):
    """:returns: dict, the answer."""
    cpu, begun = cpu_seconds(), time.monotonic()
    try:
        figures = once(order) or {}
    except Exception as problem:
        traceback.print_exc()
        return {"error": "%s: %s" % (type(problem).__name__, problem)}
    seconds = time.monotonic() - begun
    return dict({"seconds": seconds, "cpu": cpu_seconds() - cpu}, **figures)


def cpu_seconds():
    """User and system time of this process and its ended children."""
    return sum(os.times()[:4])


def call(words, stdin=b"", environment=None):
    """Run a command to its end. :returns: bytes, what it printed. :raises Failed: with what it complained of."""
    child = subprocess.Popen(
        words,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=dict(os.environ, **(environment or {})),
    )
    out, err = child.communicate(stdin)
    if child.returncode:
        text = err.decode("utf-8", "replace").strip()[-2000:]
        raise Failed("%s ended with %d: %s" % (words[0], child.returncode, text))
    return out
