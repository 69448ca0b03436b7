"""`./dev bench`: runs the rows, then the growth curves; tables, JSON and plots stand in .bench/results/ then."""

import argparse
import os
import sys
import time
import traceback

from benchmarks import growth, measure, page, peers, plot, report, rows
from benchmarks import lab as labs

RESULTS = os.path.join(peers.BENCH, "results")


def main():
    """:returns: int, exit status: 0 when all that was asked for ran, whatever it measured."""
    chosen = arguments()
    found = rows.every()
    unknown = set(chosen.rows or ()) - set(found)
    if unknown:
        sys.stderr.write(
            "error: no row %s; there are %s\n" % (", ".join(unknown), ", ".join(found))
        )
        return 2
    if chosen.list:
        for name, row in found.items():
            print("%-20s %s" % (name, row.title))
        return 0
    if chosen.growth:
        return grow(chosen.rounds)
    code = run([found[name] for name in chosen.rows or found], chosen)
    return code if chosen.rows else max(code, grow(chosen.rounds))


def run(chosen, options):
    begun, results, failures = time.time(), [], []
    for row in chosen:
        try:
            with labs.Lab(with_peers=options.peers) as lab:
                results.append(measure.run(row, lab, options.rounds, measure.complain))
        except Exception as error:  # the other rows do not suffer from it
            failures.append((row.name, str(error)))
            measure.complain("error: %s: %s" % failures[-1])
            traceback.print_exc()
        write(
            report.document(results, failures, begun)
        )  # what took long is not lost by what follows
    print("\n".join(report.lines(report.document(results, failures, begun))))
    return 1 if failures else 0


def write(document):
    for writer in (report, plot, page):
        writer.write(document, RESULTS)


def grow(rounds):
    """The growth curves."""
    curves, failures = growth.run(rounds)
    growth.write(curves, RESULTS)
    print("\n".join(growth.lines(curves)))
    return 1 if failures else 0


def arguments():
    parser = argparse.ArgumentParser(prog="./dev bench", description=__doc__)
    parser.add_argument("--rows", type=lambda text: text.split(","), help="some rows: NAME,NAME")
    parser.add_argument(
        "--rounds", type=int, default=10, help="of each contender, after a warm-up (10)"
    )
    parser.add_argument(
        "--no-peers", dest="peers", action="store_false", help="beside scripts by hand alone"
    )
    parser.add_argument("--growth", action="store_true", help="the growth curves alone")
    parser.add_argument("--list", action="store_true", help="the rows' names")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
