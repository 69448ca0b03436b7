"""Where the demo happens: a machine with an sshd, a git server with the sample project, an engine, a registry.

In: the sample project's directory, a directory for results. Out: the `tristan` command and an
environment in which it finds the demo's configuration and none of the user's. A context manager:
on leaving, all that was started is stopped and all that was made is removed.
"""

from __future__ import absolute_import, print_function, unicode_literals

import binascii
import os
import sys

from tests.lab import engine as lab_engine
from tests.lab import git_server, images, process
from tests.lab.registry import Registry
from tests.lab.sshd import Sshd

IMAGE = "tristan-lab/python:demo"
CONFIGURATION = """\
machines:
  local:
    host: 127.0.0.1
    port: {port}
    username: builder
    key_file: {key}
    root: {root}
    engine: {{kind: docker, command: {engine}}}

git_servers:
  main:
    address: http://127.0.0.1:{git_port}
    default: true

docker_registries:
  main:
    address: {registry}
    namespace: demo
    username: robot
    password: {{env: REGISTRY_PASSWORD}}

build_profiles:
  wheel:
    language: python
    image: {image}
    base_image: {image}             # what the project's own image is made from
    docker_registry: main
    network: none
    environment:
      PIP_NO_BUILD_ISOLATION: "0"   # pip's way to say: use the image's setuptools

projects:
  shop:
    repository: shop
    build_profile: wheel
    description: a price list
"""


class Place(object):
    """.sshd .git .registry .tristan (list of str, the command) .environment (dict)"""

    def __init__(self, project, results):
        self._project = project
        self._results = results
        self._leaving = []

    def __enter__(self):
        try:
            self._set_up()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        while self._leaving:
            self._leaving.pop()()

    def configuration(self):
        """:returns: str, the text of tristan.yml"""
        return CONFIGURATION.format(
            port=self.sshd.port,
            key=self.sshd.client_key,
            root=self.sshd.root,
            engine="[{0}]".format(", ".join(self._engine.command)),
            git_port=self.git.port,
            registry=self.registry.address,
            image=IMAGE,
        )

    def commit(self, files, message):
        """Commit files (dict of path -> text) to the project's main branch."""
        return self._repository.commit(files, message)

    def run_image(self, image):
        """Start a container of an image in the registry, as one would on a server.

        :returns: str, where it answers, e.g. "http://127.0.0.1:40123/"
        """
        login = ["login", "--username", "robot", "--password-stdin", self.registry.address]
        self._docker(login, self.registry.password.encode("ascii"))
        self._leave_with(lambda: self._docker(["rmi", "--force", image]))
        started = self._docker(["run", "--detach", "--publish", "127.0.0.1::8080", image]).strip()
        self._leave_with(lambda: self._docker(["rm", "--force", started]))
        return "http://{0}/".format(self._docker(["port", started, "8080"]).strip())

    def _docker(self, words, stdin=b""):
        command = self._engine.command + words
        return process.output(command, stdin, environment=self.environment)

    def _set_up(self):
        self._engine = lab_engine.find_or_start()
        self._leave_with(self._engine.stop)
        self._have_image()
        self._make_repository()
        password = binascii.hexlify(os.urandom(16)).decode("ascii")
        self.registry = Registry("robot", password)
        self._leave_with(self.registry.remove)
        self.sshd = Sshd(docker_socket=self._engine.socket)
        self._leave_with(self.sshd.stop)
        self._make_environment()

    def _leave_with(self, function):
        self._leaving.append(function)

    def _have_image(self):
        print("== the base image {0} ...".format(images.PYTHON.name), flush=True)
        image = images.make(self._engine, images.PYTHON)
        print("== " + images.described(image))
        if image.how != "present":
            self._leave_with(lambda: self._engine.run(["rmi", "--force", image.name]))
        # a name of its own, so that the build image is the demo's own too
        self._engine.run(["tag", image.name, IMAGE])
        self._leave_with(lambda: self._engine.run(["rmi", IMAGE]))

    def _make_repository(self):
        repositories = git_server.Repositories()
        self._leave_with(repositories.remove)
        self._repository = repositories.create("shop")
        self._repository.commit_tree(self._project, "A price list")
        self.git = git_server.GitOverHttp(repositories)
        self._leave_with(self.git.stop)

    def _make_environment(self):
        home = process.directory("operator")
        self._leave_with(lambda: process.remove(home))
        path = os.path.join(self._results, "tristan.yml")
        with open(path, "w") as target:
            target.write(self.configuration())
        self.tristan = [os.path.join(os.path.dirname(sys.executable), "tristan")]
        self.environment = dict(os.environ, HOME=home, TRISTAN_CONFIG=path)
        self.environment["REGISTRY_PASSWORD"] = self.registry.password
        for name in ("XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME"):
            self.environment[name] = os.path.join(home, name.lower())
        self.environment.pop("SSH_AUTH_SOCK", None)
