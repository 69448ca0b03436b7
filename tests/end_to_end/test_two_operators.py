"""Two operators, two configurations, one machine: each build runs on the release it was launched with."""

from __future__ import absolute_import, print_function, unicode_literals

import io
import json
import os

import pytest

from business_hyper_fusion import compiled
from tests.end_to_end import operator as operators
from tests.faults import rows
from tests.lab import process

pytestmark = pytest.mark.end_to_end


@pytest.fixture
def colleague(operator):
    """A second operator of the same machine: an own home, own pins and own dependency configuration."""
    described = ('{address: "http', "{description: the colleague's, address: \"http")
    other = operators.colleague(operator, lambda text: text.replace(*described))
    yield other
    process.remove(other.home)


def releases(operator):
    return sorted(os.listdir(os.path.join(operator.sshd.root, "1", "releases")))


@rows.fault(20)
def test_sync_during_a_build_leaves_it_on_its_own_release(operator, colleague, injections):
    before = operator.detached(operators.HOLD + "; cat $TRISTAN_BUILD/build_project.sh | sha256sum")
    with injections.measured():
        result = colleague.run(
            "build", "script", "--branch", "main", "--json", "--param", "SCRIPT=true"
        )
    assert result.code == 0, result
    assert "pushed" in result.err
    other = json.loads(result.out)
    operator.release(before)
    assert operator.run("logs", before, "--follow").code == 0
    first = operator.json("status", before)
    assert first["state"] == "success"
    assert first["release"] != other["release"]
    assert set([first["release"], other["release"]]) <= set(releases(operator))
    again = operator.run("build", "script", "--branch", "main", "--param", "SCRIPT=true")
    assert again.code == 0 and "pushed" not in again.err


@rows.fault(20)
def test_both_at_once_on_a_machine_that_holds_nothing(operator, colleague, injections):
    assert operator.run("uninstall", "builder-1", "--yes").code == 0
    with injections.measured():
        children = [who.script("sleep 1", "--json") for who in (operator, colleague)]
        found = []
        for child in children:
            out, err = child.communicate()
            assert child.returncode == 0, err
            found.append(json.loads(out.decode("utf-8")))
    assert len(set(status["release"] for status in found)) == 2
    assert set(status["release"] for status in found) <= set(releases(operator))
    beside = [name for name in releases(operator) if name.startswith(".")]
    assert all(name.startswith(compiled.PREFIX) for name in beside), beside
    record = os.path.join(operator.sshd.root, "1", "local_update_time_record")
    with io.open(record, encoding="utf-8") as source:
        kept = json.load(source)
    assert kept["release"] in [status["release"] for status in found]
    assert (
        os.path.realpath(os.path.join(operator.sshd.root, "1", "startup.py")).split("/")[-2]
        == (kept["release"])
    )
    assert all(set(entry) == {"update_time", "sha256"} for entry in kept["files"].values())
