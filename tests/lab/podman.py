"""Podman with images and containers of its own, apart from whatever this machine has.

In: nothing. Out: the words of the command, and the options without which no container starts here.
"""

from __future__ import absolute_import, print_function, unicode_literals

import os

from tests.lab import process
from tests.lab.engine import Engine


class Podman(Engine):
    """.run_options (tuple of str)

    `stop()` removes all it has.
    """

    # Podman's own defaults are more open files and processes than some machines allow.
    run_options = ("--ulimit=nofile=1024:1024", "--ulimit=nproc=4096:4096")

    def __init__(self):
        self.directory = process.directory("podman")
        words = ["podman", "--runtime", "runc"]
        # Its own runtime files, too: another one that ends takes them along.
        for name in ("root", "runroot", "tmpdir"):
            words += ["--" + name, os.path.join(self.directory, name)]
        words += ["--storage-driver", "vfs", "--events-backend", "none"]
        Engine.__init__(self, words, "")

    def stop(self):
        self.run(["system", "reset", "--force"])
        process.remove(self.directory)
