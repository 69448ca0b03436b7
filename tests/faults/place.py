"""An operator whose machine builds without a container, so that fifty builds take no long time.

In: the lab's parts, options of the machine's sshd. Out: the command `tristan`, or a Controller in this process; both
have the same settings and the same state.
"""

from __future__ import absolute_import, print_function, unicode_literals

import io
import os
import re

from controller import service, settings
from controller.state import State
from tests.end_to_end.operator import Operator

CONFIGURATION = """
machines:
  builder-1:
    host: 127.0.0.1
    port: {port}
    username: {username}
    key_file: {key}
    root: {root}
    python: {python}
    executors: {executors}
    lost_after: {lost_after}
    isolation: [host]
    engine: {{kind: docker, command: [{engine}]}}
git_servers:
  main: {{address: "http://127.0.0.1:{git_port}"}}
build_profiles:
  script: {{isolation: host, language: python, compile_to_execute: 'eval "$SCRIPT"'}}
projects:
  script: {{repository: group/shop, build_profile: script}}
"""


class Place(Operator):
    """:param options: dict, lines of the machine's sshd_config. :param executors: int."""

    lost_after = "3m"

    def __init__(self, engine, python, options=None, executors=2):
        self._controllers = []
        self._options = options
        super(Place, self).__init__(
            engine, executors=executors, python=python, machine={"options": options or {}}
        )
        self.enroll()

    def configure(self, **chosen):
        super(Place, self).configure(python_image="none", nodejs_image="none", **chosen)
        with io.open(self.configuration, "w", encoding="utf-8") as target:
            target.write(CONFIGURATION.format(lost_after=self.lost_after, **self._values))

    def controller(self):
        """A Controller in this process, with connections of its own."""
        state = State(os.path.join(self.environment()["XDG_STATE_HOME"], "tristan"))
        self._controllers.append(service.Controller(settings.load(self.configuration), state))
        return self._controllers[-1]

    def calls(self):
        """:returns: (int, how many logins the machine's sshd has let in; int, how many calls it hung up on)."""
        with io.open(self.sshd.log, encoding="utf-8", errors="replace") as log:
            text = log.read()
        return len(re.findall("Accepted publickey", text)), len(
            re.findall("(?i)drop connection", text)
        )

    def stop(self):
        for controller in self._controllers:
            controller.close()
        super(Place, self).stop()
