"""The executor's lock: whoever holds it has the run directory to itself; the kernel gives it back at death."""

from __future__ import absolute_import, print_function

import errno
import fcntl
import os

from business_hyper_fusion import compat


def acquire(path, wait=False):
    """Take the lock that ``path`` names, made when missing.

    :param wait: True waits for it; False takes "busy" for an answer.
    :returns: descriptor that holds it (close it to let go; children don't inherit it), or None when busy.
    """
    descriptor = compat.close_on_exec(os.open(path, os.O_RDWR | os.O_CREAT, 0o644))
    operation = fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB
    try:
        compat.retry_interrupted(fcntl.flock, descriptor, operation)
    except (IOError, OSError) as error:
        os.close(descriptor)
        if error.errno in (errno.EAGAIN, errno.EACCES):
            return None
        raise
    return descriptor


def held(path):
    """:returns: True when some process holds the lock.

    Asked of the kernel's list: trying the lock would make a launch of the same moment find it busy.
    """
    try:
        status = os.stat(path)
    except OSError:
        return False
    inode = "%02x:%02x:%d" % (os.major(status.st_dev), os.minor(status.st_dev), status.st_ino)
    try:
        with open("/proc/locks") as locks:
            return any(inode in line.split() for line in locks)
    except (IOError, OSError):
        return False
