"""Ends are accepted once each: against a real registry, a real receiver and journals of several tristans."""

from __future__ import absolute_import, print_function, unicode_literals

import collections
import json
import os
import subprocess
import sys
import threading

import pytest

from controller import accept, catch_up, follow_up, late, newest, steps, web
from controller import requeue as requeues
from controller.journal import Journal
from controller.settings import DockerRegistry, Notify
from tests.controller import statuses
from tests.faults import rows
from tests.lab import answering, process, push

Settings = collections.namedtuple("Settings", "path projects docker_registries smtp")
Project = collections.namedtuple("Project", "notify")
MAIN = {"kind": "branch", "name": "main", "commit": ""}
REPOSITORY = "team/shop-main"
OK = (204, {}, b"")


def build_id(number):
    return "20200101T%09d-%08x" % (number, number)


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(web, "PAUSES", (0.01, 0.02))


class Operator(object):
    """An operator's side: the journal, the settings, what was said; `tristan` is another process on it."""

    def __init__(self, directory, registry_address):
        self.directory = directory
        self.registry = registry_address
        self.notify = ()
        self.notes = []
        self.logs = []
        self.moving = ("latest", "branch")

    @property
    def journal(self):
        return Journal(self.directory, self.notes.append)

    @property
    def settings(self):
        registry = DockerRegistry(
            "main", self.registry, "team", "", None, False, None, self.moving, ""
        )
        return Settings("/x/tristan.yml", {"shop": Project(self.notify)}, {"main": registry}, None)

    def tristan(self):
        requeue = requeues.Requeue(self.settings, self.journal, {}, None, self.notes.append)
        gone = late.Late(self.journal, None, self.notes.append)
        return accept.Acceptance(self.journal, self.follow_up(), self.notes.append, requeue, gone)

    def follow_up(self):
        return follow_up.FollowUp(self.settings, self.journal, self._read_log, self.notes.append)

    def _read_log(self, machine, status):
        self.logs.append((machine, status["build_id"]))
        return "last line\n"

    def launch(self, number, **changes):
        """Journal a build as launched."""
        made = {
            "build_id": build_id(number),
            "attempt": 1,
            "machine": "builder-1",
            "executor_id": "1",
            "project": "shop",
            "ref": MAIN,
            "requested_at": "2026-11-21T06:55:12.123Z",
            "publish": {"registry": "main", "image": self.image(number)},
            "moves_tags": True,
            "notify": [],
        }
        self.journal.intend(dict(made, **changes), {})
        self.journal.confirm(dict(made, **changes)["build_id"])

    def image(self, number):
        return "%s/%s:%s_202611210655" % (self.registry, REPOSITORY, build_id(number))

    def end(self, number, digest=None, state="success", machine="builder-1", **changes):
        """(machine, status) as a machine gives it"""
        if digest:
            image = {"image": self.image(number), "id": "sha256:" + "1" * 64, "digest": digest}
            changes.setdefault("app_image", image)
        return machine, statuses.ended(build_id(number), state, **changes)


@pytest.fixture
def lab(make_registry):
    return make_registry()


@pytest.fixture
def operator(tmpdir, lab):
    return Operator(str(tmpdir.join("state")), lab.address)


@pytest.fixture
def plain(tmpdir):
    """An operator whose builds push nothing."""
    return Operator(str(tmpdir.join("state")), "127.0.0.1:1")


def webhook(receiver, on="always"):
    return Notify("webhook", receiver.url, None, on)


def told(receiver):
    """:returns: list of (build id, state, previous state)"""
    documents = [json.loads(request.body.decode("utf-8")) for request in receiver.requests]
    return [(one["build_id"], one["state"], one["previous_state"]) for one in documents]


def push_image(lab, number):
    return push.image(lab, REPOSITORY, "%s_202611210655" % build_id(number))


# --- tags ---


