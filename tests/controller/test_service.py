"""The controller's operations, against real executors on this host."""

from __future__ import absolute_import, print_function, unicode_literals

import hashlib
import os
import threading

import pytest

from business_hyper_fusion import compiled
from controller import errors
from tests.controller.local_transport import LocalTransport
from tests.controller.workshop import Sink
from tests.lab import process


def build(controller, **chosen):
    if "tag" not in chosen:
        chosen["branch"] = "main"
    return controller.build(controller.plan("shop", **chosen))


def finish(workshop, controller, launched):
    """Every build must have ended before its machine is removed."""
    workshop.release()
    return controller.watch(launched.build_id, sink=Sink())


def test_a_first_build_pushes_runs_and_is_watched_to_its_end(workshop):
    controller = workshop.controller("echo hello; echo $GREETING")
    events = []
    plan = controller.plan("shop", branch="main", params=[("GREETING", "a;b $(id)")])
    launched = controller.build(plan, on_event=events.append)
    assert (launched.machine, launched.executor_id, launched.already) == ("builder-1", "1", False)
    assert [event for event in events if event.startswith("pushed ")]
    sink = Sink()
    status = controller.watch(launched.build_id, sink=sink)
    assert (status["state"], status["exit"]) == ("success", 0)
    assert b"hello\na;b $(id)\n" in sink.data
    assert sink.statuses[-1] == status
    assert hashlib.sha256(sink.data).hexdigest() == status["log"]["sha256"]


def test_a_second_build_takes_one_command_and_sends_no_script(workshop):
    controller = workshop.controller()
    controller.watch(build(controller).build_id, sink=Sink())
    before = len(workshop.commands("builder-1"))
    launched = build(controller)
    assert len(workshop.commands("builder-1")) == before + 1
    assert controller.watch(launched.build_id, sink=Sink())["state"] == "success"
    # a new process, too: what it needs is in the state
    other = workshop.controller()
    before = len(workshop.commands("builder-1"))
    launched = build(other)
    assert len(workshop.commands("builder-1")) == before + 1
    other.watch(launched.build_id, sink=Sink())


def test_a_launch_that_is_watched_at_once_takes_one_channel_for_both(workshop):
    controller = workshop.controller(workshop.hold, executors=2)
    sinks, threads = [], []
    for chosen in ({"branch": "main"}, {"tag": "v1"}):
        launched = controller.build(controller.plan("shop", **chosen), watched=True)
        sinks.append(Sink())
        words = {"target": controller.watch, "args": (launched.build_id, sinks[-1])}
        threads.append(threading.Thread(**words))
        threads[-1].start()
        process.wait_until(lambda: sinks[-1].statuses, 60, "the first status")
    # the second one is followed on the first one's
    assert not [one for one in workshop.commands("builder-1") if "__main__.py watch" in one]
    workshop.release()
    for thread in threads:
        thread.join()
    assert [sink.statuses[-1]["state"] for sink in sinks] == ["success", "success"]


def test_a_channel_kept_for_a_watch_that_is_dead_by_then_is_replaced(workshop):
    controller = workshop.controller()
    launched = controller.build(controller.plan("shop", branch="main"), watched=True)
    for _, transport in workshop.connections:
        transport.close()
    sink = Sink()
    assert controller.watch(launched.build_id, sink=sink)["state"] == "success"
    assert b"==> build" in sink.data


def test_a_wiped_machine_is_served_again(workshop):
    controller = workshop.controller()
    controller.watch(build(controller).build_id, sink=Sink())
    os.rename(workshop.root("builder-1"), workshop.root("gone"))
    assert controller.watch(build(controller).build_id, sink=Sink())["state"] == "success"


