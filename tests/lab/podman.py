"""Podman with images and containers of its own, apart from whatever this machine has.

In: nothing. Out: the words of the command, and the options without which no container starts here.
"""

from __future__ import absolute_import, print_function, unicode_literals

import os

from tests.lab import process
from tests.lab.engine import Engine


class Podman(Engine):
    """`stop()` removes all it has.

    :param driver: str, of its storage: overlay is quick with large images, vfs works on every file system
    """

    kind = "podman"
    # Podman's own defaults are more open files and processes than some machines allow.
    run_options = ("--ulimit=nofile=1024:1024", "--ulimit=nproc=4096:4096")

    def __init__(self, driver="vfs"):
        self.directory = process.directory("podman")
        words = ["podman", "--runtime", "runc"]
        # Its own runtime files, too: another one that ends takes them along.
        for name in ("root", "runroot", "tmpdir"):
            words += ["--" + name, os.path.join(self.directory, name)]
        words += ["--storage-driver", driver, "--events-backend", "none"]
        Engine.__init__(self, words, "")

    def copy(self, engine, image):
        """Have an image of another engine's.

        :param image: str. :returns: str, its name here
        """
        archive = os.path.join(self.directory, "image.tar")
        engine.run(["save", "--output", archive, image])
        self.run(["load", "--quiet", "--input", archive])
        os.remove(archive)
        return "localhost/" + image

    def stop(self):
        self.run(["system", "reset", "--force"])
        process.remove(self.directory)
