"""Fixtures on real parts; see tests/lab."""

from __future__ import absolute_import, print_function, unicode_literals

import pytest

from tests.lab import engine as lab_engine
from tests.lab import git_server, images
from tests.lab.sshd import Sshd


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
def engine():
    """The container engine; the session fails rather than skips without one."""
    found = lab_engine.find_or_start()
    yield found
    found.stop()


@pytest.fixture(scope="session")
def python_image(engine):
    """str, name of the base image with python3, pip, setuptools, wheel"""
    return images.make(engine, images.PYTHON).name


@pytest.fixture(scope="session")
def nodejs_image(engine):
    """str, name of the base image with nodejs and npm"""
    return images.make(engine, images.NODEJS).name


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
