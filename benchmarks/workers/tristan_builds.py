"""Builds from a process that stays, as a server has them: planned, launched, watched to their end.

Arguments: project. The order names the ref, as `heads/main`, and the commit. Figures: seconds; git, the seconds of the
phase `source`.
"""

import os
import sys

import worker
from sink import Silent

from controller import service, settings, state

PROJECT = sys.argv[1]
CONTROLLER = service.Controller(settings.load(os.environ["TRISTAN_CONFIG"]), state.State())


class Sink(Silent):
    """For who looks at no log."""

    def note(self, text):
        sys.stderr.write(text + "\n")


def once(order):
    kind, _, name = order["ref"].partition("/")
    plan = CONTROLLER.plan(PROJECT, **{{"heads": "branch", "tags": "tag"}[kind]: name})
    launched = CONTROLLER.build(plan, watched=True)
    status = CONTROLLER.watch(launched.build_id, Sink())
    if (status["state"], status["commit"]) != ("success", order["commit"]):
        raise worker.Failed("%(state)s of %(commit)s: %(message)s" % status)
    phases = {phase["name"]: phase["wall_seconds"] for phase in status["phases"]}
    return {"git": phases["source"]}


if __name__ == "__main__":
    worker.serve(once)
