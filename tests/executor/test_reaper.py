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