def test_a_successful_end_moves_the_tags_once(operator, lab):
    operator.launch(1)
    digest = push_image(lab, 1)
    (status,) = operator.tristan().take([operator.end(1, digest)])
    assert status["app_image"]["tags"] == ["latest", "main"]
    assert [lab.digest(REPOSITORY, tag) for tag in ("latest", "main")] == [digest] * 2
    entry = operator.journal.read(build_id(1))
    assert (entry["stage"], entry["end"]["steps"]) == ("accepted", [])
    assert operator.journal.open_ids() == []
    before = len(lab.access_log())
    (again,) = operator.tristan().take([operator.end(1, digest)])
    assert again["app_image"]["tags"] == ["latest", "main"]
    assert len(lab.access_log()) == before
    assert operator.notes == []


def test_a_running_build_and_one_of_another_controller_are_let_alone(operator, lab):
    operator.launch(1)
    digest = push_image(lab, 1)
    running = operator.end(1, digest, "running")
    stranger = operator.end(2, digest)
    found = operator.tristan().take([running, stranger])
    assert [one["app_image"]["tags"] for one in found] == [[], []]
    assert operator.journal.open_ids() == [build_id(1)]
    assert lab.digest(REPOSITORY, "latest") == ""


@pytest.mark.parametrize(
    "changes",
    [
        {"attempt": 2},
        {"executor_id": "2"},
        {"machine": "builder-2"},
        {"project": "other"},
        {"ref": dict(MAIN, kind="tag")},
        {"ref": dict(MAIN, name="other")},
    ],
)
def test_only_the_attempt_that_was_launched_is_accepted(operator, lab, changes):
    operator.launch(1)
    digest = push_image(lab, 1)
    (status,) = operator.tristan().take([operator.end(1, digest, **changes)])
    assert status["app_image"]["tags"] == []
    assert lab.digest(REPOSITORY, "latest") == ""
    assert operator.journal.read(build_id(1))["stage"] == "launched"
    operator.tristan().take([operator.end(1, digest)])
    assert lab.digest(REPOSITORY, "latest") == digest


def test_an_intended_build_that_did_start_is_accepted_too(operator, lab):
    operator.launch(1)
    entry = operator.journal.read(build_id(1))
    operator.journal.intend(dict((key, entry[key]) for key in entry if key != "stage"), {})
    digest = push_image(lab, 1)
    operator.tristan().take([operator.end(1, digest)])
    assert lab.digest(REPOSITORY, "main") == digest


@pytest.mark.parametrize("state", ["failed", "error", "timeout", "cancelled", "lost"])
def test_no_other_end_moves_tags(operator, lab, state):
    operator.launch(1)
    digest = push_image(lab, 1)
    operator.tristan().take([operator.end(1, digest, state)])
    assert lab.digest(REPOSITORY, "latest") == ""
    assert operator.journal.open_ids() == []


def test_tags_never_move_backwards(operator, lab):
    for number in (1, 2):
        operator.launch(number)
    older, newer = push_image(lab, 1), push_image(lab, 2)
    operator.tristan().take([operator.end(2, newer)])
    (status,) = operator.tristan().take([operator.end(1, older)])
    assert status["app_image"]["tags"] == []
    assert lab.digest(REPOSITORY, "latest") == newer
    assert operator.journal.open_ids() == []


def test_a_newer_build_without_an_image_holds_no_tags_up(operator, lab):
    for number in (1, 2):
        operator.launch(number)
    older = push_image(lab, 1)
    operator.tristan().take([operator.end(2, state="failed")])
    operator.tristan().take([operator.end(1, older)])
    assert lab.digest(REPOSITORY, "latest") == older


@rows.fault(17)
def test_a_build_from_the_future_holds_no_tags_up(operator, lab):
    future = "29990101T000000000-00000001"
    operator.launch(1)
    operator.journal.write_accepted(
        "shop-main", {"tagged": {"%s/%s" % (lab.address, REPOSITORY): future}}
    )
    digest = push_image(lab, 1)
    operator.tristan().take([operator.end(1, digest)])
    assert lab.digest(REPOSITORY, "latest") == digest


