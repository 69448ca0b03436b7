"""Rules for paths: the root on a machine, a module in a repository, patterns of artifacts.

In:  text. Out: None, or `Refused`.
"""

from __future__ import absolute_import, print_function

import os
import re

from business_hyper_fusion.grammar.refused import Refused, printable

PATH_BYTES = 1024
ROOT_BYTES = 200

_NOT_ASCII = re.compile("[^\x20-\x7e]")
_SYSTEM = frozenset(
    "/ /bin /boot /dev /etc /home /lib /lib32 /lib64 /media /mnt /opt /proc /root /run /sbin "
    "/srv /sys /tmp /usr /usr/bin /usr/lib /usr/local /usr/sbin /var /var/lib /var/run "
    "/var/tmp".split()
)
_KERNEL = ("/dev/", "/proc/", "/sys/")


def check_root(value):
    """Refuse what can't be Tristan's own directory on a machine, e.g. ``/data/tristan``.

    A root is put into container mounts and ``PATH``-like lists, where a comma, a quote, a colon
    or a backslash would end it; `uninstall` removes it, so it is never a system directory.
    """
    text = printable(value, "a root", ROOT_BYTES)
    if not text.startswith("/"):
        raise Refused("a root must be an absolute path", value)
    if text.startswith("//") or os.path.normpath(text) != text:
        raise Refused("a root must be written without '.', '..', '//' or a '/' at its end", value)
    if _NOT_ASCII.search(text) or any(mark in text for mark in ",'\":\\"):
        raise Refused(
            "a root must be printable ASCII without comma, quote, colon or backslash", value
        )
    if text in _SYSTEM or text.startswith(_KERNEL):
        raise Refused("a root must be a directory of Tristan's own, not a system directory", value)


def check_module_path(value):
    """Refuse what can't be a directory inside a repository; "" is the repository's top."""
    if value != "":
        _check_inside(value, "a module path")


def check_glob(value):
    """Refuse what can't be a pattern of files inside the source, e.g. ``dist/*.whl``."""
    _check_inside(value, "an artifact pattern")


def check_artifact_name(value):
    """Refuse what can't be the name of a built file below an operator's directory, e.g. ``dist/shop.whl``.

    It comes from a machine. A file below a ``.git`` could be a hook that the operator's git runs.
    """
    text = printable(value, "the name of an artifact", PATH_BYTES)
    parts = text.split("/")
    if any(part in ("", ".", "..") for part in parts):
        raise Refused("the name of an artifact must be a relative path without '.' and '..'", value)
    if any(part.lower() == ".git" for part in parts):
        raise Refused("the name of an artifact must not lead into .git", value)


def _check_inside(value, what):
    text = printable(value, what, PATH_BYTES)
    parts = text.split("/")
    if text.startswith("/"):
        raise Refused("%s must be relative to the repository" % what, value)
    if text.startswith("-"):
        raise Refused("%s must not begin with '-'" % what, value)
    if any(part in ("", ".", "..") for part in parts):
        raise Refused(
            "%s must be written without '.', '..', '//' or a '/' at its end" % what, value
        )
    if parts[0].lower() == ".git":
        raise Refused("%s must not lead into .git" % what, value)
