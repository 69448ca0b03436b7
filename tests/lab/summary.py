"""Adds up the results of all environments: `python -m tests.lab.summary DIRECTORY SECONDS`.

In: the junit files that pytest wrote. Out: a line for each and one for all, as pytest ends its
runs.
"""

from __future__ import absolute_import, print_function, unicode_literals

import glob
import os
import sys
from xml.etree import ElementTree

KINDS = ("failed", "passed", "skipped", "errors")


def counts(path):
    """:param path: str, a junit file
    :returns: dict of KINDS to int, and "seconds" to float
    """
    total = dict.fromkeys(KINDS, 0)
    total["seconds"] = 0.0
    for suite in ElementTree.parse(path).getroot().iter("testsuite"):
        failed, errors = int(suite.get("failures")), int(suite.get("errors"))
        skipped = int(suite.get("skipped", suite.get("skips", 0)))
        total["failed"] += failed
        total["errors"] += errors
        total["skipped"] += skipped
        total["passed"] += int(suite.get("tests")) - failed - errors - skipped
        total["seconds"] += float(suite.get("time"))
    return total


def line(total):
    """:returns: str, such as "2 failed, 40 passed in 12.30s" """
    parts = ["{0} {1}".format(total[kind], kind) for kind in KINDS if total[kind]]
    parts = [part[:-1] if part == "1 errors" else part for part in parts]
    return "{0} in {1:.2f}s".format(", ".join(parts) or "no tests ran", total["seconds"])


def main(directory, seconds):
    """Print the summary; 1 when something failed or nothing ran."""
    results = [(path, counts(path)) for path in sorted(glob.glob(os.path.join(directory, "*.xml")))]
    for path, total in results:
        name = os.path.splitext(os.path.basename(path))[0]
        print("{0:<12} {1}".format(name, line(total)))
    everything = {kind: sum(total[kind] for _, total in results) for kind in KINDS}
    everything["seconds"] = float(seconds)
    print(" {0} ".format(line(everything)).center(78, "="))
    return int(not everything["passed"] or bool(everything["failed"] + everything["errors"]))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
