"""The main job from the command line: build real projects through a real sshd, in Docker."""

from __future__ import absolute_import, print_function, unicode_literals

import io
import json
import os
import signal
import time
import zipfile

import pytest

from tests.end_to_end.operator import HOLD
from tests.faults import rows
from tests.lab import process

LOOPS = "i=0; while [ $i -lt 6000 ]; do i=$((i+1)); echo line $i; sleep 0.1; done"


def record(operator):
    """:returns: (content, inode) of the machine's record of what was synced."""
    path = os.path.join(operator.sshd.root, "1", "local_update_time_record")
    with io.open(path, encoding="utf-8") as source:
        return json.load(source), os.stat(path).st_ino


def ended(child):
    """:returns: (exit code, text) of a pexpect child."""
    text = child.read().decode("utf-8")
    child.close()
    return child.exitstatus, text


def read_until(stream, word):
    """:returns: bytes, all up to the first line that holds a word."""
    found = b""
    for line in iter(stream.readline, b""):
        found += line
        if word in line:
            return found
    raise AssertionError("no %s in %s" % (word, found))


def rest(child):
    """:returns: (stdout, stderr) from where ``readline`` left off, which ``communicate`` loses."""
    out, err = child.stdout.read(), child.stderr.read()
    child.wait()
    return out, err


def wait_for_state(operator, build_id, *states):
    """:returns: the status, once it is in one of the states."""
    found = []

    def there():
        found.append(operator.json("status", build_id))
        return found[-1]["state"] in states

    process.wait_until(there, 60, "%s of %s" % (states, build_id))
    return found[-1]


@pytest.mark.pairs
def test_builds_a_wheel_then_fetches_and_sends_no_script(operator):
    first = operator.run("build", "shop", "--branch", "main")
    assert first.code == 0, first
    assert "pushed" in first.err
    assert "cloning" in first.out
    status = operator.json("status")[0]
    assert first.out.encode("utf-8") == operator.log(status)
    wheel = status["artifacts"][0]["path"]
    assert "builder-1:" + wheel in first.err
    assert [name for name in zipfile.ZipFile(wheel).namelist() if name.startswith("shop/")]
    synced = record(operator)
    files = synced[0]["files"]
    assert set(files["startup.py"]) >= {"update_time", "sha256"}

    commit = operator.shop.commit({"NEWS": "more\n"}, "Second")
    second = operator.run("build", "shop", "--branch", "main")
    assert second.code == 0, second
    assert "pushed" not in second.err
    assert "fetching" in second.out
    assert "cloning" not in second.out
    assert operator.json("status")[0]["commit"] == commit
    assert record(operator) == synced
    assert not operator.containers()


@pytest.mark.pairs
def test_builds_a_nodejs_project(operator):
    result = operator.run("build", "web", "--branch", "main")
    assert result.code == 0, result
    status = operator.json("status")[0]
    assert status["language"] == "nodejs"
    assert status["artifacts"]


@pytest.mark.pairs
def test_status_shows_what_each_phase_used(operator):
    script = "head -c 5000000 /dev/zero > zeros; python3 -c 'sum(range(40000000))'; "
    # Who hands on what is said also measures: the container lasts until that was seen.
    child = operator.script(script + HOLD.replace("sleep", "echo tick; sleep"))
    for _ in range(3):
        read_until(child.stdout, b"tick")
    operator.release(operator.json("status")[0]["build_id"])
    _, err = rest(child)
    assert child.returncode == 0, err
    one = operator.json("status")[0]
    phases = dict((phase["name"], phase) for phase in one["phases"])
    assert phases["build"]["cpu_seconds"] > 0.2
    assert phases["build"]["peak_memory_bytes"] > 1000000
    assert phases["build"]["wall_seconds"] > 0.05
    assert phases["publish"]["state"] == "skipped"
    shown = operator.run("status", one["build_id"][-8:]).out
    lines = shown.splitlines()
    heading = [number for number, line in enumerate(lines) if line.startswith("PHASE")][0]
    assert [line.split()[0] for line in lines[heading + 1 :]] == list(
        ("sync", "source", "image", "build", "package", "publish", "clean")
    )


@pytest.mark.pairs
def test_detach_follow_and_read_again(operator):
    build_id = operator.detached("echo tick; " + HOLD + "; echo tock")
    assert operator.json("status", build_id)["state"] == "running"
    follower = operator.start("logs", build_id[-8:], "--follow")
    followed = read_until(follower.stdout, b"tick")
    operator.release(build_id)
    followed += rest(follower)[0]
    assert follower.returncode == 0
    assert b"\ntock\n" in followed
    status = operator.json("status", build_id)
    assert followed == operator.log(status)
    assert operator.run("logs", build_id).out.encode("utf-8") == followed
    from_there = operator.run("logs", build_id[:20], "--offset", "10").out
    assert from_there.encode("utf-8") == followed[10:]


