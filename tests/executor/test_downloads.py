"""Downloads that a language's projects share: one build at a time where the pack says so, side by side otherwise."""

from __future__ import absolute_import, print_function

import os

import pytest

from business_hyper_fusion import compat

ALONE = """
mkdir "$TRISTAN_DOWNLOADS/used" || exit 3
while [ ! -e "$PLACE/go" ]; do sleep 0.02; done
rmdir "$TRISTAN_DOWNLOADS/used"
"""

TOGETHER = """
: >"$PLACE/$TRISTAN_BUILD_ID"
until [ "$(ls "$PLACE" | wc -l)" = 2 ]; do sleep 0.02; done
"""


@pytest.fixture
def pair(machine, address, tmp_path):
    """Function (language, scope, script) -> two requests for two executors, both launched."""

    def launch(language, scope, script):
        requests = [
            machine.request(
                address,
                script,
                project={"name": "shop", "language": language, "module_path": ""},
                cache={"scope": scope},
                environment={"PLACE": str(tmp_path)},
                executor_id=executor,
            )
            for executor in ("1", "2")
        ]
        for request in requests:
            assert machine.launch(request)["answer"] == "started"
        return requests

    return launch


def ends(machine, requests):
    return [machine.wait(request)["state"] for request in requests]


@pytest.fixture
def pack(machine):
    """A language pack of this test's own, which wants its downloads alone."""
    directory = os.path.join(machine.release, "business_hyper_fusion", "cobol")
    os.mkdir(directory)
    for name in ("build_project.sh", "exclusive_downloads"):
        with open(os.path.join(directory, name), "w") as file:
            file.write("# nothing\n")
    return "cobol"


def test_shared_downloads_are_used_by_one_build_at_a_time(machine, pair, pack, tmp_path):
    requests = pair(pack, "language", ALONE)
    words = "waiting for another build that uses the cobol downloads"
    machine.wait_until(lambda: any(words in machine.log(request) for request in requests))
    (tmp_path / "go").write_bytes(b"")
    assert ends(machine, requests) == ["success", "success"]
    assert [words in machine.log(request) for request in requests].count(True) == 1


@pytest.mark.parametrize("scope, exclusive", [("project", True), ("language", False)])
def test_otherwise_builds_go_on_side_by_side(machine, pair, pack, scope, exclusive):
    if not exclusive:
        compat.remove_file(
            os.path.join(machine.release, "business_hyper_fusion", pack, "exclusive_downloads")
        )
    assert ends(machine, pair(pack, scope, TOGETHER)) == ["success", "success"]


def test_who_waits_can_be_cancelled(machine, pair, pack, tmp_path):
    requests = pair(pack, "language", ALONE)
    words = "waiting for another build"
    found = machine.wait_until(lambda: [one for one in requests if words in machine.log(one)])
    machine.ask("cancel", {"build_id": found[0]["build_id"], "reason": ""})
    assert machine.wait(found[0])["state"] == "cancelled"
    (tmp_path / "go").write_bytes(b"")
    assert sorted(ends(machine, requests)) == ["cancelled", "success"]