def test_damaged_scripts_are_made_anew(workshop):
    controller = workshop.controller()
    controller.watch(build(controller).build_id, sink=Sink())
    current = os.path.join(workshop.root("builder-1"), "1", "startup.py")
    release = os.path.dirname(os.path.realpath(current))
    for bytecode in compiled.files_of(release):
        os.unlink(bytecode)  # as a Python that has none
    damaged = os.path.join(release, "business_hyper_fusion/launch.py")
    with open(damaged, "w") as opened:
        opened.write("def")
    assert controller.watch(build(controller).build_id, sink=Sink())["state"] == "success"


def test_a_failing_script_is_the_build_s_failure(workshop):
    controller = workshop.controller("echo no; exit 7")
    status = controller.watch(build(controller).build_id, sink=Sink())
    assert (status["state"], status["exit"]) == ("failed", 7)


def test_busy_is_told_and_the_next_executor_is_taken(workshop):
    controller = workshop.controller(workshop.hold, executors=2)
    first, second = build(controller), build(controller)
    assert sorted([first.executor_id, second.executor_id]) == ["1", "2"]
    with pytest.raises(errors.Busy) as caught:
        build(controller)
    assert caught.value.exit_code == 8
    assert first.build_id in caught.value.message and second.build_id in caught.value.message
    finish(workshop, controller, first)
    finish(workshop, controller, second)


def test_waiting_gets_the_executor_once_it_is_free(workshop):
    controller = workshop.controller(workshop.hold)
    first = build(controller)
    events = []

    def waiting(text):
        events.append(text)
        workshop.release()

    plan = controller.plan("shop", branch="main")
    second = controller.build(plan, wait=True, on_event=waiting)
    assert len(events) == 1 and first.build_id in events[0]
    assert controller.watch(first.build_id, sink=Sink())["state"] == "success"
    assert controller.watch(second.build_id, sink=Sink())["state"] == "success"


def test_work_spreads_over_machines(workshop):
    controller = workshop.controller(workshop.hold, machines=("builder-1", "builder-2"))
    first = build(controller)
    second = build(controller, tag="v1")
    assert sorted([first.machine, second.machine]) == ["builder-1", "builder-2"]
    finish(workshop, controller, first)
    finish(workshop, controller, second)


def test_a_machine_without_room_is_passed_over(workshop):
    workshop.full = ("builder-1",)
    controller = workshop.controller(machines=("builder-1", "builder-2"))
    for _ in range(3):
        launched = build(controller)
        assert launched.machine == "builder-2"
        controller.watch(launched.build_id, sink=Sink())
    workshop.full = ("builder-1", "builder-2")
    controller = workshop.controller(machines=("builder-1", "builder-2"))
    with pytest.raises(errors.LaunchRefused) as caught:
        build(controller)
    assert caught.value.cause == "disk_full"
    assert controller.state.journal.open_ids() == []


def test_a_branch_returns_to_the_executor_that_holds_it(workshop):
    controller = workshop.controller(machines=("builder-1", "builder-2", "builder-3"))
    places = set()
    for _ in range(4):
        launched = build(controller)
        places.add(launched.machine)
        controller.watch(launched.build_id, sink=Sink())
    assert len(places) == 1


def test_an_unreachable_machine_is_passed_over(workshop):
    controller = workshop.controller(machines=("builder-1", "builder-2"))
    workshop.use("builder-1", errors.MachineUnreachable("builder-1: no route"))
    events = []
    launched = controller.build(controller.plan("shop", branch="main"), on_event=events.append)
    assert launched.machine == "builder-2"
    assert any("builder-1" in event for event in events)
    controller.watch(launched.build_id, sink=Sink())


def test_only_unreachable_machines_are_an_error(workshop):
    controller = workshop.controller()
    workshop.use("builder-1", errors.MachineUnreachable("builder-1: no route"))
    with pytest.raises(errors.MachineUnreachable):
        build(controller)


