"""What the operating system refuses on the operator's side, as Tristan's own errors: one line, and what to do.

In: a path, bytes or text. Out: errors.LocalFileError with its cause: disk_full, read_only, denied, local_file.
"""

from __future__ import absolute_import, print_function, unicode_literals

import contextlib
import errno
import os

from controller import errors

CAUSES = {
    errno.ENOSPC: "disk_full",
    errno.EDQUOT: "disk_full",
    errno.EROFS: "read_only",
    errno.EACCES: "denied",
    errno.EPERM: "denied",
}


@contextlib.contextmanager
def told(path):
    """A block that writes the file."""
    try:
        yield
    except EnvironmentError as error:
        raise errors.LocalFileError(
            "%s can't be written: %s" % (shown(path), error.strerror or error),
            remedy="is there room, and may you write there?",
            cause=CAUSES.get(error.errno),
        )


def is_there(descriptor, path):
    """Whether what is open is still the file of that name: after waiting for its lock it may be another, or none."""
    try:
        return os.path.samestat(os.lstat(path), os.fstat(descriptor))
    except EnvironmentError as error:
        if error.errno != errno.ENOENT:
            raise
        return False


def shown(path):
    return path.decode("utf-8", "replace") if isinstance(path, bytes) else path
