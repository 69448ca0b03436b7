"""Room on the disk that an attempt sets aside at its launch, so that its end can be written whatever fills it later.

Two files: ``spare`` is overwritten in place and becomes the status, which takes neither a block nor an inode that
somebody else could have got first; ``reserve`` gives its room to the log's last words. While that is there, something
of the end is still to be written.
"""

from __future__ import absolute_import, print_function

import os

from business_hyper_fusion import compat, files

SPARE_BYTES = 64 * 1024
RESERVE_BYTES = 256 * 1024


def set_aside(attempt):
    """What gc needs is made, too: it must be able to make room where there is no inode left.

    :raises OSError: there is not even this much room.
    """
    business = attempt.executor.business
    compat.make_directories(business.bin)
    os.close(os.open(business.gc_lock, os.O_RDWR | os.O_CREAT, 0o644))
    for path, size in ((attempt.spare, SPARE_BYTES), (attempt.reserve, RESERVE_BYTES)):
        files.publish(path, b"\0" * size)


def give_back(attempt):
    """Make room for a log's last words."""
    try:
        descriptor = os.open(attempt.reserve, os.O_WRONLY | os.O_TRUNC)
    except OSError:
        return  # Gone, or the file system is read-only by now.
    os.close(descriptor)


def become(attempt, path, data):
    """Make the spare file ``path``, with these bytes.

    :raises OSError: it is gone, too small, or the file system is read-only.
    """
    descriptor = os.open(attempt.spare, os.O_WRONLY)
    try:
        files.write_all(descriptor, data)
        os.ftruncate(descriptor, len(data))
    finally:
        os.close(descriptor)
    os.rename(attempt.spare, path)


def is_needed(attempt):
    """:returns: True until all of the attempt's end is written."""
    return os.path.exists(attempt.reserve)


def remove(attempt):
    """All is written. :raises OSError: the file system is read-only."""
    for path in (attempt.spare, attempt.reserve):
        compat.remove_file(path)
