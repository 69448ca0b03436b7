"""The lab finds the engine that runs, and can start and stop one of its own."""

from __future__ import absolute_import, print_function, unicode_literals

import os

from tests.lab import engine as lab_engine
from tests.lab import process


def test_the_running_engine_is_used(engine):
    again = lab_engine.find_or_start()
    assert again.command == engine.command
    again.stop()
    assert lab_engine.answers(engine.command)


def test_a_command_that_is_no_engine():
    assert not lab_engine.answers(["docker", "-H", "unix:///nonexistent.sock"])
    assert not lab_engine.answers(["no-such-program"])


def test_an_own_engine_starts_apart_and_leaves_nothing(engine):
    own = lab_engine.OwnEngine(apart=True)
    try:
        assert own.run(["images", "--quiet"]) == ""
        below = process.children(own.pid)
    finally:
        own.stop()
    assert not os.path.exists(own.directory)
    process.wait_until(
        lambda: not [pid for pid in below + [own.pid] if process.alive(pid)], 60, "the end of all"
    )
    assert lab_engine.answers(engine.command)
