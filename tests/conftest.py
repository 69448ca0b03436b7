"""Fixtures on real parts; see tests/lab."""

from __future__ import absolute_import, print_function, unicode_literals

import os
import sys

import pytest

from tests.lab import engine as lab_engine
from tests.lab import git_server, images, interpreters
from tests.lab.registry import Registry
from tests.lab.sshd import Sshd

HERE = os.path.dirname(os.path.abspath(__file__))
NO_TESTS_RAN = 5
LAB_PARTS = frozenset(["engine", "sshd", "make_sshd", "repositories", "make_registry"])

# the controller does not run on 3.6 and 3.7; the executor's side does
collect_ignore = []
if (3, 0) < sys.version_info < (3, 8):
    collect_ignore = ["controller", "end_to_end", "test_imports.py", "test_wheel.py"]


def pytest_collection_modifyitems(items):
    """Mark what is below tests/end_to_end, and what needs parts of the lab."""
    for item in items:
        if str(item.fspath).startswith(os.path.join(HERE, "end_to_end")):
            item.add_marker(pytest.mark.end_to_end)
        if LAB_PARTS.intersection(item.fixturenames):
            item.add_marker(pytest.mark.lab)


def pytest_sessionfinish(session, exitstatus):
    """Chosen tests need not exist on each Python; the summary fails when none ran on any."""
    if exitstatus == NO_TESTS_RAN and os.environ.get("TRISTAN_SOME_TESTS"):
        session.exitstatus = 0


@pytest.fixture
def make_sshd():
    """Function with the parameters of `Sshd`; what it started is stopped after the test."""
    started = []

    def start(**parameters):
        started.append(Sshd(**parameters))
        return started[-1]

    yield start
    for sshd in started:
        sshd.stop()


@pytest.fixture
def sshd(make_sshd):
    """A plain lab sshd."""
    return make_sshd()


@pytest.fixture(scope="session")
def executor_python():
    """str, path of the Python that a build machine has: TRISTAN_EXECUTOR_PYTHON, else this
    one's."""
    here = "{0}.{1}".format(*sys.version_info[:2])
    return interpreters.find(os.environ.get("TRISTAN_EXECUTOR_PYTHON", here))


@pytest.fixture(scope="session")
def engine():
    """The container engine; the session fails rather than skips without one."""
    found = lab_engine.find_or_start()
    os.environ["TRISTAN_LAB_ENGINE"] = " ".join(found.command)
    yield found
    found.stop()


@pytest.fixture(scope="session")
def tagged(engine):
    """Function (Recipe) -> str, an image name of this session's own.

    Sessions under several Pythons share an engine; what one makes of its image is no other's.
    """
    tag = "session-{0}".format(os.getpid())

    def own(recipe):
        name = "{0}:{1}".format(recipe.name.partition(":")[0], tag)
        engine.run(["tag", images.make(engine, recipe).name, name])
        return name

    yield own
    listing = engine.run(["images", "--format", "{{.Repository}}:{{.Tag}}"]).split()
    mine = [name for name in listing if tag in name.rpartition(":")[2].replace("-u", " ").split()]
    for name in mine:
        engine.run(["rmi", "--force", name])


@pytest.fixture(scope="session")
def python_image(tagged):
    """str, name of a base image with python3, pip, setuptools, wheel"""
    return tagged(images.PYTHON)


@pytest.fixture(scope="session")
def nodejs_image(tagged):
    """str, name of a base image with nodejs and npm"""
    return tagged(images.NODEJS)


@pytest.fixture
def make_registry():
    """Function with the parameters of `Registry`; what it started is removed after the test."""
    started = []

    def start(*parameters, **named):
        started.append(Registry(*parameters, **named))
        return started[-1]

    yield start
    for registry in started:
        registry.remove()


@pytest.fixture
def registry(make_registry):
    """A plain lab registry."""
    return make_registry()


@pytest.fixture(scope="session")
def java_image(tagged):
    """str, name of a base image with a JDK, Maven, and Debian's Maven repository"""
    return tagged(images.JAVA)


@pytest.fixture(scope="session")
def php_image(tagged):
    """str, name of a base image with php, composer and Apache"""
    return tagged(images.PHP)


@pytest.fixture
def repositories():
    """Factory of bare git repositories: `repositories.create("group/shop")`."""
    made = git_server.Repositories()
    yield made
    made.remove()


@pytest.fixture
def git_over_ssh(repositories):
    """The repositories, served over ssh."""
    server = git_server.GitOverSsh(repositories)
    yield server
    server.stop()


@pytest.fixture
def git_over_http(repositories):
    """The repositories, served over http to everybody."""
    server = git_server.GitOverHttp(repositories)
    yield server
    server.stop()
