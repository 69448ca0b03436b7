"""What a module of benchmarks/curves says: what grows, and what is timed at each size.

In: nothing. Out: classes for benchmarks/growth.py.
"""

import collections
import time

Curve = collections.namedtuple("Curve", "name unit measured")
""".name: text, of the subject's own. .unit: of the values, "s" for seconds. .measured: text for people."""


class Subject(object):
    """.name: text. .sizes: list of numbers, ascending. .x: text, what is counted; .x_unit: text, "" for a count.
    .curves: list of Curve. .rounds: int, at most so many, None for what was asked for. .warm_up: int, rounds that
    are not counted.
    """

    rounds = None
    warm_up = 1
    x_unit = ""

    def __init__(self, lab):
        """Starts what all sizes need. :param lab: a lab of the subject's own."""
        raise NotImplementedError

    def measure(self, size):
        """One round at one size. :returns: {curve's name: value}."""
        raise NotImplementedError


def timed(work, *arguments, **options):
    """:returns: (seconds, what the work returned)."""
    begun = time.monotonic()
    made = work(*arguments, **options)
    return time.monotonic() - begun, made
