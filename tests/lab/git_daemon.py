"""The lab's repositories, served by git's own daemon (git://): no login, no keep-alive, no time limit.

In: Repositories. Out: an address; the pids of what serves it, to be stopped and killed.
"""

from __future__ import absolute_import, print_function, unicode_literals

import os
import socket

from tests.lab import process


class GitDaemon(object):
    """.port .pid"""

    host = "127.0.0.1"

    def __init__(self, repositories):
        self.directory = process.directory("daemon")
        self.port = process.free_port()
        words = ["git", "-c", "safe.directory=*", "daemon", "--reuseaddr", "--export-all"]
        words += ["--base-path=" + repositories.base, "--listen=" + self.host]
        words += ["--port={0}".format(self.port), repositories.base]
        environment = {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "safe.directory"}
        environment["GIT_CONFIG_VALUE_0"] = "*"
        environment["GIT_CONFIG_GLOBAL"] = repositories.configuration
        log = os.path.join(self.directory, "daemon.log")
        self._child = process.Child(words, log, environment)
        self._child.wait_for(self._answers, 60, "git daemon")

    @property
    def pid(self):
        return self._child.pid

    def address(self, name):
        """:returns: str, "git://127.0.0.1:port/name.git" """
        return "git://{0}:{1}/{2}.git".format(self.host, self.port, name)

    def stop(self):
        self._child.stop()
        process.remove(self.directory)

    def _answers(self):
        try:
            socket.create_connection((self.host, self.port), 2).close()
            return True
        except (IOError, OSError):
            return False
