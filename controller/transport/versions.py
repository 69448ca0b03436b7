"""The version in an SSH server's banner."""

from __future__ import absolute_import, print_function, unicode_literals

import re


def openssh(banner):
    """:param banner: text such as ``SSH-2.0-OpenSSH_9.2p1 Debian-2``.
    :returns: (major, minor), or None for another server.
    """
    found = re.search(r"OpenSSH_(\d+)\.(\d+)", banner or "")
    return (int(found.group(1)), int(found.group(2))) if found else None