@pytest.mark.parametrize("received", [0, 1, 40])
def test_a_launch_whose_answer_is_lost_is_repeated_and_starts_once(workshop, received):
    controller = workshop.controller()
    controller.watch(build(controller).build_id, sink=Sink())
    other = workshop.controller()
    workshop.use("builder-1", LocalTransport(cut_after=[received]))
    launched = other.build(other.plan("shop", branch="main"), wait=True)
    assert other.watch(launched.build_id, sink=Sink())["state"] == "success"
    assert len(other.status()) == 2


def test_a_push_that_is_cut_is_repeated(workshop):
    controller = workshop.controller()
    workshop.use("builder-1", LocalTransport(cut_sending=[30000]))
    assert controller.watch(build(controller).build_id, sink=Sink())["state"] == "success"


def test_a_killed_controller_s_build_is_found_by_the_next_one(workshop):
    controller = workshop.controller("echo hello")
    launched = build(controller)
    later = workshop.controller("echo hello")
    sink = Sink()
    status = later.watch(launched.build_id[-8:], sink=sink)
    assert (status["state"], b"hello" in sink.data) == ("success", True)


def test_a_log_read_with_many_cuts_is_whole(workshop):
    controller = workshop.controller(
        "i=0; while [ $i -lt 3000 ]; do i=$((i+1)); echo line $i; done"
    )
    launched = build(controller)
    whole = Sink()
    status = controller.watch(launched.build_id, sink=whole)
    other = workshop.controller()
    for bytes_before in (0, 10, 5000, 7000, 0, 9000):
        workshop.use("builder-1", LocalTransport(cut_after=[bytes_before]))
    sink = Sink()
    assert other.watch(launched.build_id, sink=sink) == status
    assert sink.data == whole.data
    assert len(sink.notes) >= 1
    assert b"line 3000\n" in sink.data


def test_watching_from_an_offset_gives_the_rest_only(workshop):
    controller = workshop.controller("echo hello")
    launched = build(controller)
    whole, rest = Sink(), Sink()
    controller.watch(launched.build_id, sink=whole)
    controller.watch(launched.build_id, offset=10, sink=rest)
    assert rest.data == whole.data[10:]
    assert rest.offsets[0] == 10


def test_a_damaged_log_is_noticed(workshop):
    controller = workshop.controller("echo hello")
    launched = build(controller)
    status = controller.watch(launched.build_id, sink=Sink())
    log = os.path.join(workshop.root("builder-1"), "1", "run", "1", "builds", launched.build_id)
    with open(os.path.join(log, str(status["attempt"]), "log"), "r+b") as opened:
        opened.write(b"X")
    with pytest.raises(errors.ProtocolError) as caught:
        controller.watch(launched.build_id, sink=Sink())
    assert "differs" in caught.value.message


def test_cancel_ends_a_build(workshop):
    controller = workshop.controller(workshop.hold)
    launched = build(controller)
    assert controller.cancel(launched.build_id, "enough")["build_id"] == launched.build_id
    status = controller.watch(launched.build_id, sink=Sink())
    assert status["state"] == "cancelled"
    assert controller.cancel(launched.build_id)["state"] == "cancelled"


def test_builds_are_listed_over_machines_newest_first(workshop):
    controller = workshop.controller(machines=("builder-1", "builder-2"), executors=2)
    launched = [build(controller, machine=name) for name in ("builder-1", "builder-2", "builder-1")]
    for one in launched:
        controller.watch(one.build_id, sink=Sink())
    ids = [one.build_id for one in launched]
    assert [status["build_id"] for status in controller.status()] == ids[::-1]
    assert [status["build_id"] for status in controller.status(limit=1)] == ids[2:]
    listed = controller.status(machine="builder-2")
    assert [status["build_id"] for status in listed] == [ids[1]]


def test_a_listing_without_one_machine_says_so(workshop):
    controller = workshop.controller(machines=("builder-1", "builder-2"))
    workshop.use("builder-1", errors.MachineUnreachable("no route"))
    notes = []
    assert controller.status(on_note=notes.append) == []
    assert notes == ["builder-1: no route"]


