"""Watching: frames from real processes, on connections that end in every way."""

from __future__ import absolute_import, print_function, unicode_literals

import collections
import hashlib
import itertools
import json
import os

import pytest
from six.moves import shlex_quote as quote

from controller import compat, errors, watch
from controller.shared_watch import SharedWatch
from controller.transport import ReceiveTimeout
from tests.controller import statuses
from tests.controller.local_transport import LocalChannel, LocalTransport
from tests.controller.workshop import Sink
from tests.faults import rows

BUILD = "20261121T065512123-9c1e4f2a"
OTHER = "20261121T065512124-9c1e4f2b"
RUNNING = statuses.running(BUILD)


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(watch, "BACKOFF_FIRST", 0.01)
    monkeypatch.setattr(watch, "BACKOFF_MOST", 0.05)


class Scripts(object):
    """A contact whose channels are shell scripts, or functions that give one, one after the other, the last one for
    ever."""

    machine = collections.namedtuple("Machine", "name")("builder-1")

    def __init__(self, *scripts):
        self.dropped = 0
        self.scripts = list(scripts)
        self.opened = 0
        self.transports = []
        self.shared = SharedWatch(lambda: (self.open_verb("watch"), None), "builder-1")
        self.join_watch = self.shared.join

    def open_verb(self, name):
        script = self.scripts[min(self.opened, len(self.scripts) - 1)]
        self.opened += 1
        if isinstance(script, Exception):
            raise script
        script = script() if callable(script) else script
        self.transports.append(LocalTransport())
        return self.transports[-1].open(script)

    def drop(self):
        self.dropped += 1

    def orders(self, number):
        """What a channel was asked to follow."""
        return [json.loads(sent.decode("ascii"))["follow"] for sent in self.transports[number].sent]


def say(*frames):
    """A shell command that prints frames; a pair is a header and its bytes."""
    text = ""
    for frame in frames:
        header, body = frame if isinstance(frame, tuple) else (frame, "")
        header = dict({"build_id": BUILD, "attempt": 1}, **header)
        text += json.dumps(dict(header, length=len(body)) if body else header) + "\n" + body
    return "printf %s " + quote(text)


def log(offset, text):
    return ({"frame": "log", "offset": offset}, text)


def status(**changes):
    return {"frame": "status", "status": dict(RUNNING, **changes)}


def ended(text):
    digest = hashlib.sha256(text.encode("ascii")).hexdigest()
    return status(state="success", log={"bytes": len(text), "sha256": digest})


def of_the_other(frame):
    """A status frame of the other build."""
    return dict(frame, build_id=OTHER, status=dict(frame["status"], build_id=OTHER))


END = {"frame": "end", "log_bytes": 0}


def run(scripts, offset=0, patience=60.0):
    watching = watch.Watch(scripts, patience)
    sink = Sink()
    follow = watching.follow(BUILD, None, offset, sink)
    watching.run()
    return follow, sink


def test_a_build_is_watched_to_its_end_behind_a_login_s_noise():
    noise = "echo Welcome; echo '{}'; echo '[1]'; "
    follow, sink = run(Scripts(noise + say(status(), log(0, "ab"), log(2, "c"), ended("abc"), END)))
    assert follow.error is None
    assert (sink.data, sink.offsets) == (b"abc", [0, 2])
    assert [one["state"] for one in sink.statuses] == ["running", "success"]
    assert follow.status["state"] == "success"


def test_after_a_cut_it_resumes_at_the_byte_and_the_attempt():
    scripts = Scripts(say(status(), log(0, "ab")), say(status(), log(2, "c"), ended("abc"), END))
    follow, sink = run(scripts)
    assert scripts.orders(0) == [{"build_id": BUILD, "attempt": None, "offset": 0, "once": False}]
    assert scripts.orders(1) == [{"build_id": BUILD, "attempt": 1, "offset": 2, "once": False}]
    assert sink.data == b"abc"
    assert [one["state"] for one in sink.statuses] == ["running", "success"]
    assert len(sink.notes) == 1


def test_a_suspicion_is_told_once_also_across_a_cut_and_so_is_its_end():
    odd = status(suspect="startup.py is stopped")
    scripts = Scripts(say(status(), odd), say(odd, status(), ended(""), END))
    follow, sink = run(scripts)
    told = [note for note in sink.notes if "suspect" in note]
    assert told == [
        BUILD + " is suspect: startup.py is stopped",
        BUILD + " is not suspect any more",
    ]
    assert follow.status["state"] == "success"


def test_a_frame_cut_in_the_middle_is_not_handed_out():
    half = say(status(), log(0, "abcdef")) + "X"
    scripts = Scripts(
        half.replace("abcdefX", "abc"), say(status(), log(0, "abcdef"), ended("abcdef"), END)
    )
    sink = run(scripts)[1]
    assert (sink.data, sink.offsets) == (b"abcdef", [0])


def test_a_silent_connection_counts_as_dead(monkeypatch):
    monkeypatch.setattr(watch, "SILENCE", 0.5)

    def talking():
        monkeypatch.setattr(watch, "SILENCE", 60.0)
        return say(ended(""), END)

    scripts = Scripts(say(status()) + "; cat >/dev/null", talking)
    follow, sink = run(scripts)
    assert (scripts.opened, follow.status["state"]) == (2, "success")
    assert scripts.dropped == 1
    assert "silent" in sink.notes[0]


