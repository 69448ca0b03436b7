"""What is checked after every fault: it holds after a build, and is seen when it does not."""

from __future__ import absolute_import, print_function, unicode_literals

import io
import os

import pytest

from tests.faults import aftermath


def test_it_holds_after_a_build_and_each_part_of_it_can_fail(operator):
    build_id = operator.detached("until [ -e go ]; do sleep 0.1; done")
    running = operator.in_phase(build_id, "build")
    assert aftermath.left(operator, running), "a build that runs is seen"
    io.open(os.path.join(running["source"], "go"), "w").close()
    assert operator.run("logs", build_id, "--follow").code == 0
    status = operator.json("status", build_id)
    aftermath.check(operator, status)
    assert aftermath.next_build(operator, status)["executor_id"] == status["executor_id"]
    with pytest.raises(AssertionError):
        aftermath.one_end(operator, dict(status, state="lost"))
    with io.open(os.path.join(operator.attempt(status), "log"), "ab") as log:
        log.write(b"more")
    with pytest.raises(AssertionError):
        aftermath.check(operator, status)
