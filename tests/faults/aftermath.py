"""What holds after every fault: one end, the whole log, nothing left behind, and an executor that builds on.

In: an Operator of tests/end_to_end and a status document, as `tristan status BUILD --json` or `build --json` gives it.
Out: an AssertionError that says what does not hold.
"""

from __future__ import absolute_import, print_function, unicode_literals

import io
import json
import os
import time

from business_hyper_fusion import compat, identity
from business_hyper_fusion.protocol import TERMINAL_STATES
from controller.journal import Journal

GONE_WITHIN = 60
"""Seconds after the end until nothing of a build runs any more."""

MOST_EXECUTORS = 40


def check(operator, status, accepted=True):
    """One terminal state wherever it is written, the log's hash, and within 60 s nothing that runs.

    :param accepted: whether this operator's journal knows this attempt as the build's end: not so for one that was
        replaced, and for a colleague's.
    """
    one_end(operator, status)
    operator.log(status)
    if accepted:
        assert stage(operator, status) == "accepted"
    nothing_left(operator, status)


def one_end(operator, status):
    """The status file, the events and the command tell the same end, and the events tell it once."""
    assert status["state"] in TERMINAL_STATES, status
    written = json.loads(_text(os.path.join(operator.attempt(status), "status")))
    assert (written["state"], written["cause"]) == (status["state"], status["cause"])
    events = _text(os.path.join(operator.attempt(status), "events.jsonl"))
    lines = [json.loads(line) for line in events.splitlines()]
    ends = [line["tristan"] for line in lines if line["event"]["action"] == "build-ended"]
    assert [(end["state"], end["cause"]) for end in ends] == [(status["state"], status["cause"])]
    assert lines[-1]["event"]["action"] == "build-ended", "the last event is the end"


def stage(operator, status):
    """:returns: str, what this operator's journal says of a build, "" when it does not know it."""
    notes = []
    directory = os.path.join(operator.environment()["XDG_STATE_HOME"], "tristan")
    found = Journal(directory, notes.append).read(status["build_id"]).get("stage", "")
    assert notes == []
    return found


def nothing_left(operator, status):
    end = compat.monotonic() + GONE_WITHIN
    found = left(operator, status)
    while found:
        assert compat.monotonic() < end, "still there after %d s: %s" % (GONE_WITHIN, found)
        time.sleep(0.2)
        found = left(operator, status)


def left(operator, status):
    """:returns: list of str, what of an attempt is still there: processes and containers."""
    token = "TRISTAN_ATTEMPT={build_id}.{attempt}".format(**status).encode("ascii")
    found = ["process %d" % pid for pid in _processes() if token in _environment(pid)]
    if identity.alive(status["process"]):
        found.append("its own process %d" % status["process"]["pid"])
    words = ["ps", "--all", "--quiet"]
    for name in ("build_id", "attempt"):
        words += ["--filter", "label=tristan.{0}={1}".format(name, status[name])]
    return found + ["container " + one for one in operator.engine.run(words).split()]


def next_build(operator, status, project="script"):
    """The executor that had this attempt builds again, with success.

    :returns: the new build's status document.
    """
    running = []
    while True:  # each of these takes an executor, so that the wanted one is left at last
        words = ("--detach", "--wait", "--machine", status["machine"])
        child = operator.script("sleep %d" % (3 + 2 * len(running)), *words, project=project)
        out, err = child.communicate()
        assert child.returncode == 0, err
        running.append(out.decode("ascii").strip())
        found = operator.json("status", running[-1])
        if found["executor_id"] == status["executor_id"]:
            break
        assert len(running) < MOST_EXECUTORS, "never on executor %s" % status["executor_id"]
    for build_id in running:
        followed = operator.run("logs", build_id, "--follow")
        assert followed.code == 0, followed
    return operator.json("status", found["build_id"])


def _text(path):
    with io.open(path, encoding="utf-8") as source:
        return source.read()


def _processes():
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]


def _environment(pid):
    try:
        with open("/proc/%d/environ" % pid, "rb") as source:
            return source.read().split(b"\0")
    except EnvironmentError:
        return []
