"""Two machines with two executors each: builds spread evenly, labels hold, the load shows."""

from __future__ import absolute_import, print_function, unicode_literals

import collections

import pytest

from tests.lab.sshd import Sshd

pytestmark = pytest.mark.once

PROJECT = """projects:
  large: {repository: group/shop, build_profile: script, labels: [large]}
"""


@pytest.fixture(scope="module")
def two(operator):
    """The operator, with a second machine and a project that only it may build."""
    second = Sshd(docker_socket=operator.engine.socket)
    operator.add_machine("builder-2", second, "labels: [large]")
    operator.replace("projects:\n", PROJECT)
    yield operator
    operator.configure()
    second.stop()


def commits(operator, count):
    """:returns: list of full hashes; builds of them hold nothing of each other."""
    return [operator.shop.commit({"count": "%d\n" % number}, "Count") for number in range(count)]


def test_builds_spread_evenly_and_machines_shows_it(two):
    running = []
    for commit in commits(two, 4):
        words = ("build", "script", "--commit", commit, "--detach", "--param", "SCRIPT=sleep 300")
        running.append(two.run(*words).out.strip())
    listed = two.run("machines")
    rows = [line.split() for line in listed.out.splitlines()[1:]]
    assert [row[:5] for row in rows] == [
        ["builder-2", "reachable", "0", "of", "2"],
        ["builder-1", "reachable", "0", "of", "2"],
    ]
    assert rows[0][7] == "of" and int(rows[0][8]) >= 1, listed.out
    share = collections.Counter(one["machine"] for one in two.json("status", "--limit", "4"))
    assert share == {"builder-1": 2, "builder-2": 2}
    busy = two.run("build", "script", "--branch", "main")
    assert busy.code == 8 and "every executor is busy" in busy.err
    for build_id in running:
        assert two.run("cancel", build_id).code == 0


def test_a_label_decides_where_a_project_is_built(two):
    for _ in range(2):
        words = ("build", "large", "--branch", "main", "--param", "SCRIPT=true", "--wait")
        assert two.json(*words)["machine"] == "builder-2"
    refused = two.run("build", "large", "--branch", "main", "--machine", "builder-1")
    assert refused.code == 2 and "lacks the label large" in refused.err
