"""Where everything is on a machine: the directory tree below a root, as paths and nothing else.

<root>/<business_id>/             Business
  releases/<hash>/
  cache/dependency_lib/<language>/
  mirrors/<repository>.git
  images/                         locks: one build makes a build image, the others wait
  upkeep/                         of gc and refresh: their locks, and what is being removed
  trees/                          files of pushed trees, by their hash, and their manifests
  run/<executor_id>/              Executor
    builds/<build_id>/<attempt>/  Attempt
    <host>/<path of project>/     Project
      cache/                      mounted writable
      branches/<branch>/          Ref: source/ build/ index; beside branches: tags, commits, trees
"""

from __future__ import absolute_import, print_function

import os

from business_hyper_fusion import grammar, names

join = os.path.join

SHELL_LOCK = "shell.lock"
"""Shared by those who have a shell in an attempt's workspace."""

RESERVE = "reserve"
"""Room for an attempt's last words; it goes when all of its end is written (reserve.py)."""


class Business(object):
    """:param path: ``<root>/<business_id>``."""

    def __init__(self, path):
        self.path = path
        self.root = os.path.dirname(path)
        self.releases = join(path, "releases")
        self.run = join(path, "run")
        self.mirrors = join(path, "mirrors")
        self.images = join(path, "images")
        self.upkeep = join(path, "upkeep")
        self.gc_lock = join(self.upkeep, "gc.lock")
        self.bin = join(self.upkeep, "bin")
        self.trees = join(path, "trees")
        self.empty_home = join(path, "cache", "empty_home")

    @classmethod
    def of_release(cls, release):
        """The business that a release directory belongs to."""
        return cls(os.path.dirname(os.path.dirname(release)))

    def downloads(self, language):
        """What the projects of a language share where their profile says so."""
        return join(self.path, "cache", "dependency_lib", language)

    def executor(self, executor_id):
        return Executor(self, executor_id)

    def executors(self):
        """:returns: list of Executor that ever ran here, by id."""
        try:
            present = os.listdir(self.run)
        except OSError:
            return []
        ids = [name for name in present if grammar.passes(grammar.check_executor_id, name)]
        return [self.executor(executor_id) for executor_id in sorted(ids, key=int)]


class Executor(object):
    """One build slot's directory."""

    def __init__(self, business, executor_id):
        self.business = business
        self.id = executor_id
        self.path = join(business.run, executor_id)
        self.lock = join(self.path, "lock")
        self.request = join(self.path, "data_data.json")
        self.builds = join(self.path, "builds")
        self.launched = join(self.path, "launched")
        self.workspaces = join(self.path, "workspaces")

    def attempt(self, build_id, number):
        return Attempt(self, build_id, number)

    def project(self, host, path):
        return Project(join(self.path, names.project_directory(host, path)))


class Attempt(object):
    """One try at a build: its directory is its claim."""

    def __init__(self, executor, build_id, number):
        self.executor = executor
        self.build_id = build_id
        self.number = number
        self.path = join(executor.builds, build_id, str(number))
        self.request = join(self.path, "request.json")
        self.status = join(self.path, "status")
        self.ending = join(self.path, "status.end")
        self.log = join(self.path, "log")
        self.events = join(self.path, "events.jsonl")
        self.cancel = join(self.path, "cancel")
        self.secrets = join(self.path, "secrets")
        self.build_secrets = join(self.secrets, "build")
        self.artifacts = join(self.path, "artifacts")
        self.provenance = join(self.path, "provenance.json")
        self.workspace = join(self.path, "workspace")
        self.shell_lock = join(self.path, SHELL_LOCK)
        self.context = join(self.path, "context")
        self.scratch = join(self.path, "scratch")
        self.spare = join(self.path, "spare")
        self.reserve = join(self.path, RESERVE)

    def container_id(self, step):
        """:returns: path of the file that an engine's client writes when the container of that step is made."""
        return join(self.scratch, "container_id." + step)

    @property
    def environment(self):
        """Of the step whose container is asked for, from before that until it is tidied up."""
        return join(self.scratch, "environment")

    def secret(self, slot):
        """:returns: path of a secret's file; those of the build scripts have a directory of their own."""
        kind, _, name = slot.partition(":")
        return join(self.build_secrets, name) if kind == "build" else join(self.secrets, slot)

    @property
    def token(self):
        """What every process of the attempt carries in its environment."""
        return "%s.%d" % (self.build_id, self.number)


class Project(object):
    """What is kept for one repository on one executor."""

    def __init__(self, path):
        self.path = path
        self.cache = join(path, "cache")
        self.home = join(self.cache, "home")
        self.dependency_lib = join(self.cache, "dependency_lib")

    def ref(self, kind, name):
        return Ref(join(self.path, names.ref_directory(kind, name)))


class Ref(object):
    """A branch's, tag's or commit's directories."""

    def __init__(self, path):
        self.path = path
        self.source = join(path, "source")
        self.build = join(path, "build")
        # The index lies outside of source: what a build can write, git on the host must not read as its own.
        self.index = join(path, "index")
        self.submodules = join(path, "submodules")  # their indexes
        self.built = join(
            path, "built"
        )  # of what it is, in words: a directory's name may hide that