def test_a_repetition_of_an_old_build_moves_no_tags(operator, lab):
    operator.launch(1, moves_tags=False)
    digest = push_image(lab, 1)
    operator.tristan().take([operator.end(1, digest)])
    assert lab.digest(REPOSITORY, "latest") == ""
    assert operator.journal.open_ids() == []


def test_an_image_that_was_not_asked_for_gets_no_tag(operator, lab):
    operator.launch(1)
    digest = push.image(lab, "team/other", "1")
    image = {"image": lab.address + "/team/other:1", "id": "", "digest": digest}
    operator.tristan().take([operator.end(1, digest, app_image=image)])
    assert lab.tags("team/other") == ["1"]
    assert "team/other:1, which was not asked for" in operator.notes[0]


@pytest.mark.parametrize(
    "ref, moving, tags",
    [
        (MAIN, ("latest", "branch"), ["latest", "main"]),
        (MAIN, ("latest",), ["latest"]),
        (MAIN, ("branch",), ["main"]),
        (MAIN, (), []),
        (dict(MAIN, name="latest"), ("latest", "branch"), ["latest"]),
        (dict(MAIN, kind="tag", name="v1"), ("latest", "branch"), ["latest"]),
        (dict(MAIN, kind="tree", name="main"), ("latest", "branch"), []),
    ],
)
def test_which_tags_move(ref, moving, tags):
    assert newest.moving_tags(moving, ref) == tags


def test_a_branch_s_tag_is_legal_and_its_own():
    first, second = [
        newest.moving_tags(["branch"], dict(MAIN, name=name))[0] for name in ("A/b", "a/b")
    ]
    assert first != second
    assert first.startswith("a-b__")


def test_a_registry_that_is_down_is_tried_again_later_and_not_at_once(operator, lab, monkeypatch):
    operator.launch(1)
    digest = push_image(lab, 1)
    lab.stop()
    (status,) = operator.tristan().take([operator.end(1, digest)])
    assert (status["state"], status["app_image"]["tags"]) == ("success", [])
    (note,) = operator.notes
    assert note.startswith("shop branch main: the registry") and "tried again at a later" in note
    lab.start()
    operator.tristan().take([])  # too soon
    assert (operator.journal.open_ids(), lab.digest(REPOSITORY, "latest")) == ([build_id(1)], "")
    pass_time(monkeypatch, 61)
    operator.tristan().take([])  # its machine need not answer for that
    assert lab.digest(REPOSITORY, "latest") == digest
    assert operator.journal.open_ids() == []


def test_a_retry_is_superseded_by_a_newer_build(operator, lab, monkeypatch):
    for number in (1, 2):
        operator.launch(number)
    older, newer = push_image(lab, 1), push_image(lab, 2)
    lab.stop()
    operator.tristan().take([operator.end(1, older)])
    lab.start()
    operator.tristan().take([operator.end(2, newer)])
    pass_time(monkeypatch, 61)
    operator.tristan().take([])
    assert lab.digest(REPOSITORY, "latest") == newer
    assert operator.journal.open_ids() == []


def pass_time(monkeypatch, seconds):
    now = accept.time.time() + seconds
    monkeypatch.setattr(accept.time, "time", lambda: now)


# --- notifications ---


def test_an_end_is_told_once_with_the_tags_that_were_set(operator, lab):
    with answering.Server([OK]) as receiver:
        operator.notify = (webhook(receiver),)
        operator.launch(1)
        digest = push_image(lab, 1)
        for _ in range(3):
            operator.tristan().take([operator.end(1, digest)])
        (request,) = receiver.requests
        document = json.loads(request.body.decode("utf-8"))
    assert document["app_image"]["tags"] == ["latest", "main"]
    assert document["log_end"] == "last line"
    assert operator.logs == [("builder-1", build_id(1))]


