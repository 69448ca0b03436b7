"""Tristan as a long-living process has it: one Controller, which plans, launches and watches a build each round."""

import os

import worker
from sink import Silent

from controller import service, settings
from controller.state import State


def main():
    directory = os.path.join(os.environ["XDG_STATE_HOME"], "tristan")
    controller = service.Controller(settings.load(os.environ["TRISTAN_CONFIG"]), State(directory))

    def once(order):
        plan = controller.plan(order["project"], branch=order["branch"])
        launched = controller.build(plan, watched=True)
        status = controller.watch(launched.build_id, Silent())
        if status["state"] != "success" or status["commit"] != order["commit"]:
            raise worker.Failed("the build was not done: %r" % status)

    try:
        worker.serve(once)
    finally:
        controller.close()


if __name__ == "__main__":
    main()
