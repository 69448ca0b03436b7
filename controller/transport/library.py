"""paramiko, imported in one place: quietly, since its warnings and log are not for an operator's terminal, and without
what it needs for next to nobody.
"""

from __future__ import absolute_import, print_function, unicode_literals

import logging
import sys
import warnings


class Later(object):
    """Stands for Invoke, which paramiko imports for `Match exec` in ~/.ssh/config alone, and which imports asyncio and
    unittest with it: a third of the time that importing paramiko takes.
    """

    def run(self, *arguments, **named):
        """As Invoke's. :raises ImportError: there is none."""
        import invoke

        return invoke.run(*arguments, **named)


with warnings.catch_warnings():
    # cryptography warns of ciphers that are going, and of Python 2 as such.
    warnings.simplefilter("ignore")
    _there_is_none = "invoke" not in sys.modules
    sys.modules.setdefault(str("invoke"), Later())
    try:
        import paramiko
    finally:
        if _there_is_none:
            del sys.modules["invoke"]

logging.getLogger("paramiko").addHandler(logging.NullHandler())
logging.getLogger("paramiko").propagate = False

__all__ = ["paramiko"]
