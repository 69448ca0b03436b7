"""What a machine tells of the builds that it holds: real ones, asked for in each way."""

from __future__ import absolute_import, print_function

import os

import pytest

GONE = "20260101T000000000-0000000a"


def ids(told):
    return [one["build_id"] for one in told["builds"]]


@pytest.fixture
def requests(machine, address):
    """Of three builds that have ended, in the order of their launches."""
    made = [machine.request(address, "true") for _ in range(3)]
    for request in made:
        machine.run(request)
    return made


def test_builds_by_their_ids_are_told_and_others_named(machine, requests):
    first, _, last = [request["build_id"] for request in requests]
    told = machine.ask("builds", {"ids": [last, GONE, first, 7, "../x"]})
    assert ids(told) == [last, first]
    assert told["absent"] == [GONE, 7, "../x"]
    assert told["executors"]["1"]["last"] == last


def test_each_way_to_name_builds_finds_them(machine, requests):
    made = [request["build_id"] for request in requests]
    assert ids(machine.ask("builds", {})) == made[::-1]
    assert ids(machine.ask("builds", {"limit": 2})) == made[:0:-1]
    for text in (made[0], made[0][:-1], made[0][-8:]):
        assert ids(machine.ask("builds", {"build": text})) == [made[0]], text
    assert ids(machine.ask("builds", {"build": made[0][:8], "limit": 1})) == made[-1:]
    for text in ("-", GONE, "../" + made[0]):
        assert ids(machine.ask("builds", {"build": text})) == [], text


def test_a_build_without_a_status_is_no_build(machine, requests):
    os.remove(machine.attempt(requests[2]).status)
    assert ids(machine.ask("builds", {"limit": 1})) == [requests[1]["build_id"]]
    told = machine.ask("builds", {"ids": [requests[2]["build_id"]]})
    assert (ids(told), told["absent"]) == ([], [requests[2]["build_id"]])
