"""The journal: written before a launch, found again after a crash."""

from __future__ import absolute_import, print_function, unicode_literals

import os

import pytest

from controller import journal
from controller.state import State

MAIN = {"kind": "branch", "name": "main", "commit": ""}


@pytest.fixture
def state(tmpdir):
    return State(str(tmpdir.join("state")))


def entry(number, **changes):
    made = {
        "build_id": "20261121T%09d-%08x" % (number, number),
        "attempt": 1,
        "machine": "builder-1",
        "executor_id": "2",
        "project": "shop",
        "ref": MAIN,
        "requested_at": "2026-11-21T06:55:12.123Z",
    }
    return dict(made, **changes)


def test_an_intention_survives_the_one_who_had_it(state):
    state.journal.intend(entry(1))
    found = State(state.directory).journal.read(entry(1)["build_id"])
    assert found == dict(entry(1), stage="intended")


def test_a_launch_is_confirmed_and_its_place_remembered(state):
    kept = state.journal
    kept.intend(entry(1))
    assert kept.last_place("shop", MAIN) == (None, None)
    kept.confirm(entry(1)["build_id"])
    assert kept.read(entry(1)["build_id"])["stage"] == "launched"
    assert kept.last_place("shop", MAIN) == ("builder-1", "2")
    assert kept.last_place("shop", dict(MAIN, name="other")) == (None, None)
    assert kept.last_place("shop", dict(MAIN, kind="tag")) == (None, None)


def test_a_withdrawn_launch_holds_no_place(state):
    kept = state.journal
    kept.intend(entry(1))
    kept.withdraw(entry(1)["build_id"])
    assert kept.read(entry(1)["build_id"])["stage"] == "refused"
    assert kept.last_place("shop", MAIN) == (None, None)


def test_ids_are_found_by_their_beginning_and_their_digits_newest_first(state):
    kept = state.journal
    ids = [entry(number)["build_id"] for number in (3, 1, 2)]
    for number in (3, 1, 2):
        kept.intend(entry(number))
    assert kept.build_ids() == sorted(ids, reverse=True)
    assert kept.build_ids("20261121T000000002") == [entry(2)["build_id"]]
    assert kept.build_ids("00000003") == [entry(3)["build_id"]]
    assert kept.build_ids("2027") == []


def test_an_id_that_is_a_path_is_refused(state):
    with pytest.raises(ValueError):
        state.journal.read("../../etc/passwd")


def test_a_damaged_entry_is_as_none(state):
    state.journal.intend(entry(1))
    path = os.path.join(state.directory, "builds", entry(1)["build_id"] + ".json")
    with open(path, "w") as opened:
        opened.write("{")
    assert state.journal.read(entry(1)["build_id"]) == {}


def test_the_oldest_entries_go(state, monkeypatch):
    monkeypatch.setattr(journal, "KEPT", 3)
    monkeypatch.setattr(journal, "SLACK", 2)
    for number in range(1, 7):
        state.journal.intend(entry(number))
    assert state.journal.build_ids() == [entry(number)["build_id"] for number in (6, 5, 4)]
