"""``tristan gc`` and ``tristan refresh``: what they ask for, what a person, cron and a program get."""

from __future__ import absolute_import, print_function, unicode_literals

import json

import pytest

from controller import errors
from tests.controller.cli import fake

REMOVED = {"kind": "images", "name": "build_python:3.12-u0", "bytes": 3 * 1024 * 1024}
REMOVED.update(why="not used for 40 days", age_seconds=3456000)
COLLECTED = {
    "removed": [REMOVED],
    "kept": {"images": 1},
    "busy": [],
    "failed": [],
    "bytes": 3145728,
}
FAILED = {"kind": "mirrors", "name": "mirrors/a.git", "why": "Permission denied\x1b"}
BUSY = {"kind": "refs", "name": "run/1/a", "why": "in use now"}
UNREACHABLE = errors.MachineUnreachable("no answer from 10.0.0.2 port 22", "look at sshd")

REFRESHED = {
    "sent": 0,
    "fetched": [{"address": "a", "name": "x", "commit": "c"}, {"address": "b", "name": "y", "commit": "c"},
                {"address": "b", "name": "z", "commit": "c"}],
    "gone": [],
    "images": [{"name": "i", "renewed": True}, {"name": "j", "renewed": False}],
    "failed": [],
    "gc": dict(COLLECTED, bytes=1288490189),
    "seconds": 12.3,
}  # fmt: skip


class Controller(fake.Controller):
    """:param rows: what every machine says."""

    def __init__(self, *rows):
        fake.Controller.__init__(self)
        self.rows = list(rows)

    def gc(self, machine=None, **question):
        self._called("gc", machine, question)
        return self.rows

    def refresh(self, machine=None, collect=True):
        self._called("refresh", machine, collect)
        return self.rows


def test_gc_shows_what_went_and_the_sum(tristan):
    row = ("builder-1", dict(COLLECTED, busy=[BUSY]), None)
    controller = Controller(row, ("builder-2", dict(COLLECTED, removed=[], bytes=0), None))
    result = tristan("gc", controller=controller)
    assert result.code == 0 and result.err == ""
    heading, thing, first, second = result.out.splitlines()
    assert heading.split() == ["MACHINE", "KIND", "SIZE", "WHAT", "WHY"]
    assert (
        thing.split()
        == "builder-1 images 3.0 MiB build_python:3.12-u0 not used for 40 days".split()
    )
    assert first == "builder-1: 1 thing removed, 3.0 MiB; 1 in use, left alone"
    assert second == "builder-2: 0 things removed, 0 B"
    question = {"dry_run": False, "older_than": 30 * 86400, "most_bytes": None, "what": None}
    assert controller.calls == [("gc", None, question)]


def test_gc_asks_for_what_the_options_say(tristan):
    controller = Controller(("builder-1", COLLECTED, None))
    words = "gc builder-1 --dry-run --older-than 2d --max-size 20g --only images --only caches"
    result = tristan(*words.split(), controller=controller)
    question = {
        "dry_run": True,
        "older_than": 2 * 86400,
        "most_bytes": 20 * 1024**3,
        "what": ["images", "caches"],
    }
    assert controller.calls == [("gc", "builder-1", question)]
    assert result.out.endswith("builder-1: 1 thing would go, 3.0 MiB\n")


@pytest.mark.parametrize(
    "words", ["--older-than soon", "--max-size 5x", "--only everything", "builder-9"]
)
def test_gc_refuses_what_it_does_not_understand(tristan, words):
    controller = Controller()
    result = tristan("gc", *words.split(), controller=controller)
    assert result.code == 2 and controller.calls == []


@pytest.mark.parametrize(
    "row, said",
    [(("builder-2", None, UNREACHABLE), "builder-2: no answer from 10.0.0.2 port 22\n"),
     (("builder-2", dict(COLLECTED, failed=[FAILED]), None),
      "builder-2: could not remove mirrors/a.git: Permission denied\n")],
)  # fmt: skip
def test_gc_ends_with_3_when_something_failed(tristan, row, said):
    result = tristan("gc", controller=Controller(("builder-1", COLLECTED, None), row))
    assert result.code == 3 and said in result.err
    assert "builder-1: 1 thing removed" in result.out


def test_gc_as_json(tristan):
    rows = [("builder-1", COLLECTED, None), ("builder-2", None, UNREACHABLE)]
    result = tristan("gc", "--json", controller=Controller(*rows))
    first, second = json.loads(result.out)
    assert first == dict(COLLECTED, machine="builder-1", error=None)
    assert second["error"]["cause"] == "unreachable" and result.code == 3


def test_refresh_says_one_line_for_a_machine(tristan):
    new = dict(REFRESHED, sent=3, fetched=[], images=[], gc=None, seconds=0.5)
    controller = Controller(("builder-1", REFRESHED, None), ("builder-2", new, None))
    result = tristan("refresh", "--no-gc", controller=controller)
    assert result.code == 0 and result.err == ""
    assert result.out.splitlines() == [
        "builder-1  release current, 3 branches of 2 repositories fetched, 1 image renewed, 1.2 GiB freed, 12s",
        "builder-2  3 files of scripts sent, 0.5s",
    ]
    assert controller.calls == [("refresh", None, False)]


def test_refresh_for_cron_says_failures_alone(tristan):
    failure = {
        "what": "http://git/a.git main",
        "cause": "repository_unavailable",
        "message": "git could not read",
    }
    failed = dict(REFRESHED, failed=[failure], gc=dict(COLLECTED, failed=[FAILED]))
    rows = [
        ("builder-1", REFRESHED, None),
        ("builder-2", failed, None),
        ("builder-3", None, UNREACHABLE),
    ]
    result = tristan("refresh", "--quiet", controller=Controller(*rows))
    assert result.code == 3 and result.out == ""
    assert result.err.splitlines()[:3] == [
        "builder-2: http://git/a.git main: git could not read",
        "builder-2: could not remove mirrors/a.git: Permission denied",
        "builder-3  no answer from 10.0.0.2 port 22",
    ]


def test_another_refresh_is_no_failure(tristan):
    controller = Controller(
        ("builder-1", None, errors.Busy("builder-1: another refresh runs there"))
    )
    assert tristan("refresh", "--quiet", controller=controller) == (0, "", "")
    result = tristan("refresh", controller=controller)
    assert (result.code, "another refresh runs" in result.err) == (0, True)


def test_refresh_as_json(tristan):
    result = tristan(
        "refresh", "--json", "builder-1", controller=Controller(("builder-1", REFRESHED, None))
    )
    assert json.loads(result.out) == [dict(REFRESHED, machine="builder-1", error=None)]