def test_json_gives_one_object_and_the_log_on_stderr(operator):
    result = operator.run("build", "shop", "--branch", "main", "--json")
    status = json.loads(result.out)
    assert (status["state"], status["phase"]) == ("success", "clean")
    assert "==> source" in result.err
    assert [one["name"] for one in operator.json("machines")] == ["builder-1"]


def test_tag_and_commit(operator):
    operator.shop.tag("v1.0")
    first = operator.shop.git(["rev-parse", "HEAD"]).strip()
    operator.shop.commit({"NEWS": "after the tag\n"}, "After")
    for words in (["--tag", "v1.0"], ["--commit", first], ["--branch", "main", "--commit", first]):
        result = operator.run("build", "shop", "--json", *words)
        assert (result.code, json.loads(result.out)["commit"]) == (0, first), result


def test_parameters_reach_the_script(operator):
    words = ["--param", "WHAT=a 'b' $(id) \\ \u00e4", "--param", 'SCRIPT=echo "<$WHAT>"']
    result = operator.run("build", "script", "--branch", "main", *words)
    assert "<a 'b' $(id) \\ \u00e4>" in result.out


@pytest.mark.parametrize(
    "words, code, state, cause",
    [
        (["script", "--param", "SCRIPT=exit 9"], 1, "failed", "script_failed"),
        (["asked", "--param", "SCRIPT=sleep 300"], 4, "timeout", "soft_limit"),
        (["no_image"], 3, "error", "image_unavailable"),
        (["no_repository"], 3, "error", "repository_unavailable"),
    ],
)
def test_exit_codes_by_outcome(operator, words, code, state, cause):
    result = operator.run("build", "--branch", "main", *words)
    assert result.code == code, result
    status = operator.json("status")[0]
    assert (status["state"], status["cause"]) == (state, cause)
    assert status["message"] in result.err
    assert not operator.containers()


def test_a_ref_that_is_not_there(operator):
    result = operator.run("build", "shop", "--branch", "no-such-branch")
    assert result.code == 3
    assert operator.json("status")[0]["cause"] == "ref_not_found"
    assert "no-such-branch" in result.err


@rows.hostile(1)
@pytest.mark.parametrize(
    "words",
    [
        ["shop", "--branch", "--upload-pack=x"],
        ["shop", "--branch", "../x"],
        ["shop", "--branch", "main.lock"],
        ["shop", "--tag", "v1", "--branch", "main"],
        ["shop"],
        ["nothing", "--branch", "main"],
        ["shop", "--branch", "main", "--machine", "builder-9"],
        ["shop", "--branch", "main", "--param", "LD_PRELOAD=/x"],
        ["shop", "--branch", "main", "--param", "A B=c"],
    ],
)
def test_what_is_refused_starts_nothing(operator, words):
    before = operator.json("status")
    result = operator.run("build", *words)
    assert result.code == 2, result
    assert result.err.startswith("tristan: ")
    assert len(result.err.splitlines()) <= 2
    assert operator.json("status") == before


def test_cancel_leaves_nothing(operator):
    child = operator.script("echo begun; sleep 300")
    while b"begun" not in child.stdout.readline():
        pass
    build_id = operator.json("status")[0]["build_id"]
    cancelled = operator.run("cancel", build_id[-8:], "--reason", "wrong branch")
    assert cancelled.code == 0, cancelled
    _, err = rest(child)
    assert child.returncode == 5
    assert b"wrong branch" in err
    assert operator.json("status", build_id)["state"] == "cancelled"
    assert not operator.containers()
    again = operator.run("cancel", build_id)
    assert (again.code, again.out) == (0, build_id + " is cancelled.\n")


def test_busy_then_wait(operator):
    first, second = [operator.detached(HOLD) for _ in range(2)]
    busy = operator.run("build", "shop", "--branch", "main")
    assert busy.code == 8
    assert "--wait" in busy.err
    assert "0 of 2 free" in operator.run("machines").out
    waiting = operator.start("build", "shop", "--branch", "main", "--wait")
    read_until(waiting.stderr, b"waiting for one that is free")
    for build_id in (first, second):
        operator.release(build_id)
    _, err = rest(waiting)
    assert waiting.returncode == 0, err
    for build_id in (first, second):
        wait_for_state(operator, build_id, "success")


