"""The running Python as a build machine would have it: outside of any virtual environment.

On 2.7 an environment's own `python` finds no standard library under `-E -S`, which is how Tristan
runs it.
"""

from __future__ import absolute_import, print_function

import os
import sys


def machine_python():
    """:returns: str, path of the interpreter that the running environment was made from"""
    prefix = getattr(sys, "base_prefix", sys.prefix)
    path = os.path.join(prefix, "bin", "python%d.%d" % sys.version_info[:2])
    return path if os.path.exists(path) else sys.executable
