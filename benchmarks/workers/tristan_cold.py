"""Tristan as a person at a terminal has it: `tristan build --detach` and, as a figure of its own, `tristan --help`."""

import os
import sys
import time

import worker

PROGRAM = os.path.join(os.path.dirname(sys.executable), "tristan")


def once(order):
    began = time.monotonic()
    printed = worker.call(
        [PROGRAM, "build", order["project"], "--branch", order["branch"], "--detach"]
    )
    launched = time.monotonic()
    if not printed.strip():
        raise worker.Failed("no build was started")
    worker.call([PROGRAM, "--help"])
    return {"seconds": launched - began, "help": time.monotonic() - launched}


if __name__ == "__main__":
    worker.serve(once)
