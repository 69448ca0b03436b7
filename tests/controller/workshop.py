"""Machines on this host for the controller to work with: real executors, real git, no SSH.

In: a number of machines and executors. Out: tristan.yml, a Controller whose connections are
    LocalTransports, and
what each machine was asked.
"""

from __future__ import absolute_import, print_function, unicode_literals

import io
import os

from business_hyper_fusion import lock
from controller import service, settings
from controller.state import State
from tests.controller.local_transport import LocalTransport
from tests.lab import process
from tests.lab.python import interpreter

MACHINE = """  {name}:
    root: {root}
    python: {python}
    executors: {executors}
    isolation: [host]
    labels: [{name}]
    disk: {{keep_free: {keep_free}}}
"""
REST = """build_profiles:
  script:
    isolation: host
    language: python
    compile_to_execute: |
{script}
projects:
  shop: {{repository: "{address}", build_profile: script{project}}}
"""


class Workshop(object):
    """:param address: of the repository that the project `shop` is built from. :param shop: that Repository."""

    def __init__(self, address, shop=None):
        self.shop = shop
        self.directory = process.directory("workshop")
        self.address = address
        self.transports = {}
        self.notes = []
        self.full = ()
        """Names of machines that have no room for builds."""
        self.connections = []

    @property
    def hold(self):
        """A script that lasts until release(), or until the workshop is gone."""
        wait = 'while [ -d "{0}" ] && [ ! -e "{0}/go" ]; do sleep 0.05; done\necho released'
        return wait.format(self.directory)

    def release(self):
        io.open(os.path.join(self.directory, "go"), "w").close()

    def controller(self, script="echo built", machines=("builder-1",), executors=1, project=""):
        """A controller with its own connections; all of one workshop share the state."""
        loaded = settings.load(self.write(script, machines, executors, project))
        state = State(os.path.join(self.directory, "state"), self.notes.append)
        return service.Controller(loaded, state, connect=self._connect)

    def write(self, script, machines, executors, project=""):
        """tristan.yml. :param project: another key of the project's. :returns: its path."""
        lines = "".join("      %s\n" % line for line in script.splitlines())
        text = "machines:\n" + "".join(
            MACHINE.format(
                name=name,
                root=self.root(name),
                python=interpreter(),
                executors=executors,
                keep_free="90000g" if name in self.full else "1m",
            )
            for name in machines
        )
        more = ", " + project if project else ""
        text += REST.format(script=lines, address=self.address, project=more)
        path = os.path.join(self.directory, "tristan.yml")
        with io.open(path, "w") as opened:
            opened.write(text)
        return path

    def root(self, name):
        return os.path.join(self.directory, name)

    def wait_until_free(self, launched):
        """Until an executor could take another build: it lets go a moment after the end of the last one is there."""
        path = os.path.join(self.root(launched.machine), "1/run", launched.executor_id, "lock")
        process.wait_until(lambda: not lock.held(path), 60, "the executor")

    def use(self, name, transport):
        """What the next connection to a machine is: a transport, or an error to raise."""
        self.transports.setdefault(name, []).append(transport)

    def _connect(self, machine):
        waiting = self.transports.get(machine.name)
        made = waiting.pop(0) if waiting else LocalTransport()
        if isinstance(made, Exception):
            raise made
        self.connections.append((machine.name, made))
        return made

    def commands(self, name):
        """Every command run on a machine, in order."""
        return [
            command
            for machine, transport in self.connections
            if machine == name
            for command in transport.commands
        ]

    def remove(self):
        for _, transport in self.connections:
            transport.close()
        process.remove(self.directory)


class Sink(object):
    """Keeps what a watched build shows."""

    def __init__(self):
        self.data = b""
        self.offsets = []
        self.statuses = []
        self.notes = []

    def log(self, data, offset):
        self.offsets.append(offset)
        self.data += data

    def status(self, status):
        self.statuses.append(status)

    def note(self, text):
        self.notes.append(text)