def test_nobody_to_tell_reads_no_log(plain):
    plain.launch(1)
    plain.tristan().take([plain.end(1)])
    assert plain.logs == []


def test_who_was_named_for_one_build_is_told_of_that_one(plain):
    with answering.Server([OK]) as receiver:
        plain.launch(1, notify=[receiver.url])
        plain.launch(2)
        plain.tristan().take([plain.end(1, state="failed"), plain.end(2, state="failed")])
        assert told(receiver) == [(build_id(1), "failed", "")]


def test_a_change_is_a_change_to_the_build_before(plain):
    states = ["success", "success", "failed", "failed", "success"]
    with answering.Server([OK]) as receiver:
        plain.notify = (webhook(receiver, "change"),)
        for number, state in enumerate(states):
            plain.launch(number)
            plain.tristan().take([plain.end(number, state=state)])
        assert told(receiver) == [
            (build_id(2), "failed", "success"),
            (build_id(4), "success", "failed"),
        ]


def test_an_older_build_that_ends_later_is_no_change(plain):
    with answering.Server([OK]) as receiver:
        plain.notify = (webhook(receiver, "change"),)
        for number in (1, 2, 3):
            plain.launch(number)
        for number, state in ((1, "success"), (3, "success"), (2, "failed")):
            plain.tristan().take([plain.end(number, state=state)])
        assert told(receiver) == []
        plain.launch(4)
        plain.tristan().take([plain.end(4, state="failed")])
        assert told(receiver) == [(build_id(4), "failed", "success")]


def test_a_receiver_that_is_down_is_tried_again_a_bounded_number_of_times(plain, monkeypatch):
    with answering.Server([(404, {}, b"")]) as receiver:
        plain.notify = (webhook(receiver),)
        plain.launch(1)
        plain.tristan().take([plain.end(1)])
        for _ in range(10):
            pass_time(monkeypatch, 3601)
            plain.tristan().take([])
        deliveries = set(request.headers["x-tristan-delivery"] for request in receiver.requests)
        assert (len(receiver.requests), len(deliveries)) == (steps.MOST_TRIES["notify"], 1)
    assert len(plain.notes) == steps.MOST_TRIES["notify"]
    assert plain.notes[-1].endswith("given up")
    assert plain.journal.open_ids() == []


def test_who_is_told_no_more_is_not_told(plain, monkeypatch):
    with answering.Server([(404, {}, b"")]) as receiver:
        plain.notify = (webhook(receiver),)
        plain.launch(1)
        plain.tristan().take([plain.end(1)])
        plain.notify = ()
        pass_time(monkeypatch, 3601)
        plain.tristan().take([])
        assert len(receiver.requests) == 1
    assert plain.journal.open_ids() == []


# --- several, and dying ones ---


class Killed(BaseException):
    """What no handler catches: as good as SIGKILL."""


def killed(*_, **__):
    raise Killed()


@pytest.mark.parametrize("seen_again", [False, True])
@pytest.mark.parametrize("point", ["write_accepted", "accept", "close"])
@pytest.mark.parametrize("after", [False, True])
def test_who_dies_between_two_steps_leaves_them_to_the_next(
    operator, lab, monkeypatch, point, after, seen_again
):
    operator.launch(0)
    operator.tristan().take([operator.end(0, state="failed")])
    step = getattr(Journal, point)

    def dies(*arguments):
        if after:
            step(*arguments)
        raise Killed()

    with answering.Server([OK]) as receiver:
        operator.notify = (webhook(receiver, "change"),)
        operator.launch(1)
        digest = push_image(lab, 1)
        monkeypatch.setattr(Journal, point, dies)
        with pytest.raises(Killed):
            operator.tristan().take([operator.end(1, digest)])
        monkeypatch.undo()
        pass_time(monkeypatch, 61)
        accepted = operator.journal.read(build_id(1))["stage"] == "accepted"
        operator.tristan().take([] if accepted and not seen_again else [operator.end(1, digest)])
        assert told(receiver) == [(build_id(1), "success", "failed")]
    assert lab.digest(REPOSITORY, "latest") == digest
    assert operator.journal.open_ids() == []


