"""A Buildbot of the benchmark's own: a master with its REST interface on loopback, and workers on this machine.

In: a lab, how many workers, the steps of their builder as source text. Out: a Buildbot; its `url` is what workers in
benchmarks/workers ask, over REST and server-sent events, as the master's documentation has it.
"""

import http.client
import json
import os
import urllib.request

from tests.lab import process

BUILDER = "build"
PASSWORD = "between the two of them"

CONFIGURATION = """
from buildbot.plugins import schedulers, steps, util, worker

names = ["worker-%d" % number for number in range({workers})]
factory = util.BuildFactory([{steps}])
c = BuildmasterConfig = {{
    "workers": [worker.Worker(name, {password!r}, max_builds=1) for name in names],
    "protocols": {{"pb": {{"port": "tcp:{worker_port}:interface=127.0.0.1"}}}},
    "builders": [util.BuilderConfig(name={builder!r}, workernames=names, factory=factory)],
    "schedulers": [schedulers.ForceScheduler(name="force", builderNames=[{builder!r}])],
    "www": {{"port": "tcp:{port}:interface=127.0.0.1", "plugins": {{}}}},
    "title": "benchmark",
    "titleURL": "http://127.0.0.1:{port}/",
    "buildbotURL": "http://127.0.0.1:{port}/",
    "db": {{"db_url": "sqlite:///state.sqlite"}},
    # Every request is a build of its own; nothing is told to the project.
    "collapseRequests": False,
    "buildbotNetUsageData": None,
}}
"""

START_SECONDS = 60


class Buildbot(object):
    """.url: text. .pids: of the master and its workers. `stop()` ends them.

    :param steps: text, Python expressions that give the builder's steps.
    :raises peers.Unavailable: it can't be installed.
    """

    def __init__(self, lab, steps, workers=1):
        self._programs = os.path.join(lab.venv("buildbot"), "bin")
        self._lab = lab
        self._children = []
        port, worker_port = process.free_port(), process.free_port()
        self.url = "http://127.0.0.1:%d" % port
        try:
            self._start_master(steps, workers, port, worker_port)
            for number in range(workers):
                self._start_worker("worker-%d" % number, worker_port)
            process.wait_until(lambda: self._connected() == workers, START_SECONDS, "Buildbot")
        except BaseException:
            self.stop()
            raise

    @property
    def pids(self):
        return [child.pid for child in self._children]

    def stop(self):
        for child in reversed(self._children):
            child.stop()

    def _start_master(self, steps, workers, port, worker_port):
        directory = self._lab.path("buildbot-%d" % port)
        self._run("buildbot", "create-master", "--quiet", directory)
        text = CONFIGURATION.format(
            steps=steps,
            workers=workers,
            port=port,
            worker_port=worker_port,
            builder=BUILDER,
            password=PASSWORD,
        )
        with open(os.path.join(directory, "master.cfg"), "w") as target:
            target.write(text)
        self._start("buildbot", directory)
        process.wait_until(lambda: self._connected() == 0, START_SECONDS, "Buildbot's master")

    def _start_worker(self, name, port):
        directory = self._lab.path("buildbot-%d-%s" % (port, name))
        words = ["create-worker", "--quiet", directory, "127.0.0.1:%d" % port, name, PASSWORD]
        self._run("buildbot-worker", *words)
        self._start("buildbot-worker", directory)

    def _start(self, program, directory):
        words = [os.path.join(self._programs, program), "start", "--nodaemon", directory]
        self._children.append(process.Child(words, directory + ".log"))

    def _run(self, program, *words):
        process.output([os.path.join(self._programs, program)] + list(words))

    def _connected(self):
        """How many workers the master has, None while it does not answer."""
        try:
            with urllib.request.urlopen(self.url + "/api/v2/workers", timeout=5) as answer:
                workers = json.load(answer)["workers"]
        except (OSError, http.client.HTTPException):
            return None
        return sum(bool(worker["connected_to"]) for worker in workers)


def git_step(address):
    """Text of a step that brings a branch's newest commit: fetched, and exactly that."""
    form = 'steps.Git(repourl=%r, branch="main", mode="full", method="clean", alwaysUseLatest=True)'
    return form % address


def command_step(words):
    return "steps.ShellCommand(command=%r)" % (words,)


def lines_step(lines, pause):
    """Text of a step that prints so many lines, each the time of its writing, `pause` seconds apart."""
    program = (
        "import time\nfor _ in range(%d):\n    print(time.time(), flush=True)\n    time.sleep(%r)"
    )
    return command_step(["python3", "-c", program % (lines, pause)])
