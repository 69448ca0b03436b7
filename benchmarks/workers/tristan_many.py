"""Many detached builds from one process that stays, as a server has it: launched in threads; then all their ends are
learned, each by a thread of its own, which share a channel for each machine.

Arguments: project, machines, branches a machine. Figures: seconds; launched, seconds until all were started.
"""

import multiprocessing.pool
import sys
import time

import worker
from tristan_builds import CONTROLLER, Sink

from controller import parallel

MACHINES, BRANCHES = int(sys.argv[2]), int(sys.argv[3])
PROJECT = sys.argv[1]


def once(order):
    begun = time.monotonic()
    places = [
        ("builder-%d" % machine, "branch-%d" % (branch + 1))
        for branch in range(BRANCHES)
        for machine in range(MACHINES)
    ]
    launched = results(parallel.each(launch, places))
    seconds = time.monotonic() - begun
    with multiprocessing.pool.ThreadPool(len(launched)) as watchers:
        ended = watchers.map(end, launched, chunksize=1)
    for status in ended:
        if (status["state"], status["commit"]) != ("success", order["commit"]):
            raise worker.Failed("%(state)s of %(commit)s: %(message)s" % status)
    return {"launched": seconds, "builds_a_minute": 60 * len(places) / (time.monotonic() - begun)}


def launch(place):
    machine, branch = place
    plan = CONTROLLER.plan(PROJECT, branch=branch, machine=machine)
    return CONTROLLER.build(plan, wait=True).build_id


def end(build_id):
    return CONTROLLER.watch(build_id, Sink())


def results(outcomes):
    for _, _, error in outcomes:
        if error is not None:
            raise error
    return [result for _, result, _ in outcomes]


if __name__ == "__main__":
    worker.serve(once)