def test_who_dies_while_sending_sends_again_with_the_same_delivery(plain, monkeypatch):
    with answering.Server([OK]) as receiver:
        plain.notify = (webhook(receiver),)
        plain.launch(1)
        monkeypatch.setattr("controller.web.read", killed)
        with pytest.raises(Killed):
            plain.tristan().take([plain.end(1)])
        monkeypatch.undo()
        pass_time(monkeypatch, 61)
        plain.tristan().take([])
        deliveries = [request.headers["x-tristan-delivery"] for request in receiver.requests]
    assert len(deliveries) == 2 and len(set(deliveries)) == 1


def test_of_many_at_once_one_accepts(operator, lab):
    with answering.Server([OK]) as receiver:
        operator.notify = (webhook(receiver),)
        operator.launch(1)
        digest = push_image(lab, 1)
        begin = threading.Event()

        def contact():
            begin.wait()
            operator.tristan().take([operator.end(1, digest)], 10.0)

        threads = [threading.Thread(target=contact) for _ in range(8)]
        for thread in threads:
            thread.start()
        begin.set()
        for thread in threads:
            thread.join()
        assert len(receiver.requests) == 1
    puts = [line for line in lab.access_log() if "PUT" in line and "manifests/latest" in line]
    assert len(puts) == 1
    assert operator.notes == []


def test_an_end_is_not_accepted_of_an_attempt_that_another_tristan_replaces_just_then(
    plain, monkeypatch
):
    """Of two that see an end at once one may find no place for another attempt, and the other one find it."""
    plain.launch(1)
    with plain.journal.lease(build_id(1)) as held:
        assert held
        plain.tristan().take([plain.end(1, state="failed")])
    assert plain.journal.read(build_id(1))["stage"] == "launched"

    def after(self, entry, status, patience):
        plain.launch(1, attempt=2, machine="builder-2")
        return False

    monkeypatch.setattr(requeues.Requeue, "after", after)
    plain.tristan().take([plain.end(1, state="failed")])
    entry = plain.journal.read(build_id(1))
    assert (entry["stage"], entry["attempt"]) == ("launched", 2)
    assert plain.journal.open_ids() == [build_id(1)]


def test_a_silent_build_whose_end_was_heard_just_then_is_not_tried_again(plain, monkeypatch):
    plain.launch(1)
    requeue = requeues.Requeue(plain.settings, plain.journal, {}, None, plain.notes.append)

    def may(entry):
        plain.tristan().take([plain.end(1)])
        return True

    monkeypatch.setattr(requeue, "_may", may)
    monkeypatch.setattr(requeue, "_follow", killed)
    assert not requeue.elsewhere(build_id(1))
    assert plain.journal.late() == []


HOLDER = """
import sys, time
from controller.journal import Journal
with Journal(sys.argv[1], None).claim("shop-main", 0) as held:
    print(held)
    sys.stdout.flush()
    time.sleep(300)
"""


def test_while_another_process_accepts_nothing_is_done_twice_and_its_death_lets_go(plain):
    plain.launch(1)
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, plain.directory],
        stdout=subprocess.PIPE,
        env=process.merged_environment({"PYTHONPATH": os.getcwd()}),
    )
    try:
        assert holder.stdout.readline().strip() == b"True"
        plain.tristan().take([plain.end(1)], 0.1)
        assert plain.journal.read(build_id(1))["stage"] == "launched"
    finally:
        holder.kill()
        holder.wait()
        holder.stdout.close()
    plain.tristan().take([plain.end(1)])
    assert plain.journal.read(build_id(1))["stage"] == "accepted"


