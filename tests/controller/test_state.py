"""What the controller remembers: whole files, private, and none that can stop it."""

from __future__ import absolute_import, print_function, unicode_literals

import os
import stat
import threading

import pytest

from controller import documents
from controller.state import State
from tests.faults import rows
from tests.lab import process


@pytest.fixture
def notes():
    return []


@pytest.fixture
def state(tmpdir, notes):
    return State(str(tmpdir.join("state")), notes.append)


def test_facts_are_remembered_by_machine(state):
    assert state.machine("builder-1") == {}
    state.remember("builder-1", python="/usr/bin/python3")
    state.remember("builder-1", release="abc")
    assert state.machine("builder-1") == {"python": "/usr/bin/python3", "release": "abc"}
    assert state.machine("builder-2") == {}
    state.forget("builder-1")
    state.forget("builder-1")
    assert state.machine("builder-1") == {}


def test_everything_is_the_user_s_alone(state):
    before = os.umask(0)
    try:
        state.remember("builder-1", python="/usr/bin/python3")
    finally:
        os.umask(before)
    for folder, _, files in os.walk(state.directory):
        assert stat.S_IMODE(os.stat(folder).st_mode) == 0o700
        for name in files:
            assert stat.S_IMODE(os.stat(os.path.join(folder, name)).st_mode) == 0o600


def test_threads_that_write_one_file_at_once_do_not_take_it_from_each_other(
    state, notes, monkeypatch
):
    written, write = [], documents._write

    def write_beside(*arguments):
        write(*arguments)
        written.append(1)
        process.wait_until(lambda: len(written) == 2, 60, "what the other one writes")

    monkeypatch.setattr(documents, "_write", write_beside)
    threads = [
        threading.Thread(target=state.remember, args=("builder-1",), kwargs={"release": "abc"})
        for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert notes == []
    assert os.listdir(os.path.join(state.directory, "machines")) == ["builder-1.json"]
    assert state.machine("builder-1") == {"release": "abc"}


@rows.hostile(9)
@pytest.mark.parametrize("damage", [b"", b"{", b"[]", b"\xff", b"7", b'{"a": ' + b" " * 2000000])
def test_a_damaged_file_is_as_none_and_noted(state, notes, damage):
    state.remember("builder-1", python="/usr/bin/python3")
    path = os.path.join(state.directory, "machines", "builder-1.json")
    with open(path, "wb") as opened:
        opened.write(damage)
    assert state.machine("builder-1") == {}
    assert len(notes) == 1 and path in notes[0]
    state.remember("builder-1", python="/usr/bin/python2")
    assert state.machine("builder-1") == {"python": "/usr/bin/python2"}


def test_the_directory_follows_xdg(monkeypatch):
    monkeypatch.setenv(str("XDG_STATE_HOME"), str("/var/state"))
    assert State().directory == "/var/state/tristan"
    monkeypatch.setenv(str("XDG_STATE_HOME"), str("relative"))
    monkeypatch.setenv(str("HOME"), str("/home/alice"))
    assert State().directory == "/home/alice/.local/state/tristan"


def test_known_hosts_has_a_directory_to_be_in(state):
    assert os.path.isdir(os.path.dirname(state.known_hosts))


def test_a_file_that_another_tristan_removes_and_makes_anew_is_no_failure(tmpdir, monkeypatch):
    path = str(tmpdir.join("open"))
    unlink = os.unlink

    def late(path):
        unlink(path)
        try:
            unlink(path)
        finally:
            documents.touch(path)

    documents.touch(path)
    monkeypatch.setattr(os, "unlink", late)
    documents.remove(path)
    assert os.path.exists(path)
