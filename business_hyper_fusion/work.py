"""What the phases work with: the request, the places, the status, the log and the runner of one attempt."""

from __future__ import absolute_import, print_function

import os

from business_hyper_fusion import files, process
from business_hyper_fusion.layout import Business
from business_hyper_fusion.process import Command


class Work(object):
    """:param release: directory of the release that the attempt is pinned to.
    :param request: checked request document.
    """

    def __init__(self, release, request, status, log, runner, control):
        self.release = release
        self.request = request
        self.status = status
        self.log = log
        self.runner = runner
        self.control = control
        self.business = Business.of_release(release)
        self.executor = self.business.executor(request["executor_id"])
        self.attempt = self.executor.attempt(request["build_id"], request["attempt"])
        repository, ref = request["repository"], request["ref"]
        self.project = self.executor.project(repository["host"], repository["path"])
        self.ref = self.project.ref(ref["kind"], ref["name"])
        self.engine = request["engine"]["command"]
        self.in_docker = request["isolation"] == "docker"
        self.container_use = None
        self.step = None  # container.Step that ran last
        self.submodules = []  # (path, address, commit) of each that was fetched
        self.base_digests = []  # names with digests, by which registries know the base image

    def scratch(self, name):
        """:returns: path of a file of the attempt's own, gone when it ends."""
        return os.path.join(self.attempt.scratch, name)

    def secret(self, slot):
        """:returns: path of a secret's file, or None when the request brought none."""
        path = os.path.join(self.attempt.secrets, slot)
        return path if os.path.exists(path) else None

    def git_server(self):
        """:returns: the public part of the git server's configuration, {} for a full address without one."""
        document = files.read_json(os.path.join(self.release, "data_data", "git_server.json")) or {}
        return document.get("git_servers", {}).get(self.request["repository"]["git_server"], {})

    def host_environment(self):
        """See process.host_environment."""
        return process.host_environment()

    def engine_command(self, words, **options):
        """:returns: Command for the engine, in the host's environment."""
        return Command(words, self.host_environment(), **options)
