#!/usr/bin/env python
"""The executor's entry: ``startup.py EXECUTOR_ID`` with a request as JSON on stdin.

Takes the executor's lock, claims the attempt, starts the build in the background and answers with one line
of JSON on stdout. Runs on Python 2.7 and 3.6 and up with the standard library alone.
"""

from __future__ import absolute_import, print_function

import os
import sys

sys.dont_write_bytecode = True  # A release is immutable; its bytecode lies beside it.

RELEASE = os.path.dirname(os.path.realpath(__file__))

if __name__ == "__main__":
    sys.path.insert(0, RELEASE)
    from business_hyper_fusion import compiled

    compiled.use(RELEASE)
    from business_hyper_fusion import launch

    # All is said and written: what an interpreter tidies up at its end would take the worker's time.
    status = launch.main(RELEASE, sys.argv[1:])
    sys.stderr.flush()
    os._exit(status)
