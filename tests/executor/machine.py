"""A machine to test the executor side on: a release in a root of its own, driven as a controller would,
but without SSH: the real startup.py and verbs, run by the Python that runs the tests.
"""

from __future__ import absolute_import, print_function

import json
import os
import shutil
import subprocess
import time
import uuid

from business_hyper_fusion import compat, lock
from business_hyper_fusion.grammar import git
from business_hyper_fusion.layout import Business
from tests.lab import process, python

REPOSITORY = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
HASH = "a" * 64
PATIENCE = 240
"""Seconds after which what has not happened is taken to hang."""

FIVE = {
    "memory": "",
    "cpus": "",
    "pids": 4096,
    "log_bytes": 64 * 1024 * 1024,
    "keep_failed_seconds": 0,
    "stall_seconds": 60,
}
DISK = {"builds": 50, "history_bytes": 10 << 30, "cache_bytes": 20 << 30, "keep_free_bytes": 0}
RECIPE = "FROM %s\nUSER root\nARG TRISTAN_UID\nARG TRISTAN_GID\nRUN mkdir -p /tristan\n"


def engine_of(command, kind="docker", selinux="", run_options=()):
    """:returns: the request's ``engine``."""
    found = {"kind": kind, "command": list(command), "selinux": selinux}
    return dict(found, run_options=list(run_options))


def podman_engine(podman, **values):
    """:param podman: tests.lab.podman.Podman. :returns: the request's ``engine``."""
    return engine_of(podman.command, "podman", run_options=podman.run_options, **values)


PREPARED = """
import sys
sys.path.insert(0, sys.argv[1])
exec(sys.argv[2])
from business_hyper_fusion import layout, watch
watch.main(layout.Business.of_release(sys.argv[1]))
"""
"""The verb ``watch`` after something else."""


