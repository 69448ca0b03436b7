"""Downloads that a language's projects share: one build at a time where the pack says so, side by side otherwise."""

from __future__ import absolute_import, print_function

import os

import pytest

from business_hyper_fusion import compat, downloads

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


@pytest.mark.parametrize("language", ["java", "php"])
def test_shared_downloads_are_used_by_one_build_at_a_time(machine, pair, language, tmp_path):
    requests = pair(language, "language", ALONE)
    words = "waiting for another build that uses the %s downloads" % language
    machine.wait_until(lambda: any(words in machine.log(request) for request in requests))
    (tmp_path / "go").write_bytes(b"")
    assert ends(machine, requests) == ["success", "success"]
    assert [words in machine.log(request) for request in requests].count(True) == 1


def test_a_project_s_own_downloads_keep_nobody_waiting(machine, pair):
    assert ends(machine, pair("java", "project", TOGETHER)) == ["success", "success"]


def test_nor_do_shared_ones_of_tools_that_get_along(machine, pair):
    marker = os.path.join(machine.release, "business_hyper_fusion", "java", downloads.MARKER)
    compat.remove_file(marker)
    assert ends(machine, pair("java", "language", TOGETHER)) == ["success", "success"]


def test_who_waits_can_be_cancelled(machine, pair, tmp_path):
    requests = pair("java", "language", ALONE)
    # and not who waits for the other one's fetch: that one may have the downloads first
    words = "waiting for another build that uses the java downloads"
    found = machine.wait_until(lambda: [one for one in requests if words in machine.log(one)])
    machine.ask("cancel", {"build_id": found[0]["build_id"], "reason": ""})
    assert machine.wait(found[0])["state"] == "cancelled"
    (tmp_path / "go").write_bytes(b"")
    assert sorted(ends(machine, requests)) == ["cancelled", "success"]