def test_timeout_of_watching_leaves_the_build(operator):
    child = operator.script(HOLD, "--timeout", "1")
    _, err = child.communicate()
    assert child.returncode == 7
    build_id = operator.json("status")[0]["build_id"]
    assert build_id[-8:] in err.decode("utf-8")
    operator.release(build_id)
    assert wait_for_state(operator, build_id, "success")


def test_ctrl_c_on_a_terminal_leaves_the_build_and_the_hint_works(operator):
    child = operator.on_terminal(
        "build", "script", "--branch", "main", "--param", "SCRIPT=" + LOOPS
    )
    child.expect("line 5\r")
    child.sendintr()
    code, text = ended(child)
    assert code == 7
    hint = text.split("follow it:  tristan ")[1].splitlines()[0].split()
    build_id = operator.json("status")[0]["build_id"]
    assert operator.json("status", build_id)["state"] == "running"
    follower = operator.start(*hint)
    first_line = follower.stdout.readline()
    assert first_line.startswith(b"line ") or first_line == b"\n"
    assert operator.run("cancel", build_id).code == 0
    out = first_line + rest(follower)[0]
    assert follower.returncode == 5
    offset = int(hint[-1])
    assert out == operator.log(operator.json("status", build_id))[offset:]


def test_ctrl_c_cancels_when_asked_to(operator):
    words = ["build", "script", "--branch", "main", "--param", "SCRIPT=" + LOOPS]
    child = operator.on_terminal(*(words + ["--cancel-on-interrupt"]))
    child.expect("line 3\r")
    child.sendintr()
    code, text = ended(child)
    assert code == 5
    assert "cancelled" in text
    assert not operator.containers()


def test_the_live_line_on_a_terminal(operator):
    child = operator.on_terminal("build", "shop", "--branch", "main")
    code, text = ended(child)
    assert code == 0
    assert "\u25b8" in text
    assert "\u2714" in text.splitlines()[-5:][0] or "success" in text


def test_a_watcher_that_is_killed_kills_nothing_and_another_goes_on(operator):
    child = operator.script("echo tick; " + HOLD)
    read_until(child.stdout, b"tick")
    child.send_signal(signal.SIGKILL)
    rest(child)
    build_id = operator.json("status")[0]["build_id"]
    assert operator.json("status", build_id)["state"] == "running"
    follower = operator.start("logs", build_id, "--follow")
    followed = read_until(follower.stdout, b"tick")
    operator.release(build_id)
    followed += rest(follower)[0]
    assert follower.returncode == 0
    assert followed == operator.log(operator.json("status", build_id))
    assert [one["build_id"] for one in operator.json("status")].count(build_id) == 1


def test_a_connection_that_is_cut_resumes(operator):
    child = operator.script("echo tick; " + HOLD + "; echo tock")
    read_until(child.stdout, b"tick")
    before = operator.json("status")[0]["build_id"]
    assert operator.sshd.kill_sessions()
    operator.release(before)
    out, err = rest(child)
    assert child.returncode == 0, err
    assert b"tock" in out
    status = operator.json("status", before)
    assert operator.log(status).endswith(out)


def test_a_build_whose_process_is_killed_is_lost(operator):
    child = operator.script("echo begun; sleep 300", project="once")
    while b"begun" not in child.stdout.readline():
        pass
    status = operator.json("status")[0]
    os.kill(status["process"]["pid"], signal.SIGKILL)
    _, err = rest(child)
    assert child.returncode == 6, err
    assert operator.json("status", status["build_id"])["cause"] == "startup_died"
    process.wait_until(lambda: not operator.containers(), 60, "the container's end")


def test_logs_of_a_running_build_come_at_once(operator):
    build_id = operator.detached("echo early; sleep 300")
    try:
        wait_for_state(operator, build_id, "running")
        process.wait_until(
            lambda: "early" in operator.run("logs", build_id).out, 60, "the log's first line"
        )
        begun = time.time()
        assert operator.run("logs", build_id).code == 0
        assert time.time() - begun < 60
    finally:
        operator.run("cancel", build_id)
        wait_for_state(operator, build_id, "cancelled")


def test_doctor_and_uninstall(operator):
    checked = operator.run("doctor", "builder-1")
    assert checked.code == 0, checked
    assert "\u2714" in checked.out
    asked = operator.run("uninstall", "builder-1")
    assert asked.code == 2
    removed = operator.run("uninstall", "builder-1", "--yes")
    assert removed.code == 0, removed
    assert not os.path.exists(os.path.join(operator.sshd.root, "1"))
    assert not operator.containers()
    assert operator.json("status") == []
    again = operator.run("build", "shop", "--branch", "main")  # a machine that was wiped
    assert again.code == 0, again
    assert "pushed" in again.err
