"""Ties between processes that Linux keeps (prctl(2)). On a Python without libffi there are none.

Loaded with this module, and so once: each command's child that had to do it itself would take 4 ms for it.
"""

from __future__ import absolute_import, print_function

import os
import signal

try:
    import ctypes

    _LIBC = ctypes.CDLL(None)
except (ImportError, OSError):
    _LIBC = None

PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36


def adopt_orphans():
    """Become the parent of every orphan below, so that a double fork hides nothing."""
    _call(PR_SET_CHILD_SUBREAPER, 1)


def die_with(parent):
    """In a child: be killed when the process that forked it dies. ``exec`` keeps this, ``sudo`` does not.

    :param parent: its pid; it may be dead already.
    """
    _call(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(128 + signal.SIGKILL)


def _call(option, value):
    if _LIBC is not None:
        _LIBC.prctl(option, int(value), 0, 0, 0)
