"""``tristan refresh`` and ``tristan gc`` over SSH, next to a build that runs in its container."""

from __future__ import absolute_import, print_function, unicode_literals

import io
import json
import os


def test_upkeep_next_to_a_running_build(operator):
    running = operator.detached("until [ -e go ]; do sleep 0.1; done")
    built = json.loads(operator.run("build", "web", "--branch", "main", "--json").out)
    assert built["state"] == "success"
    commit = operator.web.commit({"README.md": "renewed\n"})

    refreshed = json.loads(operator.run("refresh", "--json").out)[0]
    assert refreshed["error"] is None and refreshed["failed"] == [], refreshed
    assert commit in [one["commit"] for one in refreshed["fetched"]]
    assert sorted(one["renewed"] for one in refreshed["images"]) == [False, False]
    line = operator.run("refresh", "--quiet")
    assert (line.code, line.out, line.err) == (0, "", "")

    told = operator.run("gc", "--dry-run", "--older-than", "0")
    assert told.code == 0 and "would go" in told.out and "in use, left alone" in told.out
    collected = json.loads(operator.run("gc", "--older-than", "0", "--json").out)[0]
    assert collected["failed"] == []
    kinds = set(one["kind"] for one in collected["removed"])
    assert {"images", "mirrors"} <= kinds and "containers" not in kinds
    status = operator.json("status", running)
    assert status["state"] == "running"
    with io.open(os.path.join(status["source"], "go"), "w"):
        pass
    assert operator.run("logs", running, "--follow").code == 0
    assert operator.json("status", running)["state"] == "success"

    # What upkeep keeps for itself is Tristan's, too.
    assert operator.run("uninstall", "builder-1", "--yes").code == 0
    assert not os.path.exists(os.path.join(operator.sshd.root, "1"))


def test_a_machine_that_is_down_is_said_and_ends_with_3(operator):
    operator.sshd.stop_listening()
    for words in (["gc"], ["refresh", "--quiet"]):
        result = operator.run(*words)
        assert result.code == 3 and "builder-1" in result.err
