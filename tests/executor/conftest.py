"""Fixtures of the executor side."""

from __future__ import absolute_import, print_function

import os

import pytest

from tests.executor.machine import Machine
from tests.lab import busybox, process

PROJECT = {
    "setup.py": 'from setuptools import setup\n\nsetup(name="shop", version="1.0", py_modules=["shop"])\n',
    "shop.py": "answer = 42\n",
}


@pytest.fixture
def machine():
    """A machine without an engine."""
    made = Machine()
    yield made
    made.remove()


@pytest.fixture
def docker_machine(engine, python_image):
    """A machine whose builds run in the lab's Python image."""
    made = Machine(engine.command, python_image)
    yield made
    made.remove()


@pytest.fixture(scope="session")
def small_base(engine):
    """str, name of a base image with a shell, of 2 MB."""
    name = "tristan-lab/busybox:%d" % os.getpid()
    yield busybox.make(engine, name)
    engine.run(["rmi", "--force", name])


@pytest.fixture
def shop(repositories):
    """A repository with a Python project on ``main``."""
    repository = repositories.create("group/shop")
    repository.commit(PROJECT, "First")
    return repository


@pytest.fixture
def address(shop, git_over_http):
    """Where the project is cloned from."""
    return git_over_http.address("group/shop")


@pytest.fixture
def small_machine():
    """Function (MiB) -> Machine whose root is a small tmpfs."""
    made = []

    def make(mebibytes):
        root = process.directory("small")
        process.output(["mount", "-t", "tmpfs", "-o", "size=%dm" % mebibytes, "tmpfs", root])
        made.append(Machine(root=root))
        return made[-1]

    yield make
    for machine in made:
        process.output(["umount", "--lazy", machine.root])
        machine.remove()
