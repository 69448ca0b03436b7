"""What is known of a machine's executors without asking it."""

from __future__ import absolute_import, print_function, unicode_literals

import threading

import pytest

from controller import compat, errors, outlook

MAIN, OTHER = [("git.example.com", "group/shop", "branch", name) for name in ("main", "other")]
FREE = {"busy": False, "build_id": None, "last": None, "holds": False}
STARTED = {"answer": "started"}


class Plan(object):
    """As much of a plan.Plan as an Outlook looks at."""

    def __init__(self, build_id, name="main"):
        self.build_id = build_id
        self.ref = {"kind": "branch", "name": name}
        self.document = {"repository": {"host": "git.example.com", "path": "group/shop"}}


class Machine(object):
    """.questions: how many it was asked."""

    def __init__(self, **executors):
        self.executors = dict((name[1:], dict(FREE, **said)) for name, said in executors.items())
        self.questions = 0

    def ask(self):
        self.questions += 1
        return dict(self.executors)


@pytest.fixture(autouse=True)
def fresh_for_long(monkeypatch):
    """What was told in a test stays fresh, however long the test takes."""
    monkeypatch.setattr(outlook, "FRESH", 3600.0)


@pytest.fixture
def machine():
    return Machine(_1={}, _2={"holds": True, "last": "older"})


@pytest.fixture
def known():
    return outlook.Outlook()


def lately():
    return compat.monotonic() - outlook.FRESH


def test_an_answer_serves_for_a_moment(known, machine):
    said = known.told(MAIN, lately(), machine.ask)
    assert known.told(MAIN, said.since, machine.ask) == said
    assert machine.questions == 1
    known.told(MAIN, said.since + 1, machine.ask)
    assert machine.questions == 2


def test_who_holds_another_ref_is_asked(known, machine):
    known.told(MAIN, lately(), machine.ask)
    machine.executors["1"]["holds"] = True
    assert known.told(OTHER, lately(), machine.ask).executors["1"]["holds"]
    assert machine.questions == 2
    assert not known.told(MAIN, lately(), machine.ask).executors["1"]["holds"]


def test_a_launch_makes_an_executor_busy_and_a_holder_until_its_end_is_seen(known, machine):
    known.told(MAIN, lately(), machine.ask)
    assert known.take("1", Plan("a")) == ""
    known.settle("1", STARTED)
    running = known.told(MAIN, lately(), machine.ask).executors["1"]
    assert running == {"busy": True, "build_id": "a", "last": "a", "holds": True}
    assert known.own("1") and not known.own("2")
    known.ended("1", "another")
    assert known.own("1")
    known.ended("1", "a")
    assert not known.own("1")
    ended = known.told(MAIN, lately(), machine.ask).executors["1"]
    assert ended == {"busy": False, "build_id": None, "last": "a", "holds": True}


def test_a_launch_in_flight_keeps_others_away(known):
    assert known.take("1", Plan("a")) == ""
    assert known.take("1", Plan("b")) == "a"
    known.settle("1", None)
    assert known.take("1", Plan("b")) == ""


def test_an_end_that_is_seen_before_its_launch_is_settled_leaves_it_its_place(known, machine):
    """Another thread saw it: the build was over at once, or it is the end of the attempt before."""
    known.take("1", Plan("a"))
    known.ended("1", "a")
    known.told(MAIN, lately(), machine.ask)
    assert known.take("1", Plan("b")) == "a"
    known.settle("1", STARTED)
    assert known.own("1")


def test_what_a_busy_executor_said_counts(known, machine):
    known.told(MAIN, lately(), machine.ask)
    known.take("1", Plan("a"))
    known.settle("1", {"answer": "busy", "build_id": "b"})
    found = known.told(MAIN, lately(), machine.ask).executors
    assert found["1"]["build_id"] == "b" and found["1"]["busy"]
    known.ended("1", "b")
    assert not known.told(MAIN, lately(), machine.ask).executors["1"]["busy"]


def test_the_machine_knows_better_of_what_it_had_answered_before(known, machine):
    known.take("1", Plan("a"))
    known.settle("1", STARTED)
    assert not known.told(MAIN, lately(), machine.ask).executors["1"]["busy"]
    assert not known.own("1")


def test_an_answer_does_not_undo_a_launch_that_it_can_not_know_of(known, machine):
    def ask():
        known.take("1", Plan("a"))
        known.settle("1", STARTED)
        return machine.ask()

    assert known.told(MAIN, lately(), ask).executors["1"]["busy"]


def test_of_threads_that_want_to_know_at_once_one_asks(known, machine):
    begun, go = threading.Event(), threading.Event()

    def ask():
        begun.set()
        go.wait(60)
        return machine.ask()

    since = lately()
    threads = [threading.Thread(target=known.told, args=(MAIN, since, ask)) for _ in range(8)]
    for thread in threads:
        thread.start()
    begun.wait(60)
    go.set()
    for thread in threads:
        thread.join()
    assert machine.questions == 1


def test_a_machine_that_can_not_be_asked_leaves_nothing_behind(known, machine):
    def fail():
        raise errors.MachineUnreachable("no answer")

    with pytest.raises(errors.MachineUnreachable):
        known.told(MAIN, lately(), fail)
    assert known.told(MAIN, lately(), machine.ask).executors["2"]["holds"]


def test_refs_that_are_not_asked_for_any_more_are_forgotten(known, machine, monkeypatch):
    monkeypatch.setattr(outlook, "FRESH", -1.0)  # all of it is too old at once
    for number in range(50):
        known.told(("h", "p", "branch", "%d" % number), compat.monotonic(), machine.ask)
    assert len(known._holders) < 10