def test_what_was_launched_while_its_end_was_accepted_stays_accepted(plain):
    plain.launch(1)
    plain.tristan().take([plain.end(1)])
    plain.journal.confirm(build_id(1))
    assert plain.journal.read(build_id(1))["stage"] == "accepted"


def test_a_state_directory_that_can_not_be_written_changes_no_outcome(plain):
    plain.launch(1)
    with answering.Server([OK]) as receiver:
        plain.notify = (webhook(receiver),)
        blocked = os.path.join(plain.directory, "ends")
        open(blocked, "w").close()
        (status,) = plain.tristan().take([plain.end(1)])
        assert status["state"] == "success"
        assert "can't be accepted: " in plain.notes[0] and "ends" in plain.notes[0]
        assert receiver.requests == []
        os.unlink(blocked)
        plain.tristan().take([plain.end(1)])
        assert len(receiver.requests) == 1


# --- builds nobody hears of ---


def test_builds_that_wait_are_known_by_machine(plain):
    plain.launch(1)
    plain.launch(2, machine="builder-2")
    plain.launch(3)
    plain.tristan().take([plain.end(3)])
    plain.launch(4)
    plain.journal.withdraw(build_id(4))
    waiting = plain.tristan().waiting()
    assert {"builder-1": [build_id(1)], "builder-2": [build_id(2)]} == dict(
        (machine, list(found)) for machine, found in waiting.items()
    )
    assert waiting["builder-2"][build_id(2)] == plain.journal.read(build_id(2))


def test_a_build_that_its_machine_does_not_know_is_given_up_after_a_while(plain):
    recent = newest.clock(accept.time.time() - 60) + "000-00000001"
    plain.launch(1)
    plain.launch(2, build_id=recent)
    for one in (build_id(1), recent):
        plain.tristan().absent("builder-1", one, plain.journal.read(one))
    assert plain.journal.open_ids() == [recent]


def test_a_build_that_is_launched_while_its_machine_is_asked_is_not_given_up(plain):
    """One that had to wait for an executor has an old id."""
    plain.launch(1)
    entry = plain.journal.read(build_id(1))
    plain.journal.intend(dict((key, entry[key]) for key in entry if key != "stage"), {})

    def ask(machine, ids):
        plain.journal.confirm(build_id(1))
        return [], ids

    catch_up.catch_up(plain.tristan(), ask, ["builder-1"], ())
    assert plain.journal.open_ids() == [build_id(1)]


def test_an_open_mark_without_an_entry_goes(plain):
    plain.launch(1)
    os.unlink(os.path.join(plain.directory, "builds", build_id(1) + ".json"))
    plain.tristan().take([])
    assert plain.journal.open_ids() == []


# --- attempts that are late ---


def test_a_silent_attempt_that_comes_back_before_it_is_replaced_goes_on(plain):
    """The mark is left before a place for another attempt is looked for, and there may be none."""
    plain.launch(1)
    cancelled = []
    gone = late.Late(plain.journal, lambda *told: cancelled.append(told[:3]), plain.notes.append)
    plain.journal.mark_late(build_id(1), 1, "builder-1")
    gone.take([plain.end(1, state="running")])
    entry = dict(plain.journal.read(build_id(1)), attempt=2, machine="builder-2")
    plain.journal.intend(entry, {})
    gone.take([plain.end(1, state="running")])
    assert cancelled == []
    plain.journal.confirm(build_id(1))
    gone.take([plain.end(1, state="running")])
    assert cancelled == [("builder-1", build_id(1), 1)]
    gone.take([plain.end(1, state="cancelled")])
    assert "ended with cancelled: refused" in plain.notes[-1]
    assert gone.waiting() == []


def test_a_mark_of_a_tristan_that_died_before_it_replaced_the_attempt_goes_with_its_end(plain):
    plain.launch(1)
    plain.journal.mark_late(build_id(1), 1, "builder-1")
    plain.tristan().take([plain.end(1)])
    assert plain.journal.read(build_id(1))["stage"] == "accepted"
    assert (plain.journal.late(), plain.notes) == ([], [])


