"""Machines by the dozen and operators of theirs, quickly made: for what is measured at several sizes.

In: a lab. Out: Machine, Operator.

A machine is a root on one of the lab's sshds, so that fifty of them need no fifty daemons; each is a connection of its
own to Tristan. Its scripts come by a copy of another machine's, and an operator's facts and pins are written down, as
they are after a first build.
"""

import os
import shutil
import subprocess
import sys
import time

from benchmarks.lab import MACHINE_PYTHON
from benchmarks.workers.sink import Silent
from controller import service, settings, state
from tests.lab import process

DEMO = os.path.join(os.path.dirname(os.path.abspath(process.__file__)), "..", "..", "demo", "shop")

MACHINE = """  {name}:
    host: 127.0.0.1
    port: {sshd.port}
    username: {sshd.username}
    key_file: {sshd.client_key}
    root: {root}
    python: {python}
    executors: {executors}
    isolation: [host]
"""

REST = """git_servers:
  main: {{address: "http://127.0.0.1:{port}"}}
build_profiles:
  script:
    isolation: host
    language: python
    compile_to_execute: 'eval "$SCRIPT"'
    limits: {{log: 256m}}
    secrets: {{TOKEN: {{env: TRISTAN_BENCH_TOKEN}}}}
projects:
  script: {{repository: group/shop, build_profile: script}}
"""

DETACHED = ("build", "script", "--branch", "main", "--param", "SCRIPT=true", "--detach")

SECRET = "f2c9-a-token-of-the-benchmark's"


class Machine(object):
    """.sshd .root .executors"""

    def __init__(self, sshd, name, executors=2):
        self.sshd = sshd
        self.executors = executors
        self.root = os.path.join(sshd.root, name)
        os.mkdir(self.root)
        own = os.stat(sshd.root)
        os.chown(self.root, own.st_uid, own.st_gid)

    def copy_scripts(self, other):
        """What another machine got by a first build is here as well."""
        subprocess.check_call(["cp", "-a", os.path.join(other.root, "1"), self.root])
        shutil.rmtree(os.path.join(self.root, "1", "run"))

    def executor(self, executor_id="1"):
        """Path of an executor's directory."""
        return os.path.join(self.root, "1", "run", executor_id)


class Server(object):
    """The repository group/shop over http. .port"""

    def __init__(self, lab):
        lab.repositories.create("group/shop").commit_tree(DEMO)
        self.port = lab.git_over_http().port


class Operator(object):
    """A home with a tristan.yml of these machines: m-1, m-2 ... :param machines: list of Machine."""

    def __init__(self, lab, server, machines):
        self.home = lab.path("site-%d" % len(os.listdir(lab.directory)))
        self.state = os.path.join(self.home, "state", "tristan")
        os.makedirs(self.state)
        self.configuration = os.path.join(self.home, "tristan.yml")
        self.machines = machines
        os.environ["TRISTAN_BENCH_TOKEN"] = SECRET
        with open(self.configuration, "w") as target:
            target.write("machines:\n" + "".join(self._entries()) + REST.format(port=server.port))
        with open(os.path.join(self.state, "known_hosts"), "w") as target:
            target.write("".join(sorted({one.sshd.known_hosts_line + "\n" for one in machines})))
        self.controller = self._controller()
        lab.callback(self.controller.close)

    def _entries(self):
        for number, machine in enumerate(self.machines):
            given = dict(name="m-%d" % (number + 1), sshd=machine.sshd, root=machine.root)
            yield MACHINE.format(python=MACHINE_PYTHON, executors=machine.executors, **given)

    def _controller(self):
        remembered = state.State(self.state, on_note=complain)
        return service.Controller(settings.load(self.configuration), remembered)

    def learn(self, other):
        """The facts that another operator has of its first machine are true of all of these."""
        known = other.controller.state.machine("m-1")
        for number in range(len(self.machines)):
            self.controller.state.remember("m-%d" % (number + 1), **known)

    def launch(self, script="true", machine=None, **options):
        """:returns: launch.LaunchedBuild."""
        chosen = {"branch": "main", "params": [("SCRIPT", script)], "machine": machine}
        return self.controller.build(self.controller.plan("script", **chosen), **options)

    def finish(self, launched):
        """Waits for the build's end. :returns: dict, its status."""
        status = self.controller.watch(launched.build_id, Silent())
        if status["state"] != "success":
            raise process.LabError(
                "a build ended with %s: %s" % (status["state"], status["message"])
            )
        return status

    def rest(self):
        """Until none of this operator's builds runs on its first machine."""
        while any(one["state"] == "running" for one in self.controller.status(machine="m-1")):
            time.sleep(0.05)

    def start(self, *words, **options):
        """The command line. :returns: subprocess.Popen."""
        tristan = os.path.join(os.path.dirname(sys.executable), "tristan")
        environment = dict(
            os.environ,
            HOME=self.home,
            XDG_STATE_HOME=os.path.dirname(self.state),
            TRISTAN_CONFIG=self.configuration,
            SSH_AUTH_SOCK="",
            LC_ALL="C.UTF-8",
        )
        return subprocess.Popen(
            [tristan] + list(words),
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=options.get("stdout", subprocess.DEVNULL),
            stderr=subprocess.PIPE,
        )

    def run(self, *words):
        """:returns: seconds that the command took. :raises process.LabError: it failed."""
        begun = time.monotonic()
        child = self.start(*words)
        _, complaint = child.communicate()
        if child.returncode:
            raise process.LabError(complaint.decode("utf-8", "replace"))
        return time.monotonic() - begun


def complain(text):
    raise process.LabError(text)
