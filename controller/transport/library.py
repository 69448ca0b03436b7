"""paramiko, imported in one place and quietly: its warnings and log are not for an operator's terminal."""

from __future__ import absolute_import, print_function, unicode_literals

import logging
import warnings

with warnings.catch_warnings():
    # cryptography warns of ciphers that are going, and of Python 2 as such.
    warnings.simplefilter("ignore")
    import paramiko

logging.getLogger("paramiko").addHandler(logging.NullHandler())
logging.getLogger("paramiko").propagate = False

__all__ = ["paramiko"]
