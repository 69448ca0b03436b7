"""Containers of an attempt are found and removed, whatever the login's environment lacks."""

from __future__ import absolute_import, print_function, unicode_literals

import uuid

from business_hyper_fusion import reaper


def test_the_engine_is_found_without_the_logins_path(engine, python_image, monkeypatch, tmpdir):
    """sshd gives a command no login shell, so PATH may lack the engine's directory."""
    build_id = "20261121T065500-" + uuid.uuid4().hex[:8]
    labels = ["--label", "tristan.build_id=" + build_id, "--label", "tristan.attempt=1"]
    engine.run(["create", "--name", "tristan-" + build_id] + labels + [python_image, "true"])
    monkeypatch.setenv(str("PATH"), str(tmpdir))
    assert reaper.remove_containers(engine.command, build_id, 1) == 1
    monkeypatch.undo()
    assert engine.containers("name=tristan-" + build_id) == []


def test_an_engine_that_is_not_there_has_not_answered():
    assert reaper.remove_containers(["no-such-engine"], "b", 1) is None


REFUSES = """#!/bin/sh
[ ! -e %(directory)s/gone ] || exit 0
[ "$1" != ps ] || exec echo id
echo x >>%(directory)s/refused
[ "$(wc -l <%(directory)s/refused)" -gt 15 ] && : >%(directory)s/gone
exit 1
"""


def test_an_engine_that_is_slowly_removing_it_itself_is_waited_for(monkeypatch, tmpdir):
    """As where it removes by itself what has ended, on a busy machine: it refuses until that is done."""
    words = tmpdir.join("engine")
    words.write(REFUSES % {"directory": tmpdir})
    words.chmod(0o755)
    pause = reaper.time.sleep
    monkeypatch.setattr(reaper.time, "sleep", lambda seconds: pause(min(seconds, 0.01)))
    assert reaper.remove_containers([str(words)], "b", 1) == 1
