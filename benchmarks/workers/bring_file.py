"""A command that brings a file. Arguments: path where it is to be, `stdout` or `itself`, the words of the command.

With `stdout` what the command prints is written there. The order names the `bytes` that are to come. Figures: seconds;
what was there before is removed untimed.
"""

import os
import subprocess
import sys
import time

import worker

PATH, KIND = sys.argv[1:3]
COMMAND = sys.argv[3:]


def once(order):
    if os.path.exists(PATH):
        os.remove(PATH)
    cpu, begun = worker.cpu_seconds(), time.monotonic()
    if KIND == "stdout":
        with open(PATH, "wb") as target:
            subprocess.run(COMMAND, stdin=subprocess.DEVNULL, stdout=target, check=True)
    else:
        worker.call(COMMAND)
    figures = {"seconds": time.monotonic() - begun, "cpu": worker.cpu_seconds() - cpu}
    size = os.path.getsize(PATH)
    if size != order["bytes"]:
        raise worker.Failed("%d bytes came instead of %d" % (size, order["bytes"]))
    return figures


worker.serve(once)
