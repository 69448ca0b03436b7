"""How old the lines of a growing log are when a command shows them. Arguments: path of the log, how many lines a round.

Behind these the words of the command, which follows the log on its stdout for as long as it runs: it is started at
once, and kept. A round appends lines to the log, each with the time of its writing, at irregular moments that are the
same for every contender. Figures: p50, p99, seconds.
"""

import os
import random
import select
import subprocess
import sys
import time

import worker

PATH, LINES, COMMAND = sys.argv[1], int(sys.argv[2]), sys.argv[3:]

MEAN_PAUSE = 0.01
"""Seconds between two lines; a half of them come closer than 7 ms, one in a hundred is 46 ms alone."""

LONGEST_AGE = 30
"""Seconds after which a line is lost."""


class Follower(object):
    """The command, and what it shows."""

    def __init__(self):
        self._log = os.open(PATH, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        self._child = subprocess.Popen(COMMAND, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
        self._output = self._child.stdout.fileno()
        self._left = b""
        self._await_first()

    def _await_first(self):
        """It follows as soon as it shows something that is written now."""
        deadline = time.monotonic() + LONGEST_AGE
        while not self.ages("hello", 0.2):
            self.write("hello")
            if time.monotonic() > deadline:
                raise worker.Failed("%s shows nothing" % COMMAND[0])

    def write(self, name):
        os.write(self._log, b"%s %.9f\n" % (name.encode("ascii"), time.monotonic()))

    def ages(self, name, seconds):
        """Seconds that the lines of that name are old which are shown within so many seconds, at the first of them."""
        if not select.select([self._output], [], [], max(seconds, 0))[0]:
            return []
        data = os.read(self._output, 65536)
        now = time.monotonic()
        if not data:
            raise worker.Failed("%s has ended" % COMMAND[0])
        lines = (self._left + data).split(b"\n")
        self._left = lines.pop()
        words = [line.split() for line in lines]
        return [now - float(one[1]) for one in words if one[:1] == [name.encode("ascii")]]

    def round(self, number):
        """Writes and reads in turn. :returns: list of ages, of each line."""
        name, chance, ages = "line-%d" % number, random.Random(number), []
        for _ in range(LINES):
            moment = time.monotonic() + chance.expovariate(1 / MEAN_PAUSE)
            while time.monotonic() < moment:
                ages += self.ages(name, moment - time.monotonic())
            self.write(name)
        deadline = time.monotonic() + LONGEST_AGE
        while len(ages) < LINES and time.monotonic() < deadline:
            ages += self.ages(name, 1)
        return ages


FOLLOWER = []


def once(order):
    """The command is started with the first order, when there is somebody to complain to."""
    if not FOLLOWER:
        FOLLOWER.append(Follower())
    ages = sorted(FOLLOWER[0].round(order["round"]))
    if len(ages) != LINES:
        raise worker.Failed("%d lines of %d came" % (len(ages), LINES))
    return {"p50": ages[len(ages) // 2], "p99": ages[len(ages) * 99 // 100]}


worker.serve(once)