class Machine(object):
    """:param engine: the engine's words for isolation ``docker``.
    :param interpreter: path of the machine's Python; this one's by default.
    """

    def __init__(self, engine=("docker",), image="", root=None, interpreter=None):
        self._interpreter = interpreter or python.interpreter()
        self.before = []  # words before each command
        self.root = root or process.directory("machine")
        self.engine = list(engine)
        self.image = image
        self.disk = dict(DISK)
        self.business = Business(os.path.join(self.root, "1"))
        self.release = os.path.join(self.business.releases, HASH)
        self._count = 0
        self._push()

    def _push(self):
        def nothing_compiled(directory, names):
            return [name for name in names if name == "__pycache__" or name.endswith(".pyc")]

        os.makedirs(self.release)
        shutil.copy(os.path.join(REPOSITORY, "startup.py"), self.release)
        package = "business_hyper_fusion"
        source, target = os.path.join(REPOSITORY, package), os.path.join(self.release, package)
        shutil.copytree(source, target, ignore=nothing_compiled)
        self.configure_git_server({})

    def configure_git_server(self, servers):
        compat.make_directories(os.path.join(self.release, "data_data"))
        with open(os.path.join(self.release, "data_data", "git_server.json"), "w") as file:
            json.dump({"git_servers": servers}, file)

    def request(self, address, script=None, isolation="host", **changes):
        """:returns: a request document; with isolation ``host`` unless it says otherwise."""
        self._count += 1
        _, host, path = git.parse_repository(address)
        image = {"name": "", "recipe": "", "id": ""}
        if isolation == "docker":
            image = {"name": self.image, "recipe": RECIPE % self.image, "id": ""}
        document = {
            "protocol": 1,
            # Unique on this machine: processes and containers of other test runs are found by it, too.
            "build_id": "20261121T0655%05d-%s" % (self._count, uuid.uuid4().hex[:8]),
            "attempt": 1,
            "business_id": "1",
            "executor_id": "1",
            "machine": "lab",
            "release": HASH,
            "requested_at": "2026-11-21T06:55:12.123Z",
            "requested_by": "lab",
            "project": {"name": "shop", "language": "python", "module_path": ""},
            "repository": {"address": address, "host": host, "path": path, "git_server": ""},
            "ref": {"kind": "branch", "name": "main", "commit": ""},
            "checkout": {"submodules": False, "lfs": False, "git_directory": False},
            "tree": None,
            "isolation": isolation,
            "engine": engine_of(self.engine),
            "image": image,
            "scripts": {
                "compile_to_execute.sh": script
                or '#!/bin/sh\nexec sh "$TRISTAN_BUILD/build_project.sh"\n'
            },
            "publish": None,
            "cache": {"scope": "project"},
            "proxy": {"address": "", "no_proxy": ""},
            "ca": "",
            "environment": {},
            "artifacts": [],
            "limits": dict(FIVE, soft_seconds=3540, hard_seconds=3600),
            "disk": dict(self.disk),
            "network": "none",
        }
        document.update(changes)
        return document

    def waiting(self):
        """:returns: (text of a script on the host that waits, callable that lets it go on)."""
        go = os.path.join(self.root, "go")
        # a test that fails lets nothing go on, but removes the root
        script = "while [ -d '%s' ] && [ ! -e '%s' ]; do sleep 0.05; done" % (self.root, go)
        return script, lambda: open(go, "w").close()

    def begin_limits_late(self):
        """Have this machine's release count limits from when a build's script says so, however long what comes before
        takes. :returns: path of the file that the script makes.
        """
        begun = os.path.join(self.root, "limits_begin")
        path = os.path.join(self.release, "business_hyper_fusion", "control.py")
        with open(path) as file:
            text = file.read()
        counted = "        return compat.monotonic() - self._begun\n"
        assert counted in text
        late = "        if not os.path.exists(%r):\n            self._begun = compat.monotonic()\n"
        with open(path, "w") as file:
            file.write(text.replace(counted, late % begun + counted))
        return begun

    def limits(self, **changes):
        return dict(dict(FIVE, soft_seconds=3540, hard_seconds=3600), **changes)

    def launch(self, request, secrets=None):
        """:returns: the answer of the real startup.py."""
        document = json.dumps({"request": request, "secrets": secrets or {}})
        return json.loads(self.startup(request["executor_id"], document))

    def startup(self, executor_id, stdin):
        words = [os.path.join(self.release, "startup.py"), executor_id]
        return self._python(words, compat.to_bytes(stdin))

    def start_startup(self, request, watch, behind=""):
        """:param behind: text for stdin behind the launch document. :returns: the process of startup.py."""
        words = [os.path.join(self.release, "startup.py"), request["executor_id"]]
        document = {"request": request, "secrets": {}, "watch": watch}
        started = subprocess.Popen(
            [self._interpreter, "-E", "-S", "-B"] + words,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        started.stdin.write(compat.to_bytes(json.dumps(document) + "\n" + behind))
        started.stdin.flush()
        return started

    def ask(self, verb, question):
        """:returns: the answer of a verb."""
        return self.converse(verb, json.dumps(question))[0]

    def converse(self, verb, said):
        """:param said: text or bytes for stdin. :returns: list of the verb's answers."""
        words = [os.path.join(self.release, "business_hyper_fusion"), verb]
        return [
            json.loads(line) for line in self._python(words, compat.to_bytes(said)).splitlines()
        ]

    def start_watch(self, first=None):
        """:param first: Python code to run before. :returns: the process of the verb ``watch``."""
        words = [os.path.join(self.release, "business_hyper_fusion"), "watch"]
        if first:
            words = ["-c", PREPARED] + [self.release, first]
        words = [self._interpreter, "-E", "-S", "-B"] + words
        return subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def _python(self, words, stdin):
        child = subprocess.Popen(
            self.before + [self._interpreter, "-E", "-S", "-B"] + words,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        output, errors = child.communicate(stdin)
        assert not errors, compat.to_native(errors)
        return compat.to_native(output)

    def attempt(self, request):
        executor = self.business.executor(request["executor_id"])
        return executor.attempt(request["build_id"], request["attempt"])

    def status(self, request):
        with open(self.attempt(request).status) as file:
            return compat.native(json.load(file))

    def wait(self, request, seconds=PATIENCE):
        """:returns: the status once it is terminal."""
        return self.wait_until(lambda: self._ended(request), seconds)

    def _ended(self, request):
        status = self.status(request)
        return status if status["state"] != "running" else None

    def wait_until(self, happened, seconds=PATIENCE):
        """:returns: what ``happened`` returns once that is true."""
        deadline = time.time() + seconds
        while time.time() < deadline:
            found = happened()
            if found:
                return found
            time.sleep(0.02)
        raise AssertionError("did not happen within %d s" % seconds)

    def run(self, request, secrets=None):
        """Launch, once the last build has let go of its executor, and wait. :returns: the terminal status."""
        executor = self.business.executor(request["executor_id"])
        self.wait_until(lambda: not lock.held(executor.lock))
        answer = self.launch(request, secrets)
        assert answer["answer"] == "started", answer
        return self.wait(request)

    def log(self, request):
        with open(self.attempt(request).log, "rb") as file:
            return compat.to_native(file.read())

    def wait_for_log(self, request, text):
        return self.wait_until(lambda: text in self.log(request))

    def remove(self):
        """Free once every executor is free: the guardian may be a moment behind the status."""
        process.remove(self.root)


def phase(status, name):
    """:returns: a phase of a status."""
    return next(found for found in status["phases"] if found["name"] == name)
