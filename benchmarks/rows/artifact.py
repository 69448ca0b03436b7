"""Row: a large file that a build made, fetched."""

import os

from benchmarks import row as rows
from benchmarks import streams

SMALL, LARGE = 30 * 1000 * 1000, 300 * 1000 * 1000
"""Bytes."""

SCP, RSYNC = "scp, ControlMaster", "rsync, ControlMaster"


class Artifact(rows.Row):
    name = "artifact"
    title = "a file of 300 MB, fetched; Tristan compares its SHA-256, scp and rsync do not"
    order = 80
    figures = {"seconds": rows.SECONDS, "growth": rows.MEBIBYTES}
    goals = (
        rows.ratio(SCP, 1.3, 1.0),
        rows.ratio(RSYNC, 1.3, 1.0),
        rows.bound("growth", 16.0, 4.0, "more memory than for 30 MB"),
    )

    def contenders(self, lab):
        source = streams.Source(lab)
        builds = [source.made(streams.file_of("file.bin", size)) for size in (SMALL, LARGE)]
        self._order = {"small": builds[0][0], "large": builds[1][0], "bytes": LARGE}
        remote = os.path.join(builds[1][1], "artifacts", "file.bin")
        copy = rows.worker("bring_file.py", lab.path("copy.bin"), "itself")
        ssh, place = source.master.words[:-1], source.master.words[-1]
        source_name = "%s:%s" % (place, remote)
        scp = ["scp", "-q"] + source.master.options + [source_name, lab.path("copy.bin")]
        # Nothing to compare with, so whole files are the quicker way.
        rsync = ["rsync", "--whole-file", "--inplace", "-e", " ".join(ssh)]
        return [
            rows.Contender(SCP, rows.FLOOR, copy + scp),
            rows.Contender(RSYNC, rows.FLOOR, copy + rsync + [source_name, lab.path("copy.bin")]),
            source.tristan("Tristan", "tristan_reads.py", "file", lab.path("files")),
        ]

    def before(self, contender, number):
        return self._order


ROWS = [Artifact()]
