"""The Python that runs the tests, as a machine has it: not the virtual environment's, which on 2.7 can't
start without its ``site`` module (``-S``)."""

from __future__ import absolute_import, print_function

import os
import sys


def interpreter():
    """:returns: str, path of the interpreter that the virtual environment was made from."""
    prefix = getattr(sys, "real_prefix", None) or getattr(sys, "base_prefix", sys.prefix)
    return os.path.join(prefix, "bin", "python%d.%d" % sys.version_info[:2])
