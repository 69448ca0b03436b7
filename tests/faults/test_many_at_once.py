"""Twenty builds of a branch at once, by two operators with scripts of their own, while commits are pushed."""

from __future__ import absolute_import, print_function, unicode_literals

import json

import pytest

from tests.end_to_end.operator import Operator, colleague
from tests.faults import aftermath, rows
from tests.lab import process

EXECUTORS = 8
SCRIPT = 'before=$(cat count); sleep 1; test "$before" = "$(cat count)"; echo "content $before"'
MARK = "by the colleague"


@pytest.fixture(scope="module")
def operator(engine, python_image, nodejs_image, executor_python):
    images = {"python_image": python_image, "nodejs_image": nodejs_image}
    found = Operator(engine, executors=EXECUTORS, python=executor_python, **images)
    try:
        found.enroll()
        yield found
    finally:
        found.stop()


@pytest.fixture(scope="module")
def both(operator):
    """The operator and a colleague whose compile script says whose it is."""
    line = 'eval "$SCRIPT"'
    other = colleague(operator, lambda text: text.replace(line, "echo %s; %s" % (MARK, line)))
    yield operator, other
    process.remove(other.home)


def push(operator, number):
    """:returns: the hash of a commit whose file ``count`` holds a number."""
    return operator.shop.commit({"count": "%d\n" % number}, "Count to %d" % number)


@rows.fault(20)
def test_each_builds_its_own_commit_by_its_own_scripts(both, injections):
    """What a build reports is what it had before it, from its first look to its last."""
    operator = both[0]
    numbers, running = {push(operator, 0): 0}, []
    for number in range(1, injections.count(4, 20) + 1):
        who = both[number % 2]
        running.append((who, number - 1, who.script(SCRIPT, "--wait", "--json")))
        numbers[push(operator, number)] = number
    ended = [(who, least, child.communicate(), child) for who, least, child in running]
    ids = set()
    for who, least, (out, err), child in ended:
        assert child.returncode == 0, err.decode("utf-8")
        status = json.loads(out.decode("utf-8"))
        log = who.log(status).decode("utf-8").splitlines()
        assert numbers[status["commit"]] >= least, "not older than what was pushed before"
        assert "content %d" % numbers[status["commit"]] in log
        assert (MARK in log) == (who is not operator)
        aftermath.check(who, status)
        injections.add(status["wall_seconds"])
        ids.add(status["build_id"])
    assert len(ids) == len(running)
    assert operator.containers() == []
    aftermath.next_build(operator, status)
