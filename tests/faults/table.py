"""Counts what the tests of a row injected, and prints the tables of rows.

In: pytest's reports, whose `user_properties` name the rows and the seconds of each injection (they
    travel between xdist's processes).
Out: lines of text; as JSON in the file that TRISTAN_FAULT_TABLE names.
"""

from __future__ import absolute_import, print_function, unicode_literals

import collections
import contextlib
import io
import json

from business_hyper_fusion import compat
from tests.faults import rows

ROW, INJECTION = "tristan row", "tristan injection"
WORST_FIRST = ("failed", "skipped", "passed")

Result = collections.namedtuple("Result", "row outcome seconds")
"""Of one test: row: (table, number); outcome: as pytest says it; seconds: list, one for each injection."""


class Injections(object):
    """What a test does to the system, counted: the fixture `injections`."""

    def __init__(self, properties):
        self._properties = properties

    @contextlib.contextmanager
    def measured(self):
        """One injection, from the fault until all is well again."""
        begun = compat.monotonic()
        yield
        self.add(compat.monotonic() - begun)

    def add(self, seconds):
        """An injection that was timed elsewhere."""
        self._properties.append((INJECTION, seconds))

    @staticmethod
    def count(few, all):
        """How many are wanted: `few` in ./dev test, `all` in ./dev faults."""
        return all if rows.ALL else few


def results(report):
    """:param report: pytest's report of a test's phase. :returns: list of Result, one a row."""
    if report.when != "call" and report.outcome == "passed":
        return []
    found = [value for name, value in report.user_properties if name == ROW]
    seconds = [value for name, value in report.user_properties if name == INJECTION]
    return [Result(tuple(row), report.outcome, seconds or [report.duration]) for row in found]


def documents(found):
    """:param found: list of Result. :returns: list of dict: row, text, runs, outcome, worst_seconds."""
    made = []
    for table, texts in rows.TABLES:
        for number in sorted(texts):
            mine = [one for one in found if one.row == (table, number)]
            seconds = [value for one in mine for value in one.seconds]
            made.append(
                {
                    "row": "%s %d" % (table, number),
                    "text": texts[number],
                    "runs": len(seconds),
                    "outcome": worst([one.outcome for one in mine]),
                    "worst_seconds": round(max(seconds), 1) if seconds else None,
                }
            )
    return made


def worst(outcomes):
    return next((one for one in WORST_FIRST if one in outcomes), "not run")


def complete(found):
    """Whether each row was shown."""
    return all(one["outcome"] == "passed" for one in found)


def lines(found):
    """:returns: list of str, the table as text."""
    width = max(len(one["text"]) for one in found)
    made = ["%-10s  %-*s  %6s  %-7s  %8s" % ("row", width, "what", "runs", "outcome", "worst s")]
    for one in found:
        seconds = "" if one["worst_seconds"] is None else "%.1f" % one["worst_seconds"]
        cells = (one["row"], width, one["text"], one["runs"], one["outcome"], seconds)
        made.append("%-10s  %-*s  %6d  %-7s  %8s" % cells)
    return made


def write(path, found):
    with io.open(path, "w", encoding="utf-8") as target:
        target.write("%s\n" % json.dumps(found, indent=1, sort_keys=True))
