"""Threads that watch on one channel: each has its own frames, all of them, whoever reads."""

from __future__ import absolute_import, print_function, unicode_literals

import json
import sys
import threading

import pytest
from six.moves import shlex_quote as quote

from controller import errors, shared_watch, watch
from controller.shared_watch import SharedWatch
from tests.controller.local_transport import LocalTransport
from tests.lab import process

FRAMES = 300

VERB = """
import json, os, select, sys
def say(build, kind, body=b"", **more):
    header = dict(more, frame=kind, build_id=build, length=len(body))
    data = json.dumps(header).encode() + b"\\n" + body
    while data:
        data = data[os.write(1, data):]
follows, buffer = [], b""
while True:
    if select.select([0], [], [], 0 if follows else None)[0]:
        data = os.read(0, 65536)
        if not data:
            break
        lines = (buffer + data).split(b"\\n")
        buffer = lines.pop()
        follows += [[json.loads(line.decode())["follow"], 0] for line in lines]
    for follow in follows:
        build, sent = follow[0]["build_id"], follow[1]
        if "silent" in build:
            continue
        follow[1] += 1
        if "cut" in build and sent == %(frames)d // 2:
            sys.exit()
        if sent == %(frames)d:
            say(build, "end")
        else:
            say(build, "log", ("%%s %%d;" %% (build, sent)).encode())
    follows = [one for one in follows if one[1] <= %(frames)d]
""" % {"frames": FRAMES}


class Machine(object):
    """.shared (SharedWatch over a shell's channels) .opened (int)"""

    def __init__(self):
        self.transport = LocalTransport()
        self.opened = 0
        self.shared = SharedWatch(self._open, "builder-1")

    def _open(self):
        self.opened += 1
        command = "exec %s -c %s" % (quote(sys.executable), quote(VERB))
        return self.transport.open(command), self.transport


@pytest.fixture
def machine():
    made = Machine()
    yield made
    made.transport.close()


def follow(machine, build_id, on_frame=lambda: None):
    """What one thread does. :returns: bytes that it read."""
    return read(machine.shared.join([build_id]), build_id, on_frame)


def read(member, build_id, on_frame=lambda: None):
    data = b""
    try:
        order = {"follow": {"build_id": build_id, "offset": 0}}
        member.send(json.dumps(order).encode("ascii") + b"\n")
        while True:
            frame, body = member.next()
            if frame["frame"] == "end":
                return data
            data += body
            on_frame()
    finally:
        member.close()


def whole(build_id):
    return b"".join(("%s %d;" % (build_id, number)).encode("ascii") for number in range(FRAMES))


def in_threads(work, names):
    """:returns: {name: what work(name) gave or raised}."""
    results = {}

    def run(name):
        try:
            results[name] = work(name)
        except errors.TristanError as error:
            results[name] = error

    threads = [threading.Thread(target=run, args=(name,)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not any(thread.is_alive() for thread in threads)
    return results


def follow_together(machine, names):
    """All are members before one reads. :returns: as in_threads."""
    members = dict((name, machine.shared.join([name])) for name in names)
    return in_threads(lambda name: read(members[name], name), names)


def test_each_thread_has_its_own_frames_from_one_channel(machine):
    stays = machine.shared.join(["silent"])  # so that the channel stays when others have left
    names = ["build-%d" % number for number in range(20)]
    results = in_threads(lambda name: follow(machine, name), names)
    assert results == dict((name, whole(name)) for name in names)
    again = in_threads(lambda name: follow(machine, name), names)
    assert again == results
    assert machine.opened == 1
    stays.close()
    assert machine.transport.channels[0].closed


def test_one_that_does_not_come_back_for_its_frames_holds_up_no_other(machine):
    go_on, stuck = threading.Event(), threading.Event()

    def wait():
        stuck.set()
        assert go_on.wait(60)

    slow = threading.Thread(target=lambda: follow(machine, "slow", wait))
    slow.start()
    assert stuck.wait(60)
    names = ["quick-%d" % number for number in range(5)]
    results = in_threads(lambda name: follow(machine, name), names)
    assert results == dict((name, whole(name)) for name in names)
    go_on.set()
    slow.join(60)
    assert not slow.is_alive() and machine.opened == 1


def test_who_is_about_to_work_on_its_frames_is_not_the_one_to_read(monkeypatch):
    """It was woken for them, and does not run yet; whoever else waits would go on waiting beside it."""
    line, woken = shared_watch.Line(None, None, "builder-1"), []
    members = [line.admit([name]) for name in ("one", "other")]
    for member in members:
        member.waits = True
        monkeypatch.setattr(member.changed, "notify", lambda one=member: woken.append(one))
    members[0].held.append(({"frame": "log"}, b""))
    with line._lock:
        line._wake_one()
    assert woken == members[1:]


def test_what_is_held_for_a_slow_one_has_a_limit(machine, monkeypatch):
    monkeypatch.setattr(shared_watch, "MOST_HELD", 100)
    member = machine.shared.join(["slow"])
    member.send(b'{"follow": {"build_id": "slow"}}\n')
    names = ["quick-%d" % number for number in range(3)]
    done = []
    reading = threading.Thread(
        target=lambda: done.append(in_threads(lambda name: follow(machine, name), names))
    )
    reading.start()
    process.wait_until(lambda: member.size > 100, 60, "its frames")
    assert member.size < 200
    while member.next()[0]["frame"] != "end":
        pass
    member.close()
    reading.join(60)
    assert done[0] == dict((name, whole(name)) for name in names)


def test_a_cut_is_told_to_all_and_the_next_channel_is_another_one(machine):
    names = ["build-%d" % number for number in range(5)] + ["cut"]
    stays = machine.shared.join(["silent"])
    results = follow_together(machine, names)
    assert isinstance(results["cut"], errors.ConnectionLost)
    for name in names[:-1]:
        assert isinstance(results[name], errors.ConnectionLost) or results[name] == whole(name)
    with pytest.raises(errors.ConnectionLost):
        stays.next()
    stays.close()
    assert follow(machine, "build-1") == whole("build-1")
    assert machine.opened == 2


def test_a_build_that_is_followed_already_is_followed_on_a_channel_apart(machine):
    first = machine.shared.join(["silent", "build"])
    assert follow(machine, "build") == whole("build")
    assert machine.opened == 2
    first.close()
    left = machine.shared.join(["other"])
    left.send(b'{"follow": {"build_id": "other"}}\n')
    left.next()
    stays = machine.shared.join(["silent"])
    left.close()  # before its end: frames of it still come
    assert follow(machine, "other") == whole("other")
    assert machine.opened == 4
    stays.close()


def test_who_reads_and_is_interrupted_leaves_the_others_a_cut(machine):
    member, other = machine.shared.join(["one"]), machine.shared.join(["other"])

    def interrupted(timeout):
        raise KeyboardInterrupt()

    machine.transport.channels[0].read_line = interrupted
    with pytest.raises(KeyboardInterrupt):
        member.next()
    with pytest.raises(errors.ConnectionLost):
        other.next()
    member.close()
    other.close()
    assert machine.transport.channels[0].closed


def test_a_silence_is_told_to_all(machine, monkeypatch):
    monkeypatch.setattr(watch, "SILENCE", 0.5)
    names = ["silent-%d" % number for number in range(3)]
    found = follow_together(machine, names)
    assert all("silent for" in error.message for error in found.values())
    assert machine.opened == 1