def test_beats_keep_a_connection_alive(monkeypatch):
    """By a clock of the test's own each line comes when more than half of the time is over."""
    now, late = [0.0], 0.6 * watch.SILENCE

    def receive(channel, timeout):
        if timeout < late:
            raise ReceiveTimeout("nothing")
        now[0] += late
        data = os.read(channel._process.stdout.fileno(), 1)
        while data and not data.endswith(b"\n"):
            data += os.read(channel._process.stdout.fileno(), 1)
        return data

    monkeypatch.setattr(LocalChannel, "_receive", receive)
    monkeypatch.setattr(compat, "monotonic", lambda: now[0])
    beat = {"frame": "beat"}
    scripts = Scripts(say(status(), beat, beat, beat, ended(""), END))
    run(scripts)
    assert scripts.opened == 1 and now[0] > 2 * watch.SILENCE


def test_it_gives_up_in_the_end_and_says_that_the_build_goes_on(monkeypatch):
    looks = itertools.count()
    monkeypatch.setattr(compat, "monotonic", lambda: 0.05 * next(looks))
    scripts = Scripts(say(status()), errors.MachineUnreachable("no route"))
    with pytest.raises(errors.StillRunning) as caught:
        run(scripts, patience=0.3)
    assert caught.value.exit_code == 7
    assert scripts.opened > 3


def test_a_refused_host_key_is_not_tried_again():
    scripts = Scripts(say(status()), errors.HostKeyChanged("changed"))
    with pytest.raises(errors.HostKeyChanged):
        run(scripts)
    assert scripts.opened == 2


def test_a_program_that_can_not_begin_is_an_error_with_its_words():
    with pytest.raises(errors.ProtocolError) as caught:
        run(Scripts("echo no module >&2; exit 1"))
    assert "no module" in caught.value.message


@pytest.mark.parametrize(
    "script",
    [
        'echo \'{"answer": "lack"}\'',
        say({"frame": "absent"}),
    ],
)
def test_a_build_that_is_not_there(script):
    try:
        error = run(Scripts(script))[0].error
    except errors.BuildNotFound as caught:
        error = caught
    assert isinstance(error, errors.BuildNotFound)


@pytest.mark.parametrize(
    "script",
    [
        say(status(), log(1, "b")),
        say(status(), log(0, "abX"), ended("abc"), END),
    ],
)
def test_bytes_that_do_not_fit_are_an_error(script):
    follow, _ = run(Scripts(script))
    assert isinstance(follow.error, errors.ProtocolError)


@pytest.mark.parametrize(
    "script",
    [
        say(status()) + "; echo garbage",
        say(status()) + '; echo \'{"frame": "log", "length": -1}\'',
        say(status()) + '; echo \'{"frame": "log", "length": 99999999999}\'',
        "yes",
    ],
)
def test_garbage_is_an_error_and_no_endless_loop(script):
    with pytest.raises(errors.ProtocolError):
        run(Scripts(script))


def test_from_an_offset_the_hash_is_not_asked_for():
    follow, sink = run(Scripts(say(log(1, "bc"), ended("abc"), END)), offset=1)
    assert (follow.error, sink.data) == (None, b"bc")


def test_many_builds_share_one_channel_and_one_s_trouble_is_its_own():
    scripts = Scripts(
        say(
            {"frame": "absent"},
            of_the_other(status()),
            of_the_other(ended("")),
            dict(END, build_id=OTHER),
        )
    )
    watching = watch.Watch(scripts)
    first = watching.follow(BUILD, None, 0, Sink())
    second = watching.follow(OTHER, None, 0, Sink())
    watching.run()
    assert scripts.opened == 1
    assert sorted(order["build_id"] for order in scripts.orders(0)) == [BUILD, OTHER]
    assert isinstance(first.error, errors.BuildNotFound)
    assert (second.error, second.status["state"]) == (None, "success")


def test_what_a_sink_raises_goes_through_and_closes_the_channel():
    class Full(Sink):
        def log(self, data, offset):
            raise KeyboardInterrupt()

    scripts = Scripts(say(status(), log(0, "ab")) + "; cat >/dev/null")
    watching = watch.Watch(scripts)
    watching.follow(BUILD, None, 0, Full())
    with pytest.raises(KeyboardInterrupt):
        watching.run()
    assert scripts.transports[0].channels[0].closed


def test_a_forged_status_is_refused_and_hands_nothing_on():
    follow, sink = run(Scripts(say({"frame": "status", "status": {"state": "success"}})))
    assert isinstance(follow.error, errors.ProtocolError)
    assert sink.statuses == []


FORGED = {
    "another build's status": status(build_id=OTHER),
    "another attempt's status": status(attempt=2),
    "a status that is none": status(state="done"),
    "no attempt": {"frame": "status", "attempt": None},
    "an end that nobody told": END,
    "a log from elsewhere": log(7, "x"),
    "a log without bytes": {"frame": "log", "offset": None},
}


@rows.hostile(9)
@pytest.mark.parametrize("what", sorted(FORGED))
def test_a_forged_frame_is_an_error_of_its_build(what):
    follow, sink = run(Scripts(say(FORGED[what], {"frame": "absent"})))
    assert isinstance(follow.error, errors.ProtocolError)
    assert sink.statuses == [] and sink.data == b""


@rows.hostile(9)
@pytest.mark.parametrize("build_id", [[], {}, None, 7, OTHER])
def test_a_frame_of_no_build_that_is_followed_is_passed_over(build_id):
    text = "out\n"
    scripts = Scripts(
        say({"frame": "status", "build_id": build_id}, status(), log(0, text), ended(text), END)
    )
    follow, sink = run(scripts)
    assert follow.error is None and sink.data == b"out\n"
