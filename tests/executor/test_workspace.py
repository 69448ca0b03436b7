"""The source of a failed build: kept for a while, the newest of a ref; and what the log says of it."""

from __future__ import absolute_import, print_function

import json
import os
import shutil
import subprocess
import time

import pytest

from business_hyper_fusion import compat, files, lock, workspace

TAG = {"kind": "tag", "name": "v1", "commit": ""}
FAILING = "echo made >made; chmod 500 .; exit 7"


def build(machine, address, script=FAILING, kept=3600, **changes):
    """:returns: the request of a build that has ended."""
    request = machine.request(
        address, script, limits=machine.limits(keep_failed_seconds=kept), **changes
    )
    machine.run(request)
    return request


def is_kept(machine, request):
    return os.path.exists(machine.attempt(request).workspace)


def expire(machine, request, kept_until="2020-01-01T00:00:00.000Z"):
    """Have a workspace's time be over."""
    attempt = machine.attempt(request)
    status = machine.status(request)
    files.publish_json(attempt.status, dict(status, kept_until=kept_until))


def test_the_source_as_the_build_left_it(machine, address):
    request = build(machine, address)
    status = machine.status(request)
    assert status["workspace"] == os.path.join(machine.attempt(request).workspace, "source")
    assert sorted(os.listdir(status["workspace"])) == ["made", "setup.py", "shop.py"]
    soon, late = compat.iso_time(time.time() + 3000), compat.iso_time(time.time() + 3600)
    assert soon < status["kept_until"] <= late
    assert not os.path.exists(status["source"])


def test_it_is_kept_long_enough_by_the_machine_s_clock_and_by_the_controller_s(machine, address):
    """The clock that is ahead says until when, the one that is behind whether it is over."""
    ahead, behind = [compat.iso_time(time.time() + days * 86400) for days in (300, -300)]
    request = build(machine, address, requested_at=ahead)
    assert machine.status(request)["kept_until"] > compat.iso_time(time.time() + 300 * 86400)
    expire(machine, request, compat.iso_time(time.time() - 200 * 86400))
    other = {"kind": "tag", "name": "v1", "commit": ""}
    build(machine, address, "true", ref=other, requested_at=behind)
    assert is_kept(machine, request)
    build(machine, address, "true", ref=other, requested_at=compat.iso_time())
    assert not is_kept(machine, request)


def test_the_next_build_starts_from_the_commit_s_files(machine, address):
    build(machine, address)
    request = build(machine, address, "test ! -e made && test -e shop.py")
    assert machine.status(request)["state"] == "success"


def test_the_log_ends_with_what_failed_and_how_to_look_at_it(machine, address):
    request = build(machine, address)
    status = machine.status(request)
    script = "/bin/sh %s/run_script.sh %s/compile_to_execute.sh" % (
        (os.path.join(os.path.dirname(status["source"]), "build"),) * 2
    )
    assert machine.log(request).splitlines()[-4:] == [
        "==> the build script ended with exit status 7; the log tells why",
        "==> build: %s ended with exit status 7" % script,
        "==> its source is kept until %sZ in %s" % (status["kept_until"][:19], status["workspace"]),
        "==> look at it:  tristan shell " + request["build_id"][-8:],
    ]


def test_nothing_is_kept_for_no_time(machine, address):
    request = build(machine, address, kept=0)
    status = machine.status(request)
    assert (status["workspace"], status["kept_until"]) == ("", "")
    assert not is_kept(machine, request) and os.path.exists(status["source"])
    assert machine.log(request).splitlines()[-1].endswith("ended with exit status 7")


@pytest.mark.parametrize(
    "script, changes",
    [
        ("true", {}),
        (FAILING, {"ref": {"kind": "branch", "name": "missing", "commit": ""}}),
    ],
)
def test_other_ends_keep_nothing(machine, address, script, changes):
    request = build(machine, address, script, **changes)
    assert not is_kept(machine, request)
    assert machine.status(request)["workspace"] == ""


def test_a_cancelled_build_keeps_nothing_and_one_out_of_time_does(machine, address):
    begun = machine.begin_limits_late()
    cancelled = machine.request(
        address, "echo on; sleep 60", limits=machine.limits(keep_failed_seconds=60)
    )
    machine.launch(cancelled)
    machine.wait_for_log(cancelled, "on\n")
    machine.ask("cancel", {"build_id": cancelled["build_id"], "reason": ""})
    assert machine.wait(cancelled)["state"] == "cancelled"
    assert not is_kept(machine, cancelled)
    limits = machine.limits(keep_failed_seconds=60, soft_seconds=1, hard_seconds=600)
    late = machine.request(address, "touch %s; sleep 600" % begun, limits=limits)
    assert machine.run(late)["state"] == "timeout"
    assert is_kept(machine, late)
    assert "did not come to its end (soft_limit)" in machine.log(late)


