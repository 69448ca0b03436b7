"""The process's own three streams, also where it was started without them (``tristan status >&-``).

In: descriptors 0, 1 and 2 as they are. Out: each of them open, on nothing where it was closed: the next file that is
opened must not become stdout, and nothing may stumble over a stream that is none.
"""

from __future__ import absolute_import, print_function, unicode_literals

import io
import os
import sys

STREAMS = ((0, "stdin", "r"), (1, "stdout", "w"), (2, "stderr", "w"))


def ensure():
    for number, name, mode in STREAMS:
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # the lowest that is free: this one
        if getattr(sys, name) is None:  # Python 3's way to say that it was closed
            setattr(sys, name, io.open(number, mode, closefd=False))
