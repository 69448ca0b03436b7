"""Clocks a day or a year off, on either side, and clocks that jump: durations, limits, ends and ages stay right."""

from __future__ import absolute_import, print_function, unicode_literals

import json
import os
import time

import pytest

from tests.end_to_end.operator import Operator
from tests.faults import aftermath, rows
from tests.lab import interpreters
from tests.lab.clock import Clock

DAY = 86400
YEAR = 365 * DAY
PYTHONS = ["2.7", "3.8"]
LONGEST = 3600
"""Seconds for builds of some; a clock that counted would make them a day, or less than nothing."""


class Skewed(Operator):
    """.here .there (Clock), the operator's and the machine's"""

    def __init__(self, engine, version, **values):
        self.here, self.there = Clock(), Clock()
        self.is_first = version == PYTHONS[0]
        python = self.there.python(interpreters.find(version))
        super(Skewed, self).__init__(engine, python=python, **values)

    def environment(self):
        found = super(Skewed, self).environment()
        return dict(found, **self.here.environment(found.get("PYTHONPATH", "")))

    def some(self, injections, few, all):
        """Of a list the first `few`, or those that are wanted; the second Python has few of each kind."""
        return all[: injections.count(few, len(all)) if self.is_first else few]

    def right(self):
        for clock in (self.here, self.there):
            clock.set(0)

    def built(self, text, **given):
        """:returns: the status of a build that was watched to its end."""
        out, err = self.script(text, "--json", **given).communicate()
        assert out, err
        return json.loads(out.decode("utf-8"))

    def stop(self):
        super(Skewed, self).stop()
        for clock in (self.here, self.there):
            clock.remove()


@pytest.fixture(scope="module", params=PYTHONS if rows.ALL else PYTHONS[:1])
def skewed(request, engine, python_image, nodejs_image):
    """A Skewed operator of a machine with one executor; each of the machine's Pythons reads clocks its own way."""
    images = {"python_image": python_image, "nodejs_image": nodejs_image}
    found = Skewed(engine, request.param, executors=1, **images)
    try:
        found.enroll()
        yield found
    finally:
        found.stop()


@pytest.fixture
def operator(skewed):
    yield skewed
    skewed.right()


def test_what_this_clock_shows(operator):
    """The lab's own part: Python, git and shells believe it, and their monotonic clocks go on."""
    operator.there.set(-DAY)
    operator.here.set(DAY)
    status = operator.built("true")
    assert status["requested_at"] > iso(DAY / 2) and status["started_at"] < iso(-DAY / 2)


@rows.fault(17)
def test_a_day_off_on_either_side(operator, injections):
    sides = [
        (operator.there, DAY),
        (operator.here, -DAY),
        (operator.there, -DAY),
        (operator.here, DAY),
    ]
    for clock, seconds in operator.some(injections, 2, sides):
        with injections.measured():
            clock.set(seconds)
            status = operator.built("sleep 1")
            assert status["state"] == "success"
            assert 1 <= status["wall_seconds"] < LONGEST
            assert all(
                one["wall_seconds"] < LONGEST for one in status["phases"] if one["exit"] == 0
            )
            operator.right()
        aftermath.check(operator, status)
    aftermath.next_build(operator, status)


@rows.fault(17)
@rows.thorough
def test_clocks_that_jump_while_a_build_is_watched(operator, injections):
    for seconds in operator.some(injections, 1, (DAY, -DAY)):
        build_id = operator.detached("while [ ! -e go ]; do sleep 0.2; done; echo over")
        watching = operator.start("logs", build_id, "--follow")
        source = operator.in_phase(build_id, "build")["source"]
        with injections.measured():
            operator.there.set(seconds)
            operator.here.set(seconds // 2)
            assert operator.json("status", build_id)["state"] == "running"
            time.sleep(1)
            open(os.path.join(source, "go"), "w").close()
            out, err = watching.communicate()
            assert watching.returncode == 0, err
            assert out.count(b"\nover\n") == 1
        status = operator.json("status", build_id)
        assert status["state"] == "success" and 1 <= status["wall_seconds"] < LONGEST
        operator.right()
        aftermath.check(operator, status)


@rows.fault(17)
@rows.thorough
def test_a_jump_neither_brings_a_limit_on_nor_puts_it_off(operator, injections):
    for seconds in operator.some(injections, 1, (DAY, -DAY)):
        build_id = operator.detached(
            "trap 'echo asked' TERM; while :; do sleep 0.2; done", project="short"
        )
        operator.in_phase(build_id, "build")
        with injections.measured():
            operator.there.set(seconds)
            assert operator.run("logs", build_id, "--follow").code == 4
        status = operator.json("status", build_id)
        assert (status["state"], status["cause"]) == ("timeout", "hard_limit")
        assert 20 <= status["wall_seconds"] < LONGEST
        assert b"asked" in operator.log(status), "the soft limit came first"
        operator.right()
        aftermath.check(operator, status)


@rows.fault(17)
def test_a_slot_of_cron_fires_once(operator, injections):
    """Twice at once, and again when the clock was set back; refreshes of one moment don't disturb each other."""
    words = ("--detach", "--slot", "nightly 1")
    for seconds in operator.some(injections, 1, (-DAY, DAY)):
        with injections.measured():
            both = [operator.script("sleep 1", *words) for _ in range(2)]
            said = [child.communicate() for child in both]
            operator.here.set(seconds)
            said.append(operator.script("sleep 1", *words).communicate())
            operator.right()
        ids = [out.decode("ascii").strip() for out, _ in said]
        assert len(set(ids)) == 1 and ids[0], said
        assert b"has its build already" in b"".join(err for _, err in said)
        words = words[:-1] + ("nightly 2",)
        assert operator.run("logs", ids[0], "--follow").code == 0
        aftermath.check(operator, operator.json("status", ids[0]))
    refreshes = [operator.start("refresh", "--quiet") for _ in range(2)]
    for child in refreshes:
        out, err = child.communicate()
        assert (child.returncode, out) == (0, b""), err


@rows.fault(17)
@rows.thorough
def test_nothing_young_is_collected_by_a_clock_a_year_off(operator, injections):
    failed = operator.built("mkdir -p dist; echo it > dist/it.whl; false")
    made = operator.built("mkdir -p dist; echo it > dist/it.whl")
    assert failed["workspace"] and made["artifacts"]
    clocks = [(operator.there, YEAR), (operator.here, YEAR), (operator.there, -YEAR)]
    for clock, seconds in operator.some(injections, 1, clocks):
        with injections.measured():
            clock.set(seconds)
            during = operator.built("true")  # also what a build itself tidies up
            assert operator.json("gc")[0]["removed"] == []
            operator.right()
            assert operator.json("gc")[0]["removed"] == []
        for status in (failed, made, during):
            assert operator.log(status)
        assert operator.run("shell", failed["build_id"], "true").code == 0
    assert operator.run("artifacts", made["build_id"], "--get", operator.home).code == 0


def iso(seconds):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + seconds))
