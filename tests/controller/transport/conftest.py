"""A machine behind a real sshd, a home of the operator's own, connections that are closed."""

from __future__ import absolute_import, print_function, unicode_literals

import collections
import io
import os
import socket
import subprocess

import pytest

from controller import transport
from controller.secrets import SecretReference
from tests.lab import process
from tests.lab.sshd import Sshd

Machine = collections.namedtuple(
    "Machine", "name host port username key_file password jump_hosts python"
)


def listens(path):
    """Whether somebody takes calls at a socket; it is there a moment before that."""
    caller = socket.socket(socket.AF_UNIX)
    try:
        caller.connect(path)
        return True
    except EnvironmentError:
        return False
    finally:
        caller.close()


class Operator(object):
    """An operator's side: HOME with .ssh, Tristan's known_hosts.

    .home .known_hosts (paths)
    """

    def __init__(self, monkeypatch):
        self.home = process.directory("operator")
        self.known_hosts = os.path.join(self.home, "known_hosts")
        self.connections = []
        os.mkdir(os.path.join(self.home, ".ssh"), 0o700)
        monkeypatch.setenv(str("HOME"), str(self.home))
        monkeypatch.delenv(str("SSH_AUTH_SOCK"), raising=False)
        self._monkeypatch = monkeypatch

    def write(self, name, text, mode=0o600):
        """:param name: path below HOME. :returns: its path."""
        path = os.path.join(self.home, name)
        with io.open(path, "w", encoding="utf-8") as opened:
            opened.write(text)
        os.chmod(path, mode)
        return path

    def know(self, *sshds):
        """Pins the host keys of these sshd in Tristan's own known_hosts."""
        self.write("known_hosts", "".join(one.known_hosts_line + "\n" for one in sshds))

    def know_key(self, sshd, path):
        """Pins the key of a file for an sshd. :param path: of the private key."""
        with io.open(path + ".pub", encoding="utf-8") as public:
            key = " ".join(public.read().split()[:2])
        self.write("known_hosts", "[%s]:%d %s\n" % (sshd.host, sshd.port, key))

    def connect(self, machine, timeout=15.0):
        connection = transport.connect(machine, self.known_hosts, timeout=timeout)
        self.connections.append(connection)
        return connection

    def secret(self, text):
        """A reference to a password."""
        return SecretReference("file", self.write("secret", text + "\n"))

    def key(self, name, *options):
        """Makes a key pair. :param options: ssh-keygen's. :returns: path of the private key."""
        path = os.path.join(self.home, name)
        words = ["ssh-keygen", "-q", "-f", path] + list(options)
        process.output(words + ([] if "-N" in options else ["-N", ""]))
        return path

    def agent(self, *keys):
        """An ssh-agent that holds keys."""
        path = os.path.join(self.home, "agent")
        self._agent = subprocess.Popen(
            ["ssh-agent", "-D", "-a", path], stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        process.wait_until(lambda: listens(path), 60, "ssh-agent")
        self._monkeypatch.setenv(str("SSH_AUTH_SOCK"), str(path))
        for key in keys:
            process.output(["ssh-add", "-q", key])

    def remove(self):
        for connection in self.connections:
            connection.close()
        if hasattr(self, "_agent"):
            self._agent.terminate()
            self._agent.communicate()
        process.remove(self.home)


@pytest.fixture(scope="module")
def sshd():
    """A plain lab sshd that a module's tests share: starting one for each takes most of the time."""
    with Sshd() as made:
        yield made


@pytest.fixture
def operator(monkeypatch):
    made = Operator(monkeypatch)
    yield made
    made.remove()


@pytest.fixture
def machine_of():
    """Function (sshd, **changes) -> Machine that logs in there with the lab's key."""

    def make(sshd, **changes):
        made = Machine(
            "builder-1", sshd.host, sshd.port, sshd.username, sshd.client_key, None, (), None
        )
        return made._replace(**changes)

    return make


@pytest.fixture
def connection(sshd, operator, machine_of):
    """A transport to a plain sshd."""
    operator.know(sshd)
    return operator.connect(machine_of(sshd))
