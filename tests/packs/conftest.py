"""What the packs' tests share: an index of packages, and machines that build in the lab's images."""

from __future__ import absolute_import, print_function, unicode_literals

import io
import os

import pytest

from tests.executor.machine import Machine
from tests.lab import certificates as certificates_of
from tests.packs.index import Index


class PackMachine(Machine):
    """A machine that builds one language's projects.

    :param repositories: tests.lab.git_server.Repositories, served by `git`
    """

    def __init__(self, engine, image, language, repositories, git):
        Machine.__init__(self, engine.command, image)
        self.language = language
        self._repositories = repositories
        self._git = git

    def configure(self, files):
        """Have the operator's dependency configuration: dict of file name -> text."""
        directory = os.path.join(self.release, "cache", "dependency_lib", self.language)
        if not os.path.isdir(directory):
            os.makedirs(directory)
        for name, text in files.items():
            with io.open(os.path.join(directory, name), "w", encoding="utf-8") as target:
                target.write(text)

    def repository(self, name):
        """:returns: tests.lab.git_server.Repository, empty"""
        return self._repositories.create(name)

    def project(self, name, files):
        """:returns: Repository with the files (dict of path -> text) on main"""
        repository = self.repository(name)
        repository.commit(files)
        return repository

    def ask_for(self, name, module_path="", script=None, **changes):
        """:returns: a request for a project's main branch, in Docker unless it says otherwise"""
        changes.setdefault("isolation", "docker")
        request = self.request(self._git.address(name), script, **changes)
        project = {"name": name, "language": self.language, "module_path": module_path}
        return dict(request, project=project)

    def build(self, name, module_path="", script=None, secrets=None, **changes):
        """:returns: (status, log) of a build to its end"""
        request = self.ask_for(name, module_path, script, **changes)
        status = self.run(request, secrets)
        return status, self.log(request)


@pytest.fixture
def index():
    """An index without packages."""
    found = Index()
    yield found
    found.stop()


@pytest.fixture
def certificates(tmpdir):
    """Certificates for repo.example, which only a proxy of the lab knows."""
    return certificates_of.make(str(tmpdir), "DNS:repo.example")


@pytest.fixture
def make_pack_machine(engine, repositories, git_over_http):
    """Function (image, language) -> PackMachine."""
    made = []

    def make(image, language):
        made.append(PackMachine(engine, image, language, repositories, git_over_http))
        return made[-1]

    yield make
    for machine in made:
        machine.remove()
