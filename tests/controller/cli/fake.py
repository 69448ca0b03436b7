"""A controller for the command line alone: service.Controller's methods, a script for machines."""

from __future__ import absolute_import, print_function, unicode_literals

import collections
import threading
import time

from controller import errors

BUILD_ID = "20261121T065512123-9c1e4f2a"

Launched = collections.namedtuple("Launched", "build_id attempt machine executor_id")
Plan = collections.namedtuple("Plan", "build_id")
Enrolled = collections.namedtuple("Enrolled", "fingerprint key_type already")
Check = collections.namedtuple("Check", "name state detail remedy")
Machine = collections.namedtuple("Machine", "name root")


class Settings(object):
    path = "tristan.yml"
    machines = collections.OrderedDict(
        (name, Machine(name, "/data/tristan")) for name in ("builder-1", "builder-2")
    )
    git_servers = {"main": None}
    docker_registries = {}
    build_profiles = {"wheel": None}
    projects = {"shop": None, "shelf": None}


def phase(name, state, **fields):
    found = dict.fromkeys(
        ("exit", "wall_seconds", "cpu_seconds", "peak_memory_bytes", "read_bytes", "written_bytes")
    )
    found.update(fields, name=name, state=state)
    return found


def status(state="success", **fields):
    """A status document as a machine writes it."""
    found = {
        "build_id": BUILD_ID,
        "attempt": 1,
        "executor_id": "1",
        "machine": "builder-1",
        "project": "shop",
        "language": "python",
        "repository": {"address": "git@git.example.com:group/shop.git"},
        "ref": {"kind": "branch", "name": "main"},
        "commit": "1a2b3c4d5e6f1a2b3c4d5e6f1a2b3c4d5e6f1a2b",
        "isolation": "docker",
        "image": {"name": "python:3.12", "build_image": "build_python:3.12-u0"},
        "requested_at": "2026-11-21T06:55:12.123Z",
        "requested_by": "alice@laptop",
        "started_at": "2026-11-21T06:55:12.500Z",
        "ended_at": "2026-11-21T06:55:54.500Z",
        "wall_seconds": 42.0,
        "state": state,
        "cause": "",
        "message": "",
        "phases": [
            phase("sync", "success", exit=0, wall_seconds=0.1),
            phase("build", "success", exit=0, wall_seconds=41.5, cpu_seconds=80.25,
                  peak_memory_bytes=300 * 1024 * 1024, read_bytes=0, written_bytes=1536),
            phase("publish", "skipped"),
        ],
        "source": "/data/tristan/1/run/1/git.example.com/group/shop/branches/main/source",
        "artifacts": [{"path": "/data/a/dist/shop.whl", "name": "dist/shop.whl", "size": 2048}],
        "log": {"bytes": 12, "sha256": "ab" * 32},
    }  # fmt: skip
    found.update(fields)
    return found


class Controller(object):
    """:param script: list of steps of a watch: ("log", bytes), ("status", dict), ("note", text),
    ("sleep", seconds), ("call", function), or an exception to raise.
    """

    left = []
    """What an uninstall can't remove."""

    stubborn = False
    """Whether a cancelled build goes on."""

    def __init__(self, script=(), final=None):
        self.script = list(script)
        self.final = status() if final is None else final
        self.calls = []
        self.raises = {}
        self.settings = Settings()
        self._cancelled = threading.Event()

    def _called(self, name, *details):
        self.calls.append((name,) + details)
        if name in self.raises:
            raise self.raises[name]

    def plan(self, project, branch=None, tag=None, commit=None, machine=None, params=(), tree=None,
             notify=()):  # fmt: skip
        self.tree = tree
        self.notify_texts = notify
        self._called("plan", project, branch, tag, commit, machine, params)
        return Plan(BUILD_ID)

    def build(self, plan, wait=False, on_event=None, on_progress=None, watched=False):
        self._called("build", wait, watched)
        return Launched(BUILD_ID, 1, "builder-1", "1")

    def build_for(self, slot, plan, wait=False, on_event=None, on_progress=None, watched=False):
        self._called("build_for", slot, wait, watched)
        return Launched("20261121T010000000-00000001", 1, "builder-1", "1")

    def read_log(self, build_ref, sink, offset=0, attempt=None):
        self._called("read_log", build_ref, offset, attempt)
        return self._follow(sink, offset)

    def watch(self, build_ref, offset=0, sink=None):
        self._called("watch", build_ref, offset)
        return self._follow(sink, offset)

    def _follow(self, sink, offset):
        steps = [] if self._cancelled.is_set() and not self.stubborn else self.script
        for step in steps:
            if isinstance(step, BaseException):
                raise step
            offset = self._play(step, offset, sink)
        return status("cancelled") if self._cancelled.is_set() else self.final

    def _play(self, step, offset, sink):
        kind, value = step
        if kind == "log":
            sink.log(value, offset)
            return offset + len(value)
        actions = {"status": sink.status, "note": sink.note, "sleep": time.sleep}
        actions["call"] = lambda function: function()
        actions[kind](value)
        return offset

    def status(self, build=None, machine=None, limit=20, on_note=None):
        self._called("status", build, machine, limit)
        on_note("builder-2: no answer")
        return [self.final]

    def find(self, build):
        self._called("find", build)
        if build not in BUILD_ID:
            raise errors.BuildNotFound("no build %s" % build, "tristan status lists them")
        return "builder-1", self.final

    told = [("mail to a@example.com", None)]
    """What a notify gives."""

    def notify(self, build, texts=()):
        self._called("notify", build, list(texts))
        return self.told

    def cancel(self, build, reason):
        self._called("cancel", build, reason)
        self._cancelled.set()
        return self.final

    def machines(self):
        self._called("machines")
        busy = {"1": {"busy": True, "build_id": BUILD_ID}, "2": {"busy": False, "build_id": None}}
        return [
            {"name": "builder-1", "reachable": True, "executors": busy, "load": [0.5, 1, 2],
             "labels": ["linux"], "error": ""},
            {"name": "builder-2", "reachable": False, "executors": None, "load": None,
             "labels": [], "error": "no answer from 10.0.0.2 port 22", "remedy": "look at sshd"},
        ]  # fmt: skip

    def doctor(self, machine):
        self._called("doctor", machine)
        return [
            Check("ssh", "ok", "OpenSSH 9.2", ""),
            Check("disk", "warn", "3 GiB free", "make room below /data"),
            Check("engine", "fail", "no docker", "install docker"),
        ]

    def enroll(self, machine, fingerprint=None, confirm=None):
        self._called("enroll", machine, fingerprint)
        return Enrolled(fingerprint or "SHA256:abc", "ssh-ed25519", False)

    def uninstall(self, machine, force):
        self._called("uninstall", machine, force)
        return {"files": 58, "containers": 0, "images": 1, "left": self.left}
