"""Who asks for a build, and when: the one place where a plan meets the clock, the user and chance."""

from __future__ import absolute_import, print_function, unicode_literals

import binascii
import getpass
import os
import socket
import time

import six

from controller import plan


def moment():
    """:returns: plan.Moment of now."""
    random_digits = binascii.hexlify(os.urandom(4)).decode("ascii")
    return plan.Moment(time.time(), random_digits, requested_by())


def requested_by():
    """Who asks, such as alice@laptop; for people, not for decisions."""
    try:
        user = getpass.getuser()
    except (KeyError, ImportError, EnvironmentError):
        user = "uid%d" % os.getuid()
    return printable("%s@%s" % (user, socket.gethostname()))


def printable(text):
    """ASCII without control characters, for a field that every machine shows."""
    text = six.ensure_text(text, errors="replace")
    return "".join(letter if " " < letter < "\x7f" else "?" for letter in text)[:200]
