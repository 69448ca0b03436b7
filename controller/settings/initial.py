"""The commented tristan.yml to start from.

In:  a path where nothing is yet. Out: templates/tristan.yml there.
"""

from __future__ import absolute_import, print_function, unicode_literals

import errno
import io
import os

from controller import errors

TEMPLATE = os.path.join(
    os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))),
    "templates",
    "tristan.yml",
)
"""Beside the package, in a checkout and installed."""


def write(path):
    """Write the starting file; what is there already stays as it is.

    :param path: text.
    :raise errors.UsageError: something is there, or it can't be written.
    """
    with io.open(TEMPLATE, "rb") as opened:
        content = opened.read()
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
    except EnvironmentError as error:
        if error.errno == errno.EEXIST:
            raise errors.UsageError("%s is there already" % path, "edit it, or name another path")
        raise errors.UsageError(
            "%s can't be written: %s" % (path, error.strerror), "name another path"
        )
    with os.fdopen(descriptor, "wb") as opened:
        opened.write(content)
