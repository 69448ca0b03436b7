"""Row: a long log, read whole."""

import os

from benchmarks import row as rows
from benchmarks import streams

SMALL, LARGE = 5 * 1000 * 1000, 50 * 1000 * 1000
"""Bytes that the builds print."""

CAT, COLD_CAT = "ssh cat, ControlMaster", "ssh cat, cold"


class LogThroughput(rows.Row):
    name = "log_throughput"
    title = "a log of 50 MB, read whole"
    order = 70
    figures = {"seconds": rows.SECONDS, "growth": rows.MEBIBYTES}
    goals = (
        rows.ratio(CAT, 2.0, 1 / 0.75),
        rows.bound("growth", 16.0, 4.0, "more memory than for 5 MB"),
    )

    def contenders(self, lab):
        source = streams.Source(lab)
        builds = [source.made(streams.log_of(size)) for size in (SMALL, LARGE)]
        log = os.path.join(builds[1][1], "log")
        self._order = {"small": builds[0][0], "large": builds[1][0], "bytes": os.path.getsize(log)}
        copy = rows.worker("bring_file.py", lab.path("log"), "stdout")
        shown = copy + source.operator.command("logs", builds[1][0])
        cold = rows.Contender(
            "tristan logs, cold", rows.TRISTAN, shown, source.operator.environment()
        )
        return [
            rows.Contender(CAT, rows.FLOOR, copy + source.master.words + ["cat", log]),
            source.tristan("Tristan", "tristan_reads.py", "log", lab.path("logs")),
            rows.Contender(COLD_CAT, rows.FLOOR, copy + source.master.cold + ["cat", log]),
            cold,
        ]

    def before(self, contender, number):
        return self._order


ROWS = [LogThroughput()]
