"""Ties between processes that Linux keeps (prctl(2)). On a Python without libffi there are none."""

from __future__ import absolute_import, print_function

try:
    import ctypes

    _LIBC = ctypes.CDLL(None)
except (ImportError, OSError):
    _LIBC = None

PR_SET_CHILD_SUBREAPER = 36


def adopt_orphans():
    """Become the parent of every orphan below, so that a double fork hides nothing."""
    _call(PR_SET_CHILD_SUBREAPER, 1)


def _call(option, value):
    if _LIBC is not None:
        _LIBC.prctl(option, int(value), 0, 0, 0)
