"""What the rows about logs and files share: a machine, builds there that write them, where these lie.

In: a lab. Out: Source; the rows' contenders read what its builds have made.
"""

import json
import multiprocessing.pool
import os

from benchmarks import row as rows
from benchmarks.workers.sink import Silent
from controller import service, settings
from controller.state import State
from tests.lab import process

CONFIGURATION = """
git_servers:
  main: {{address: "http://127.0.0.1:{port}"}}
build_profiles:
  script:
    isolation: host
    language: python
    compile_to_execute: 'eval "$SCRIPT"'
    artifacts: ["*.bin"]
    limits: {{log: 100m}}
projects:
  script: {{repository: group/script, build_profile: script}}
"""

LINE = "a line of a log that has some eighty characters, as lines of logs often have them"

MASTER = "by hand, ControlMaster"

ENDED = ("success", "failed", "error", "timeout", "cancelled", "lost")


class Source(object):
    """.operator: labs.Operator. .master: labs.Master."""

    def __init__(self, lab):
        self._lab = lab
        self._sshd = lab.sshd()
        lab.repositories.create("group/script").commit({"README": "a script\n"})
        text = CONFIGURATION.format(port=lab.git_over_http().port)
        self.operator = lab.operator(text, {"builder-1": self._sshd})
        self.master = lab.master(self._sshd)

    def made(self, script):
        """A build that has run a script. :returns: (its id, path of its directory on the machine)."""
        return self._started(script, "build")

    def sleeping(self):
        """The same of a build that goes on until the lab ends."""
        found = self._started("echo begun; sleep 3600", "build", "--detach")
        self._lab.callback(self._end, found[0])
        return found

    def path(self, *names):
        """A path on the machine that anybody may read."""
        return os.path.join(self._sshd.home, *names)

    def tristan(self, name, program, *words):
        """A contender that is Tristan."""
        command = rows.worker(program, *words)
        return rows.Contender(name, rows.TRISTAN, command, self.operator.environment())

    def _started(self, script, *words):
        before = set(self._directories())
        more = ("script", "--branch", "main", "--param", "SCRIPT=" + script)
        self.operator.run(*words + more)
        process.wait_until(lambda: set(self._directories()) - before, 20, "a build's directory")
        (found,) = set(self._directories()) - before
        return os.path.basename(os.path.dirname(found)), found

    def _directories(self):
        """Paths of the first attempts of all builds on the machine."""
        run = os.path.join(self._sshd.root, "1", "run")
        if not os.path.isdir(run):
            return []
        builds = [os.path.join(run, executor, "builds") for executor in os.listdir(run)]
        return [os.path.join(path, name, "1") for path in builds for name in os.listdir(path)]

    def _end(self, build_id):
        """Ends a build, and waits for that: nothing of it may outlive the machine."""
        self.operator.run("cancel", build_id)
        process.wait_until(lambda: self._state(build_id) in ENDED, 60, "the end of a build")

    def _state(self, build_id):
        return json.loads(self.operator.run("status", build_id, "--json"))["state"]


def log_of(size):
    """Text of a script that writes a log of so many bytes."""
    return 'yes "%s" | head -c %d' % (LINE, size)


def file_of(name, size):
    """Text of a script that makes a file of so many bytes, none of which can be guessed."""
    return "head -c %d /dev/urandom >%s" % (size, name)


class Fleet(object):
    """Many machines that have run one build each. .operator: labs.Operator. .roots: {machine name: path of its root}.
    .models: {machine name: id of its build}.
    """

    def __init__(self, lab, machines, executors):
        sshds = {"builder-%02d" % number: lab.sshd() for number in range(machines)}
        lab.repositories.create("group/script").commit({"README": "a script\n"})
        text = CONFIGURATION.format(port=lab.git_over_http().port)
        self.operator = lab.operator(text, sshds, executors)
        self.roots = {name: sshd.root for name, sshd in sshds.items()}
        self._controller = service.Controller(
            settings.load(self.operator.configuration), State(self.operator.state)
        )
        lab.callback(self._controller.close)
        with multiprocessing.pool.ThreadPool(4) as pool:
            self.models = dict(zip(sshds, pool.map(self._build, sshds)))

    def tristan(self, name, program, *words):
        """A contender that is Tristan."""
        command = rows.worker(program, *words)
        return rows.Contender(name, rows.TRISTAN, command, self.operator.environment())

    def _build(self, machine):
        """:returns: id of a build that has ended on a machine."""
        chosen = {"branch": "main", "machine": machine, "params": [("SCRIPT", "true")]}
        launched = self._controller.build(self._controller.plan("script", **chosen))
        status = self._controller.watch(launched.build_id, Silent())
        if status["state"] != "success":
            raise process.LabError("a build on %s: %s" % (machine, status["message"]))
        return launched.build_id
