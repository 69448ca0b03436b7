"""The controller's one place for differences between Python 2.7 and 3 that six does not cover."""

from __future__ import absolute_import, print_function, unicode_literals

import os
import time

from six import ensure_binary, ensure_str, ensure_text
from six.moves import shlex_quote as quote

__all__ = ["ensure_binary", "ensure_str", "ensure_text", "monotonic", "path_bytes", "quote"]

if hasattr(time, "monotonic"):
    monotonic = time.monotonic
else:

    def monotonic():
        """Seconds of a clock that nobody sets: times(2)'s, to a hundredth."""
        return os.times()[4]


def path_bytes(path):
    """A path of this host as the kernel has it, under any locale."""
    return os.fsencode(path) if hasattr(os, "fsencode") else ensure_binary(path)
