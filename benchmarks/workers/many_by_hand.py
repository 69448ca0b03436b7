"""many_builds.sh, once a round. The order has its arguments, the commit, and the files that say what was built, which
are not there before the round.
"""

import os

import worker

HERE = os.path.dirname(os.path.abspath(__file__))


def once(order):
    script, job = [os.path.join(HERE, name) for name in ("many_builds.sh", "job_by_hand.sh")]
    worker.call(["sh", script, job] + order["arguments"])
    check(order)


def check(order):
    """:raises worker.Failed: not all was built."""
    for path in order["built"]:
        with open(path) as source:
            if source.read().strip() != order["commit"]:
                raise worker.Failed("%s has another commit" % path)


if __name__ == "__main__":
    worker.serve(once)
