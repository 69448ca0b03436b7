"""Who launches again and again over one connection: a launch opens no session, it finds a shell that waits."""

from __future__ import absolute_import, print_function, unicode_literals

import threading

import pytest

from tests.controller.ssh_workshop import SshWorkshop
from tests.controller.workshop import Sink
from tests.lab import process


@pytest.fixture
def workshop(repositories, git_over_http, make_sshd):
    repositories.create("group/shop").commit({"README": "shop\n"}, "First")
    made = SshWorkshop(make_sshd(), git_over_http.address("group/shop"))
    yield made
    made.remove()


def build(controller):
    """:returns: how many sessions this thread opened for the launch."""
    plan = controller.plan("shop", branch="main")
    connection = controller._contacts["builder-1"].transport()
    opened, try_session = [], connection.try_session

    def counted():
        opened.append(threading.current_thread())
        return try_session()

    connection.try_session = counted
    launched = controller.build(plan)
    connection.try_session = try_session
    assert controller.watch(launched.build_id, Sink())["state"] == "success"
    return opened.count(threading.current_thread())


def test_the_third_launch_takes_one_round_trip(workshop):
    controller = workshop.controller()
    assert build(controller) > 1  # Python is looked for, the scripts are sent
    assert build(controller) == 1
    ready = controller._contacts["builder-1"].transport()._ready
    for _ in range(2):
        process.wait_until(lambda: ready._waiting, 60, "a waiting shell")
        assert build(controller) == 0


def test_after_a_cut_it_begins_anew(workshop):
    controller = workshop.controller()
    for _ in range(2):
        build(controller)
    connection = controller._contacts["builder-1"].transport()
    process.wait_until(lambda: connection._ready._waiting, 60, "a waiting shell")
    workshop.sshd.kill_sessions()
    process.wait_until(lambda: not connection.alive(), 60, "the cut")
    assert build(controller) == 1
    assert controller._contacts["builder-1"].transport()._ready._waiting is None
