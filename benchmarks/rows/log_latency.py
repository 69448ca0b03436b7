"""Row: a line of a log, from the executor's file to the operator's terminal."""

import os

from benchmarks import buildbot, peers, streams
from benchmarks import row as rows

LINES = 200
"""A round: about two seconds of it."""

BUILDBOT_PAUSE = 0.02
"""Seconds between two lines of Buildbot's, which are printed by a step."""

TAIL = "ssh tail -F, ControlMaster"
BUILDBOT = "Buildbot, REST"


class LogLatency(rows.Row):
    name = "log_latency"
    title = "a log line from the executor's file to the terminal (`tristan logs --follow`)"
    order = 60
    figures = {"p50": rows.SECONDS, "p99": rows.SECONDS}
    goals = (
        rows.bound("p50", 0.003, 0.003, "half of the lines"),
        rows.bound("p99", 0.050, 0.050, "99 in 100 lines"),
        rows.ratio(TAIL, 2.0, 1.3, "or else, half of the lines, against " + TAIL, "p50"),
    )

    def contenders(self, lab):
        source = streams.Source(lab)
        return [by_hand(source), followed(source), by_buildbot(lab)]


def by_hand(source):
    """Of a file of its own."""
    path = source.path("by-hand.log")
    words = source.master.words + ["tail", "-n", "0", "-F", path]
    with open(path, "w"):
        os.chmod(path, 0o644)
    return rows.Contender(TAIL, rows.FLOOR, rows.worker("log_lines.py", path, str(LINES), *words))


def followed(source):
    """Of the log of a build that runs; what its script would print is appended to that file."""
    build_id, directory = source.sleeping()
    words = source.operator.command("logs", "--follow", build_id)
    path = os.path.join(directory, "log")
    return source.tristan("Tristan", "log_lines.py", path, str(LINES), *words)


def by_buildbot(lab):
    try:
        master = buildbot.Buildbot(lab, buildbot.lines_step(LINES, BUILDBOT_PAUSE))
    except peers.Unavailable as problem:
        return rows.Missing(BUILDBOT, str(problem))
    lab.stopped(master)
    words = [master.url, str(LINES)] + [str(pid) for pid in master.pids]
    return rows.Contender(BUILDBOT, rows.PEER, rows.worker("buildbot_log.py", *words))


ROWS = [LogLatency()]
