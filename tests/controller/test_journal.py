"""The journal: written before a launch, found again after a crash."""

from __future__ import absolute_import, print_function, unicode_literals

import os

import pytest

from controller import documents, journal
from controller.state import State
from tests.faults import rows

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
    state.journal.intend(entry(1), {})
    found = State(state.directory).journal.read(entry(1)["build_id"])
    assert found == dict(entry(1), stage="intended")


def test_a_launch_is_confirmed_and_its_place_remembered(state):
    kept = state.journal
    kept.intend(entry(1), {})
    assert kept.last_place("shop", MAIN) == (None, None)
    kept.confirm(entry(1)["build_id"])
    assert kept.read(entry(1)["build_id"])["stage"] == "launched"
    assert kept.last_place("shop", MAIN) == ("builder-1", "2")
    assert kept.last_place("shop", dict(MAIN, name="other")) == (None, None)
    assert kept.last_place("shop", dict(MAIN, kind="tag")) == (None, None)


def test_a_withdrawn_launch_holds_no_place(state):
    kept = state.journal
    kept.intend(entry(1), {})
    kept.withdraw(entry(1)["build_id"])
    assert kept.read(entry(1)["build_id"])["stage"] == "refused"
    assert kept.last_place("shop", MAIN) == (None, None)


def test_a_launch_that_was_not_written_down_is_withdrawn_without_a_trace(state):
    state.journal.withdraw(entry(1)["build_id"])
    assert state.journal.read(entry(1)["build_id"]) == {}
    assert state.journal.open_ids() == []


def test_ids_are_found_by_their_beginning_and_their_digits_newest_first(state):
    kept = state.journal
    ids = [entry(number)["build_id"] for number in (3, 1, 2)]
    for number in (3, 1, 2):
        kept.intend(entry(number), {})
    assert kept.build_ids() == sorted(ids, reverse=True)
    assert kept.build_ids("20261121T000000002") == [entry(2)["build_id"]]
    assert kept.build_ids("00000003") == [entry(3)["build_id"]]
    assert kept.build_ids("2027") == []


def test_an_id_that_is_a_path_is_refused(state):
    with pytest.raises(ValueError):
        state.journal.read("../../etc/passwd")


@rows.hostile(9)
def test_a_damaged_entry_is_as_none(state):
    state.journal.intend(entry(1), {})
    path = os.path.join(state.directory, "builds", entry(1)["build_id"] + ".json")
    with open(path, "w") as opened:
        opened.write("{")
    assert state.journal.read(entry(1)["build_id"]) == {}


def test_the_oldest_entries_go(state, monkeypatch):
    monkeypatch.setattr(journal, "KEPT", 3)
    monkeypatch.setattr(journal, "SLACK", 2)
    for number in range(1, 7):
        state.journal.intend(entry(number), {})
        if number < 4:
            state.journal.accept(entry(number)["build_id"], {"steps": []})
            state.journal.close(entry(number)["build_id"])
    assert state.journal.build_ids() == [entry(number)["build_id"] for number in (6, 5, 4)]
    assert os.listdir(os.path.join(state.directory, "ends")) == []


def test_an_open_entry_stays_however_many_are_newer(state, monkeypatch):
    """A build that waits for an executor has the id of the time when it was asked for."""
    monkeypatch.setattr(journal, "KEPT", 3)
    monkeypatch.setattr(journal, "SLACK", 2)
    for number in range(2, 7):
        state.journal.intend(entry(number), {})
        state.journal.close(entry(number)["build_id"])
    state.journal.intend(entry(1), {})
    state.journal.confirm(entry(1)["build_id"])
    assert state.journal.read(entry(1)["build_id"])["stage"] == "launched"
    assert state.journal.build_ids() == [entry(number)["build_id"] for number in (6, 5, 4, 1)]


def test_an_entry_is_open_until_it_is_refused_or_closed(state):
    kept = state.journal
    assert kept.open_ids() == []
    for number in (3, 1, 2):
        kept.intend(entry(number), {})
    kept.confirm(entry(1)["build_id"])
    assert kept.open_ids() == [entry(number)["build_id"] for number in (1, 2, 3)]
    kept.withdraw(entry(2)["build_id"])
    kept.accept(entry(1)["build_id"], {"steps": []})
    assert kept.open_ids() == [entry(number)["build_id"] for number in (1, 3)]
    kept.close(entry(1)["build_id"])
    kept.close(entry(1)["build_id"])
    assert kept.open_ids() == [entry(3)["build_id"]]


def test_an_accepted_end_stays_whoever_writes_the_entry_then(state):
    kept = state.journal
    kept.intend(entry(1), {})
    kept.accept(entry(1)["build_id"], {"tags": ["latest"], "steps": []})
    kept.confirm(entry(1)["build_id"])
    found = kept.read(entry(1)["build_id"])
    assert (found["stage"], found["end"]) == ("accepted", {"tags": ["latest"], "steps": []})
    assert kept.last_place("shop", MAIN) == ("builder-1", "2")


def test_what_was_accepted_last_is_kept_by_name(state):
    assert state.journal.accepted("shop-main") == {}
    state.journal.write_accepted("shop-main", {"newest": {}})
    assert state.journal.accepted("shop-main") == {"newest": {}}
    assert state.journal.accepted("shop-other") == {}


def test_a_claim_is_held_by_one(state):
    with state.journal.claim("shop-main", 0) as held:
        with state.journal.claim("shop-main", 0.1) as again:
            with state.journal.claim("shop-other", 0) as other:
                assert (held, again, other) == (True, False, True)
    with state.journal.claim("shop-main", 0) as held:
        assert held


def test_an_entry_that_is_pruned_while_it_is_read_is_accepted_or_gone(state, monkeypatch):
    kept = state.journal
    kept.intend(entry(1), {})
    kept.accept(entry(1)["build_id"], {"steps": []})
    assert kept.read(entry(1)["build_id"])["stage"] == "accepted"
    read = journal.Journal._read

    def pruned_behind(*arguments):
        found = read(*arguments)
        for directory in ("builds", "ends"):
            documents.remove(
                os.path.join(state.directory, directory, entry(1)["build_id"] + ".json")
            )
        return found

    monkeypatch.setattr(journal.Journal, "_read", pruned_behind)
    assert kept.read(entry(1)["build_id"]) == {}
