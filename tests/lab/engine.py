"""A container engine: the one that runs here, else one of the lab's own.

In: nothing. Out: the words of the engine command (`["docker"]` or `["docker", "-H", "unix://..."]`)
and its socket.
Never a second engine beside a running one: two of them in one network namespace take each other's
bridge.
"""

from __future__ import absolute_import, print_function, unicode_literals

import ctypes
import os
import signal
import subprocess

from tests.lab import process

DEFAULT_SOCKET = "/var/run/docker.sock"
READY_SECONDS = 60


class Engine(object):
    """A reachable Docker.

    .kind (str, as tristan.yml says it) .command (list of str) .socket (str, path)
    .run_options (tuple of str, without which no container starts here)
    """

    kind = "docker"
    run_options = ()

    def __init__(self, command, socket):
        self.command = command
        self.socket = socket

    def run(self, arguments, stdin=b""):
        """Run an engine command.

        :param arguments: list of str, such as ["ps", "--quiet"]
        :returns: str, what it printed
        :raises LabError: it failed
        """
        return process.output(self.command + list(arguments), stdin)

    def containers(self, filter_word="name=tristan-"):
        """:returns: list of str, names of all containers, running or not, that fit the filter"""
        form = ["ps", "--all", "--filter", filter_word, "--format", "{{.Names}}"]
        return self.run(form).split()

    def has_image(self, name):
        """:returns: bool"""
        return bool(self.run(["images", "--quiet", name]).strip())

    def stop(self):
        """Nothing to stop: others started it."""


class OwnEngine(Engine):
    """A dockerd of the lab's own, with its own socket and data; `stop()` ends it and removes both.

    :param apart: bool, in a network namespace of its own, without the world; needed beside
        another engine
    :param options: list of str, dockerd's

    .pid (of dockerd)
    """

    def __init__(self, apart=False, options=()):
        self.directory = process.directory("engine")
        socket = self._path("docker.sock")
        Engine.__init__(self, ["docker", "-H", "unix://" + socket], socket)
        self._before = ["unshare", "--net"] if apart else []
        self._options = list(options)
        self.start()

    def start(self):
        """Once more, after `kill()` or `end()`."""
        words = self._before + self._words() + self._options
        self._child = process.Child(words, self._path("dockerd.log"))
        self._child.wait_for(lambda: answers(self.command), READY_SECONDS, "dockerd")
        self.pid = self._child.pid

    def kill(self):
        """With -9. Its containerd dies of that, and is reaped, as a machine's init would do: a zombie looks
        alive to the next dockerd, which would wait for it."""
        below = process.children(self.pid)
        _adopt_orphans(True)
        try:
            self._child.signal(signal.SIGKILL)
            self._child.stop()
            for pid in below:
                if process.command_name(pid) == "containerd":
                    os.waitpid(pid, 0)
        finally:
            _adopt_orphans(False)

    def end(self):
        """As an administrator does."""
        self._child.stop(seconds=30)

    def _path(self, name):
        return os.path.join(self.directory, name)

    def _words(self):
        words = ["dockerd", "--host", "unix://" + self.socket, "--pidfile", self._path("pid")]
        return words + ["--data-root", self._path("data"), "--exec-root", self._path("exec")]

    def stop(self):
        containers = self.run(["ps", "--all", "--quiet"]).split()
        if containers:
            self.run(["rm", "--force"] + containers)
        self._child.stop(seconds=30)
        process.remove(self.directory)


def _adopt_orphans(whether):
    """prctl(2), PR_SET_CHILD_SUBREAPER, of this process."""
    ctypes.CDLL(None).prctl(36, int(whether), 0, 0, 0)


def answers(command):
    """:returns: bool, the engine behind the command (list of str) is there and usable"""
    with open(os.devnull, "r+") as nothing:
        try:
            words = list(command) + ["info", "--format", "{{.ServerVersion}}"]
            return subprocess.call(words, stdout=nothing, stderr=nothing) == 0
        except OSError:
            return False


def named():
    """:returns: list of str, the engine command named by TRISTAN_LAB_ENGINE, or ["docker"]"""
    return os.environ.get("TRISTAN_LAB_ENGINE", "docker").split()


def find_or_start():
    """Use the engine that answers; start one only where none does.

    :returns: Engine; call its `stop()` in the end
    :raises LabError: none runs and none can be started
    """
    command = named()
    if answers(command):
        return Engine(command, socket_of(command))
    return OwnEngine()


def socket_of(command):
    """:returns: str, path of the socket that an engine command (list of str) talks to"""
    for word in command:
        if word.startswith("unix://"):
            return word[len("unix://") :]
    return DEFAULT_SOCKET