# --- told again ---


def test_a_past_end_is_told_again_to_all_or_to_whom_is_named(plain):
    with answering.Server([OK]) as receiver, answering.Server([(404, {}, b"")]) as other:
        plain.notify = (webhook(receiver, "success"),)
        plain.launch(0)
        plain.launch(1, notify=[other.url])
        plain.tristan().take([plain.end(0), plain.end(1, state="failed")])
        assert told(receiver) == [(build_id(0), "success", "")]
        machine, status = plain.end(1, state="failed")
        found = plain.follow_up().tell(machine, status)
        assert [name for name, _ in found] == [
            "the webhook at " + receiver.url,
            "the webhook at " + other.url,
        ]
        assert found[0][1] is None and "it answered 404" in found[1][1].message
        assert told(receiver)[1:] == [(build_id(1), "failed", "success")]
        assert plain.follow_up().tell(machine, status, [receiver.url])[0][1] is None
        assert len(receiver.requests) == 3
        deliveries = set(one.headers["x-tristan-delivery"] for one in receiver.requests)
        assert len(deliveries) == 3


def test_a_build_that_runs_is_read_once_and_not_at_each_end_beside_it(plain, monkeypatch):
    """With hundreds of watched builds that was most of what they cost."""
    for number in range(1, 6):
        plain.launch(number)
    tristan, read, real = plain.tristan(), [], Journal.read

    def counted(self, name):
        read.append(name)
        return real(self, name)

    monkeypatch.setattr(Journal, "read", counted)
    tristan.take([plain.end(1)])
    assert set(read) == set(build_id(number) for number in range(1, 6))
    del read[:]
    tristan.take([plain.end(2)])
    assert set(read) == {build_id(2)}
    plain.tristan().take([plain.end(3)])
    del read[:]
    tristan.take([plain.end(4)])
    assert set(read) == {build_id(4)}
    assert plain.journal.open_ids() == [build_id(5)]


def test_of_those_that_watch_one_a_second_looks_at_what_others_left(plain, monkeypatch):
    """What hundreds cost that end at once would grow with their square otherwise."""
    monkeypatch.setattr(accept, "GOING_ON", 600.0)
    plain.launch(1)
    tristan = plain.tristan()
    for number in range(2, 6):
        plain.launch(number)
    looked, real = [], Journal.open_ids

    def counted(self):
        looked.append(1)
        return real(self)

    monkeypatch.setattr(Journal, "open_ids", counted)
    for number in range(2, 5):
        tristan.take([plain.end(number)], accept.PATIENCE)
    assert len(looked) == 1
    monkeypatch.setattr(accept, "GOING_ON", 0)
    tristan.take([plain.end(5)], accept.PATIENCE)
    assert len(looked) == 2
    tristan.take([])
    assert len(looked) == 3
    assert real(plain.journal) == [build_id(1)]


def take_entry(operator, number):
    """Hides the entry of an open build. :returns: function that brings it back."""
    entry = os.path.join(operator.directory, "builds", build_id(number) + ".json")
    os.rename(entry, entry + ".later")
    return lambda: os.rename(entry + ".later", entry)


def test_a_launch_that_is_just_being_written_down_is_not_closed(plain):
    """Whoever looks then at what earlier ends left finds it open, and nothing of it yet."""
    plain.launch(1)
    bring_back = take_entry(plain, 1)
    with plain.journal.lease(build_id(1)) as held:
        assert held
        plain.tristan().take([])
    bring_back()
    plain.tristan().take([plain.end(1)])
    assert plain.journal.read(build_id(1))["stage"] == "accepted"


def test_what_the_journal_has_dropped_is_closed(plain):
    plain.launch(1)
    take_entry(plain, 1)
    plain.tristan().take([])
    assert plain.journal.open_ids() == []
