"""Directories that a build has made unfit are made fit again, by a user who is not root."""

from __future__ import absolute_import, print_function, unicode_literals

import os
import signal
import traceback

import pytest

from business_hyper_fusion import checkout
from tests.faults import rows
from tests.lab import process
from tests.lab.sshd import BUILDER_ID


@pytest.fixture
def place():
    """A directory of the lab's user."""
    made = process.directory("checkout")
    os.chown(made, BUILDER_ID, BUILDER_ID)
    yield made
    process.remove(made)


def as_the_labs_user(do):
    """Run a function in a child that has root's rights no more."""
    child = os.fork()
    if not child:
        try:
            os.setgroups([])
            os.setgid(BUILDER_ID)
            os.setuid(BUILDER_ID)
            do()
            os._exit(0)
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(1)
    assert os.waitpid(child, 0)[1] == 0


def test_a_locked_directory_is_no_obstacle(place):
    def clear():
        os.makedirs(os.path.join(place, "lib", "a", "left"))
        os.chmod(os.path.join(place, "lib"), 0)
        checkout.empty(checkout.make_way(place, b"lib/a"))

    as_the_labs_user(clear)
    assert os.listdir(os.path.join(place, "lib", "a")) == []


def test_nothing_stays_of_a_tree_whatever_its_modes(place):
    def clear():
        os.makedirs(os.path.join(place, "x", "y", "z"))
        os.symlink("/etc", os.path.join(place, "x", "link"))
        os.chmod(os.path.join(place, "x", "y"), 0)
        checkout.remove_tree(os.path.join(place, "x"))

    as_the_labs_user(clear)
    assert os.listdir(place) == [] and os.path.isfile("/etc/passwd")


@rows.hostile(4)
def test_nothing_stays_of_a_tree_that_is_deeper_than_a_path_can_be(place):
    def clear():
        top = os.path.join(place, "x")
        os.mkdir(top)
        os.chdir(top)
        for _ in range(60):
            os.mkdir("d" * 200)
            os.chdir("d" * 200)
        os.chdir("/")
        checkout.remove_tree(top)

    as_the_labs_user(clear)
    assert os.listdir(place) == []


@rows.hostile(4)
def test_a_pipe_where_a_directory_was_is_removed_and_not_waited_for(place):
    source = os.path.join(place, "source")
    os.mkdir(source)
    os.mkfifo(os.path.join(source, ".git"))

    def expire(number, frame):
        raise AssertionError("it waits for who writes into the pipe")

    before = signal.signal(signal.SIGALRM, expire)
    signal.alarm(20)
    try:
        checkout.remove_planted_repositories(source)
        assert os.listdir(source) == []
        checkout.remove_tree(os.path.join(source, "gone"))
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
