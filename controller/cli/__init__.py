"""The command line ``tristan``: one module a command, named like it.

In: arguments, tristan.yml's path, a terminal or a pipe. Out: text or JSON, and an exit code.
It decides nothing about builds; all work is done by ``controller.service.Controller``.
"""

from __future__ import absolute_import, print_function, unicode_literals

from controller.cli import collector  # noqa: F401 - works by being imported, before the others
from controller.cli.main import main

__all__ = ["main"]
