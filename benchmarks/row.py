"""What a row of the table is made of.

Job: the words in which a row says what is compared: contenders, figures, goals.
In: nothing. Out: classes for benchmarks/rows and for what runs and shows them.

A contender is a process of its own (see workers/worker.py) that does the row's work once for each line it reads. So
each has its own Python and libraries, keeps what its users would keep between two rounds, and is paid for what it does.
"""

import collections
import os
import sys

FLOOR, TRISTAN, PEER = "floor", "tristan", "peer"

HERE = os.path.dirname(os.path.abspath(__file__))

SECONDS, MEBIBYTES = "s", "MiB"

Goal = collections.namedtuple("Goal", "figure against most aim title")
"""What is wanted of Tristan's median of a figure.

.figure: its name. .against: name of the contender whose median of the same figure it is divided by, None for the figure
itself. .most, .aim: numbers that it may not exceed. .title: words for people.
"""

Missing = collections.namedtuple("Missing", "name why")
"""A peer that could not be had here: text, text. It is shown as missing."""


class Contender(object):
    """:param name: text, shown to people. :param role: FLOOR, TRISTAN or PEER.
    :param command: list of str, a worker. :param environment: dict of str over this process's.
    """

    def __init__(self, name, role, command, environment=None):
        self.name = name
        self.role = role
        self.command = list(command)
        self.environment = dict(environment or {})


class Row(object):
    """.name: text, as in --rows. .title: text, what is measured. .order: int, its place in the table.
    .figures: {name: unit}; "seconds" is measured for all, others are the workers' own. .goals: list of Goal.
    .rounds: int, or None for what was asked for. .warm_up: int, rounds that are not counted.
    """

    name = ""
    title = ""
    order = 0
    figures = {"seconds": SECONDS}
    goals = ()
    rounds = None
    warm_up = 2

    def contenders(self, lab):
        """List of Contender and Missing; whatever they need is started in the lab first."""
        raise NotImplementedError

    def before(self, contender, number):
        """Before each round, untimed. :returns: dict of what its worker is to know, JSON."""
        return {}


def ratio(against, most, aim, title="", figure="seconds"):
    """A Goal that compares Tristan's median with another contender's."""
    return Goal(figure, against, most, aim, title or "against %s" % against)


def faster(peer, times, aim=None):
    """A Goal: so many times as fast as a peer, at least."""
    most = 1.0 / times
    title = "faster than %s" % peer if times == 1 else "%g times as fast as %s" % (times, peer)
    return Goal("seconds", peer, most, aim or most, title)


def bound(figure, most, aim, title):
    """A Goal for Tristan's figure by itself."""
    return Goal(figure, None, most, aim, title)


def worker(name, *words, **given):
    """Argument list of benchmarks/workers/<name>. :param python: path of what runs it, this Python by default."""
    return [given.get("python", sys.executable), os.path.join(HERE, "workers", name)] + list(words)
