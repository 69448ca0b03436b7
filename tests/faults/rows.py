"""The two tables of what must survive and what must be refused; tests say which row they show.

    @rows.fault(6)
    def test_a_partition(injections): ...

`./dev faults` runs every test that has a row and prints both tables; docs/reliability.md holds such a run.
"""

from __future__ import absolute_import, print_function, unicode_literals

import os

import pytest

FAULTS = {
    1: "controller killed in any phase",
    2: "controller killed before or after launching",
    3: "controller frozen for minutes",
    4: "connection cut while files are pushed",
    5: "connection cut while a log is read, many times",
    6: "silent partition, shorter and longer than the lost limit",
    7: "sshd gone, back later",
    8: "sshd with MaxStartups 2 and MaxSessions 1, 50 builds",
    9: "host key changed",
    10: "startup.py killed or stopped",
    11: "processes that escape, daemonize, fork without end",
    12: "machine rebooted, pid reused",
    13: "disk full, no inodes, read-only",
    14: "engine killed or restarted, its client killed, out of memory",
    15: "registry down in mid-push, reply lost after a push",
    16: "git server stalls or dies, stale lock, broken objects",
    17: "clock a day forward or back",
    18: "log flood, a line of 100 MB, silence",
    19: "cancel races with the end",
    20: "20 builds of a branch at once, two operators",
}

HOSTILE = {
    1: "refs that are options or leave their place",
    2: "legal refs that a shell would evaluate",
    3: "repository addresses of other protocols, with options, with passwords",
    4: "repository and build that want code run on the host",
    5: "tar streams that leave their place or never end",
    8: "broken configuration",
    9: "forged, truncated, oversized status and record files",
    10: "scripts with CRLF, no final newline, no run bit, invalid UTF-8",
    11: "logs with terminal escapes",
    12: "secrets split, encoded, escaped; a canary in every slot",
    13: "names and images that are options",
}
"""Rows 6, 7, 14 and 15 are the service's."""

TABLES = (("fault", FAULTS), ("hostile", HOSTILE))

ALL = os.environ.get("TRISTAN_FAULTS") == "all"
"""Whether every injection is wanted; else few of each kind, and none of the tests marked `thorough`."""


def fault(number):
    """A decorator: the test injects this fault."""
    return _row("fault", FAULTS, number)


def hostile(number):
    """A decorator: the test sends this input."""
    return _row("hostile", HOSTILE, number)


thorough = pytest.mark.skipif(not ALL, reason="needs minutes: ./dev faults")
"""For a test that takes longer than some seconds, and whose row a quicker one shows as well."""


def _row(table, texts, number):
    assert number in texts, "there is no row %s %s" % (table, number)
    return pytest.mark.row(table, number)


def of(item):
    """:returns: list of (table, number) of a pytest item."""
    return [mark.args for mark in item.iter_markers("row")]
