"""Runs a row: every contender in turn, round after round, so that a machine that slows down slows all of them.

In: a Row, a lab. Out: Result: samples by contender; who is missing, and why.
"""

import collections
import json
import os
import select
import signal
import subprocess
import sys
import time

from benchmarks import row as rows

LONGEST_ROUND = 300
"""Seconds for one round of one contender, and for what follows at its end."""

Result = collections.namedtuple("Result", "row samples roles missing")
""".samples: {contender name: list of {"seconds", "cpu", ...}}. .roles: {contender name: role}.
.missing: list of row.Missing.
"""


class RoundFailed(Exception):
    """A contender did not do its work; the message has its own words."""


class Running(object):
    """A contender's process. :param log: path, where it complains."""

    def __init__(self, contender, log):
        self.contender = contender
        self._log_path = log
        with open(log, "wb") as complaints:
            self._child = subprocess.Popen(
                contender.command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=complaints,
                env=dict(os.environ, **contender.environment),
                start_new_session=True,
            )

    def round(self, order):
        """:returns: dict, the sample."""
        try:
            self._child.stdin.write(json.dumps(order).encode("ascii") + b"\n")
            self._child.stdin.flush()
            ready, _, _ = select.select([self._child.stdout], [], [], LONGEST_ROUND)
            line = self._child.stdout.readline() if ready else b""
        except BrokenPipeError:
            line = b""
        if not line:
            raise RoundFailed("%s gave no answer: %s" % (self.contender.name, self._complaint()))
        sample = json.loads(line)
        if "error" in sample:
            raise RoundFailed("%s: %s" % (self.contender.name, sample["error"]))
        return sample

    def stop(self):
        """By the end of its input; what does not hear that is killed with its children."""
        self._child.stdin.close()
        try:
            self._child.wait(LONGEST_ROUND)
        except subprocess.TimeoutExpired:
            pass
        try:
            os.killpg(self._child.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self._child.wait()
        self._child.stdout.close()

    def _complaint(self):
        with open(self._log_path, errors="replace") as source:
            return source.read()[-2000:].strip() or "it said nothing"


def run(row, lab, rounds, say):
    """:param rounds: int, unless the row has its own number. :param say: callable(text). :returns: Result."""
    known = row.contenders(lab)
    missing = [one for one in known if isinstance(one, rows.Missing)]
    running = []
    samples, roles = {}, {}
    begun = time.monotonic()
    try:
        for number, one in enumerate(each for each in known if each not in missing):
            running.append(Running(one, lab.path("contender-%d.log" % number)))
            samples[one.name], roles[one.name] = [], one.role
        for number in range(row.warm_up + (row.rounds or rounds)):
            for process in running:
                sample = process.round(order(row, process.contender, number))
                if number >= row.warm_up:
                    samples[process.contender.name].append(sample)
    finally:
        for process in running:
            process.stop()
    say("%s: %.0f s" % (row.name, time.monotonic() - begun))
    return Result(row, samples, roles, missing)


def order(row, contender, number):
    return dict(row.before(contender, number) or {}, round=number)


def complain(text):
    sys.stderr.write(text + "\n")
