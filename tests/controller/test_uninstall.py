"""uninstall over a real sshd: what it takes away, and what it says when it may not."""

from __future__ import absolute_import, print_function, unicode_literals

import fcntl
import io
import os

import pytest

from controller import errors, uninstall
from controller.settings.model import Engine
from controller.transport import connect
from tests.controller.examined import known_hosts, machine_of


@pytest.fixture
def connection(sshd):
    found = connect(machine_of(sshd), known_hosts(sshd))
    yield found
    found.close()


def put(sshd, *path):
    """Write a file below the root, as the SSH user's. :returns: its path."""
    full = os.path.join(sshd.root, *path)
    if not os.path.isdir(os.path.dirname(full)):
        os.makedirs(os.path.dirname(full))
    with io.open(full, "w") as target:
        target.write("content")
    owner = os.stat(sshd.root)
    for folder, directories, names in os.walk(sshd.root):
        for name in directories + names:
            os.chown(os.path.join(folder, name), owner.st_uid, owner.st_gid)
    return full


@pytest.fixture
def engine_words(engine):
    """The settings' engine: the lab's, wherever it listens."""
    return Engine("docker", tuple(engine.command))


def test_everything_goes(sshd, connection, executor_python, engine_words):
    put(sshd, "1", "run", "1", "lock")
    put(sshd, "1", "sync.lock")
    machine = machine_of(sshd, engine=engine_words)
    found = uninstall.uninstall(connection, machine, executor_python)
    assert found == {"files": 2, "containers": 0, "images": 0, "left": []}
    assert os.listdir(sshd.root) == []  # which stays: it lies in a directory that is not the user's


def test_what_is_not_tristans_is_told(sshd, connection, executor_python, engine_words):
    kept = put(sshd, "1", "photo.jpg")
    machine = machine_of(sshd, engine=engine_words)
    found = uninstall.uninstall(connection, machine, executor_python)
    assert os.path.exists(kept)
    assert found["left"] == ["%s: is not Tristan's" % kept]


def test_a_build_that_runs_is_in_the_way(sshd, connection, executor_python):
    lock = put(sshd, "1", "run", "1", "lock")
    with io.open(lock, "r+") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(errors.Busy) as caught:
            uninstall.uninstall(connection, machine_of(sshd), executor_python)
    assert "a build runs" in caught.value.message
    assert "--force" in caught.value.remedy
    assert os.path.exists(lock)


def test_the_answer_names_the_builds():
    said = {"answer": "busy", "builds": ["20261121T065512123-9c1e4f2a", ""]}
    with pytest.raises(errors.Busy) as caught:
        uninstall.checked(said, machine_of(None), False)
    assert "(20261121T065512123-9c1e4f2a)" in caught.value.message
    with pytest.raises(errors.Busy) as caught:
        uninstall.checked({"answer": "busy", "builds": []}, machine_of(None), True)
    assert "a sync is under way" in caught.value.message
    assert "--force" not in caught.value.remedy


def test_a_root_that_the_machine_refuses(sshd, connection, executor_python):
    machine = machine_of(sshd, root="/data")
    with pytest.raises(errors.InfrastructureError) as caught:
        uninstall.uninstall(connection, machine, executor_python)
    assert "/data can't be a root" in caught.value.message


def test_no_python_there_any_more(sshd, connection):
    with pytest.raises(errors.ProtocolError) as caught:
        uninstall.uninstall(connection, machine_of(sshd), "/nowhere/python3")
    assert "/nowhere/python3" in caught.value.message