def test_a_build_is_found_by_id_beginning_and_digits(workshop):
    controller = workshop.controller()
    launched = build(controller)
    status = controller.watch(launched.build_id, sink=Sink())
    for wanted in (launched.build_id, launched.build_id[-8:], launched.build_id[:20]):
        assert controller.find(wanted) == ("builder-1", status)


def test_a_build_of_another_controller_is_found_too(workshop, tmpdir):
    controller = workshop.controller(machines=("builder-1", "builder-2"))
    launched = build(controller, machine="builder-2")
    controller.watch(launched.build_id, sink=Sink())
    stranger = workshop.controller(machines=("builder-1", "builder-2"))
    stranger.state.directory = str(tmpdir.join("state"))
    assert stranger.find(launched.build_id)[0] == "builder-2"


def test_a_beginning_of_two_builds_is_refused_with_both_named(workshop):
    controller = workshop.controller()
    launched = [build_and_wait(controller) for _ in range(2)]
    with pytest.raises(errors.UsageError) as caught:
        controller.find("20")
    assert all(one.build_id in caught.value.remedy for one in launched)


def build_and_wait(controller):
    launched = build(controller)
    controller.watch(launched.build_id, sink=Sink())
    return launched


@pytest.mark.parametrize("wanted", ["20260101T000000000-00000000", "deadbeef", "1999", "../x"])
def test_a_build_that_is_nowhere_is_said_to_be(workshop, wanted):
    controller = workshop.controller()
    with pytest.raises(errors.BuildNotFound):
        controller.find(wanted)
    with pytest.raises(errors.BuildNotFound):
        controller.watch(wanted, sink=Sink())
    with pytest.raises(errors.BuildNotFound):
        controller.cancel(wanted)


def test_machines_tell_their_use(workshop):
    controller = workshop.controller(
        workshop.hold, machines=("builder-1", "builder-2"), executors=2
    )
    launched = build(controller, machine="builder-1")
    workshop.use("builder-2", errors.MachineUnreachable("no route", remedy="plug it in"))
    first, second = controller.machines()
    assert first["reachable"] and len(first["load"]) == 3
    assert first["executors"] == {
        "1": {"busy": True, "build_id": launched.build_id},
        "2": {"busy": False, "build_id": None},
    }
    assert (second["reachable"], second["error"], second["remedy"]) == (
        False,
        "no route",
        "plug it in",
    )
    finish(workshop, controller, launched)


class Killed(BaseException):
    """What no handler of the controller catches: as good as SIGKILL between two of its steps."""


class KilledTransport(LocalTransport):
    """Kills the controller when it opens its first channel."""

    def open(self, command):
        raise Killed()


def test_killed_between_recording_and_launching_it_is_launched_at_the_next_contact(workshop):
    controller = workshop.controller()
    build_and_wait(controller)
    other = workshop.controller()
    workshop.use("builder-1", KilledTransport())
    plan = other.plan("shop", branch="main")
    with pytest.raises(Killed):
        other.build(plan)
    later = workshop.controller()
    assert later.state.journal.read(plan.build_id)["stage"] == "intended"
    with pytest.raises(errors.BuildNotFound):
        later.find(plan.build_id)
    assert [status["build_id"] for status in later.status()][0] == plan.build_id
    assert later.watch(plan.build_id, sink=Sink())["state"] == "success"


def test_killed_between_launching_and_recording_the_build_is_found_by_its_id(workshop, monkeypatch):
    def killed(*_):
        raise Killed()

    controller = workshop.controller()
    plan = controller.plan("shop", branch="main")
    monkeypatch.setattr("controller.journal.Journal.confirm", killed)
    with pytest.raises(Killed):
        controller.build(plan)
    monkeypatch.undo()
    later = workshop.controller()
    assert later.state.journal.read(plan.build_id)["stage"] == "intended"
    sink = Sink()
    assert later.watch(plan.build_id, sink=sink)["state"] == "success"
    assert [status["build_id"] for status in later.status()] == [plan.build_id]