def test_tags_are_kept_too(machine, address, shop):
    shop.tag("v1")
    request = build(machine, address, ref={"kind": "tag", "name": "v1", "commit": ""})
    assert os.path.exists(machine.status(request)["workspace"] + "/made")


def test_the_newest_of_a_ref_takes_the_place_of_the_one_before(machine, address, shop):
    shop.tag("v1")
    first = build(machine, address)
    other = build(machine, address, ref={"kind": "tag", "name": "v1", "commit": ""})
    elsewhere = build(machine, address, executor_id="2")
    second = build(machine, address)
    assert not is_kept(machine, first)
    assert all(is_kept(machine, one) for one in (other, elsewhere, second))
    build(machine, address, "true")
    assert is_kept(machine, second)


def test_time_goes_by(machine, address):
    request = build(machine, address)
    expire(machine, request)
    build(machine, address, "true")
    assert not is_kept(machine, request)


def test_a_workspace_in_use_stays(machine, address):
    request = build(machine, address)
    expire(machine, request)
    attempt = machine.attempt(request)
    held = lock.acquire(attempt.shell_lock, shared=True)
    build(machine, address)
    assert is_kept(machine, request) and workspace.in_use(attempt)
    os.close(held)
    build(machine, address, "true")
    assert not is_kept(machine, request)
    assert not os.path.exists(attempt.shell_lock)


def test_a_root_with_the_characters_of_a_glob(machine):
    assert workspace.glob_escape("/a[1]*?") == "/a[[]1][*][?]"


def test_what_can_t_be_kept_changes_no_outcome(machine, address):
    """The attempt's directory has a file where the workspace would go."""
    script = 'touch "%s"; exit 7'
    request = machine.request(address, "", limits=machine.limits(keep_failed_seconds=60))
    attempt = machine.attempt(request)
    request["scripts"]["compile_to_execute.sh"] = script % attempt.workspace
    status = machine.run(request)
    assert (status["state"], status["exit"], status["workspace"]) == ("failed", 7, "")
    assert "could not be kept" in machine.log(request)


def test_the_line_repeats_it_on_the_machine(docker_machine, address):
    """With the profile's variables, the source as it was left, and not one secret."""
    script = 'echo "$LEVEL $(ls "$TRISTAN_SECRETS") $(id -u)"; echo "$TRISTAN_ISOLATION"; ls; touch left; exit 7'
    request = docker_machine.request(
        address,
        script,
        isolation="docker",
        environment={"LEVEL": "a b;$(id)"},
        limits=docker_machine.limits(keep_failed_seconds=60),
    )
    docker_machine.launch(request, {"build:TOKEN": "hidden-value"})
    status = docker_machine.wait(request)
    (line,) = [one for one in docker_machine.log(request).splitlines() if "machine:  " in one]
    words = line.partition("machine:  ")[2].replace("--interactive --tty", "")
    child = subprocess.Popen(["sh", "-c", words], stdout=subprocess.PIPE)
    output = compat.to_native(child.communicate()[0])
    assert child.returncode == 7
    assert output.splitlines() == ["a b;$(id)  %d" % os.getuid(), "", "left", "setup.py", "shop.py"]
    for directory, _, names in os.walk(os.path.dirname(status["workspace"])):
        for name in names:
            with open(os.path.join(directory, name), "rb") as file:
                assert b"hidden-value" not in file.read()
    assert json.dumps(status).count("hidden-value") == 0


def test_a_note_says_where_workspaces_are(machine, address, shop):
    shop.tag("v1")
    executor = machine.business.executor("1")
    first = build(machine, address)
    assert os.listdir(executor.workspaces) == [machine.attempt(first).token]
    shutil.rmtree(executor.workspaces)  # as of scripts that wrote none
    assert [one.build_id for one in workspace.kept(executor)] == [first["build_id"]]
    second = build(machine, address, ref=dict(TAG))
    wanted = sorted(machine.attempt(request).token for request in (first, second))
    assert sorted(os.listdir(executor.workspaces)) == wanted


def test_a_note_goes_with_its_workspace(machine, address, shop):
    shop.tag("v1")
    executor = machine.business.executor("1")
    gone, old = build(machine, address), build(machine, address, ref=dict(TAG))
    shutil.rmtree(machine.attempt(gone).path)
    assert [one.build_id for one in workspace.kept(executor)] == [old["build_id"]]
    expire(machine, old)
    build(machine, address, "true")
    assert os.listdir(executor.workspaces) == []
