"""A machine behind a real sshd for the controller to work with: the login `builder`, real executors, real git."""

from __future__ import absolute_import, print_function, unicode_literals

import io
import os

from controller import service, settings
from controller.state import State
from tests.lab import process
from tests.lab.python import interpreter

MACHINE = """machines:
  builder-1:
    host: {sshd.host}
    port: {sshd.port}
    username: {sshd.username}
    key_file: {sshd.client_key}
    root: {sshd.root}
    python: {python}
    isolation: [host]
build_profiles:
  script:
    isolation: host
    language: python
    compile_to_execute: |
{script}
projects:
  shop: {{repository: "{address}", build_profile: script}}
"""


class SshWorkshop(object):
    """:param sshd: tests.lab.sshd.Sshd. :param address: of the repository of the project `shop`."""

    def __init__(self, sshd, address):
        self.sshd = sshd
        self.directory = process.directory("workshop")
        self._address = address
        self._controllers = []

    def controller(self, script="echo built"):
        """A controller that knows the machine's host key."""
        lines = "".join("      %s\n" % line for line in script.splitlines())
        path = os.path.join(self.directory, "tristan.yml")
        with io.open(path, "w") as opened:
            opened.write(
                MACHINE.format(
                    sshd=self.sshd, python=interpreter(), script=lines, address=self._address
                )
            )
        state = State(os.path.join(self.directory, "state"))
        made = service.Controller(settings.load(path), state)
        made.enroll("builder-1", self.sshd.fingerprint)
        self._controllers.append(made)
        return made

    def remove(self):
        for controller in self._controllers:
            controller.close()
        process.remove(self.directory)
