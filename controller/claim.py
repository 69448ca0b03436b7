"""One tristan at a time: a claim that other processes and threads see, and that goes with its holder.

In: a path below the state directory. Out: whether the claim is held, for as long as the block lasts.

The kernel lets go of it when the process dies, so nothing has to be cleaned up; the file itself stays, since removing
it would let two hold it.
"""

from __future__ import absolute_import, print_function, unicode_literals

import contextlib
import errno
import fcntl
import os
import time

from controller import compat
from controller.documents import make_private
from controller.local_file import told

PAUSE = 0.05
"""Seconds between two tries."""


@contextlib.contextmanager
def claim(path, patience=0.0):
    """Yields True when the claim is held, False when another has it.

    :param patience: seconds to try for.
    :raises errors.LocalFileError: the file can't be made.
    """
    with told(path):
        make_private(os.path.dirname(path))
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        yield locked(descriptor, patience)
    finally:
        os.close(descriptor)


def locked(descriptor, patience):
    end = compat.monotonic() + patience
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        except EnvironmentError as error:
            if error.errno not in (errno.EAGAIN, errno.EACCES):
                raise
        if compat.monotonic() >= end:
            return False
        time.sleep(PAUSE)
