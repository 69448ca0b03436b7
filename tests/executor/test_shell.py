"""A shell in what a build ran in: the same image, mounts, user and environment; and nothing of it stays."""

from __future__ import absolute_import, print_function

import base64
import json
import os
import signal
import subprocess

import pexpect
import pytest

from business_hyper_fusion import compat, gc_executors, lock, shell, workspace
from tests.executor.machine import engine_of
from tests.executor.test_package import PUBLISH
from tests.lab import process, python

FAILING = "echo left by the build >left; exit 7"


class Shells(object):
    """Runs the verbs of one machine as sshd would."""

    def __init__(self, machine):
        self.machine = machine

    def fail(self, address, script=FAILING, kept=3600, **changes):
        """:returns: the request of a build that failed, and has let go of its executor."""
        limits = self.machine.limits(keep_failed_seconds=kept)
        request = self.machine.request(address, script, limits=limits, **changes)
        self.machine.run(request)
        executor = self.machine.business.executor(request["executor_id"])
        self.machine.wait_until(lambda: not lock.held(executor.lock))
        return request

    def words(self, request, *words, **given):
        package = os.path.join(self.machine.release, "business_hyper_fusion")
        start = [python.interpreter(), "-E", "-S", "-B", package, "shell"]
        command = compat.to_native(base64.b64encode(compat.to_bytes(json.dumps(words))))
        return start + [request["build_id"], "1", given.get("secrets", "-"), command]

    def run(self, request, *words, **given):
        """:returns: (exit status, stdout, stderr) of a command on pipes."""
        child = subprocess.Popen(
            self.words(request, *words, **given),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        out, err = child.communicate(given.get("stdin", b""))
        return child.returncode, compat.to_native(out), compat.to_native(err)

    def spawn(self, request, *words, **given):
        """:returns: pexpect's child on a terminal."""
        command = self.words(request, *words, **given)
        environment = dict(os.environ, TERM="vt100", PS1="$ ")
        return pexpect.spawn(command[0], command[1:], env=environment, timeout=240, echo=False)

    def lend(self, request, secrets):
        """:returns: (process of the verb that holds them, name)"""
        package = os.path.join(self.machine.release, "business_hyper_fusion")
        words = [python.interpreter(), "-E", "-S", "-B", package, "lend"]
        child = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        question = {"build_id": request["build_id"], "attempt": 1, "secrets": secrets}
        child.stdin.write(compat.to_bytes(json.dumps(question)) + b"\n")
        child.stdin.flush()
        answer = json.loads(compat.to_native(child.stdout.readline()))
        return child, answer.get("name")

    def containers(self):
        label = "label=tristan.root=" + self.machine.root
        words = self.machine.engine + ["ps", "--all", "--quiet", "--filter", label]
        return subprocess.check_output(words).split()

    def left_over(self, request):
        """:returns: what a shell has left in the attempt's directory, and of secrets that were lent to it."""
        below = os.listdir(self.machine.attempt(request).path)
        found = [name for name in below if name.startswith("shell.") and name != "shell.lock"]
        upkeep = self.machine.business.upkeep
        lent = os.listdir(upkeep) if os.path.isdir(upkeep) else []
        return found + [name for name in lent if name.startswith("lent.")]


@pytest.fixture
def shells(machine):
    return Shells(machine)


@pytest.fixture
def docker_shells(docker_machine):
    return Shells(docker_machine)


ENVIRONMENT = """env | grep -E '^(TRISTAN|CI|HOME|USER|LEVEL|IMAGE)' | sort; pwd; id; umask
ls /tristan | grep -v lifeline
grep -E 'CapEff|NoNewPrivs' /proc/self/status"""


def test_all_is_as_it_was_in_the_build(docker_shells, address):
    request = docker_shells.fail(
        address,
        ENVIRONMENT + "\nexit 7",
        isolation="docker",
        environment={"LEVEL": "a b;$(id)"},
    )
    log = docker_shells.machine.log(request)
    code, out, err = docker_shells.run(request, "/bin/sh", "-c", ENVIRONMENT)
    assert (code, err) == (0, "")
    assert "LEVEL=a b;$(id)\n" in out and "NoNewPrivs:\t1" in out
    assert out in log
    assert docker_shells.containers() == [] and docker_shells.left_over(request) == []


@pytest.mark.once
def test_the_failed_script_once_more(docker_shells, address):
    request = docker_shells.fail(
        address, "test -e left && echo seen; touch left; exit 7", isolation="docker"
    )
    script = ["/bin/sh", "/tristan/build/run_script.sh", "/tristan/build/compile_to_execute.sh"]
    assert docker_shells.run(request, *script)[:2] == (7, "seen\n")


@pytest.mark.once
def test_selinux_labels_that_others_in_the_workspace_can_live_with(docker_shells, address):
    engine = engine_of(docker_shells.machine.engine, selinux="private")
    request = docker_shells.fail(address, isolation="docker", engine=engine)
    (line,) = [
        line for line in docker_shells.machine.log(request).splitlines() if "on the machine" in line
    ]
    assert ":/tristan/source:rw,z " in line and ":/tristan/build:ro,z " in line
    assert docker_shells.run(request, "cat", "left")[:2] == (0, "left by the build\n")


@pytest.mark.once
def test_pipes_carry_bytes_and_the_exit_status(docker_shells, address):
    request = docker_shells.fail(address, isolation="docker")
    data = bytes(bytearray(range(256))) * 1000
    words = docker_shells.words(request, "sh", "-c", "cat; echo oops >&2; exit 5")
    child = subprocess.Popen(
        words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert child.communicate(data) == (data, b"oops\n")
    assert child.returncode == 5


@pytest.mark.once
def test_on_a_terminal(docker_shells, address):
    request = docker_shells.fail(address, isolation="docker")
    child = docker_shells.spawn(request)
    child.expect_exact("==> shell in sha256:")
    child.expect_exact("/tristan/build/compile_to_execute.sh")
    child.sendline("echo $((6 * 7)) $TERM; cat left; tty -s && echo on a terminal")
    child.expect("42 vt100\r\nleft by the build\r\non a terminal")
    assert len(docker_shells.containers()) == 1
    # One process from its first word on: the key is for whoever is in the foreground by then.
    child.sendline("sh -c 'echo asleep-$((6 * 8)); exec sleep 600'")
    child.expect_exact("asleep-48")
    child.send("\x03")
    child.sendline("exit 9")
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 9
    assert docker_shells.containers() == []


@pytest.mark.once
@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGTERM])
def test_who_hangs_up_leaves_nothing(docker_shells, address, number):
    request = docker_shells.fail(address, isolation="docker")
    child = docker_shells.spawn(request, "sh", "-c", "trap '' HUP TERM; echo ready; sleep 60")
    child.expect_exact("ready")
    os.kill(child.pid, number)
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 129
    assert docker_shells.containers() == []


@pytest.mark.once
def test_who_goes_from_pipes_leaves_nothing(docker_shells, address):
    request = docker_shells.fail(address, isolation="docker")
    words = docker_shells.words(request, "sh", "-c", "echo ready; sleep 60")
    child = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert child.stdout.readline() == b"ready\n"
    child.stdin.close()
    child.stdout.close()
    assert child.wait() == 129
    assert docker_shells.containers() == []


def test_the_workspace_is_in_use_meanwhile(shells, address):
    request = shells.fail(address)
    attempt = shells.machine.attempt(request)
    child = shells.spawn(request)
    child.sendline("echo here")
    child.expect_exact("here")
    assert lock.held(attempt.shell_lock)
    child.sendline("exit")
    child.expect(pexpect.EOF)
    child.close()
    assert not lock.held(attempt.shell_lock)


@pytest.mark.once
def test_a_collection_leaves_it_alone(docker_shells, address):
    request = docker_shells.fail(address, isolation="docker")
    attempt = docker_shells.machine.attempt(request)
    status = docker_shells.machine.status(request)
    with open(attempt.status, "w") as target:
        json.dump(dict(status, kept_until="2026-11-21T06:55:12.123Z"), target)
    question = {"older_than_seconds": 1, "engine": docker_shells.machine.engine}
    child = docker_shells.spawn(request, "sh", "-c", "echo ready; read line; cat left")
    child.expect_exact("ready")
    docker_shells.machine.ask("gc", question)
    assert len(docker_shells.containers()) == 1
    child.sendline("")
    child.expect_exact("left by the build")
    child.expect(pexpect.EOF)
    child.close()
    docker_shells.machine.ask("gc", question)
    assert not os.path.exists(attempt.workspace)


def test_a_collection_knows_it_from_the_builds_after_it(shells, address):
    """The executor's lock is the shell's then, and its request that of another ref's build: not whom it is held for."""
    request = shells.fail(address, "true")
    shells.fail(address, "true", ref={"kind": "tag", "name": "v1", "commit": ""})
    child = shells.spawn(request)
    child.sendline("echo here")
    child.expect_exact("here")
    assert (request["build_id"], "1") in gc_executors.running(shells.machine.business)
    child.sendline("exit")
    child.expect(pexpect.EOF)
    child.close()
    assert gc_executors.running(shells.machine.business) == set()
    assert shells.left_over(request) == []


def test_a_workspace_that_goes_in_just_this_moment_is_told(shells, address, monkeypatch):
    request = shells.fail(address)
    attempt = shells.machine.attempt(request)
    opened = shell.Shell(shells.machine.business, request["build_id"], 1, "-")
    acquire = lock.acquire

    def acquire_late(path, shared=False):
        monkeypatch.setattr(lock, "acquire", acquire)
        workspace.remove(attempt)
        return acquire(path, shared)

    monkeypatch.setattr(lock, "acquire", acquire_late)
    with pytest.raises(shell.Refusal) as refused:
        opened.run(["true"])
    assert "was removed" in str(refused.value)
    assert not lock.held(attempt.shell_lock)


@pytest.mark.once
def test_the_step_that_prepares_the_image(docker_shells, address):
    """What failed is what is tried again: with a context to fill."""
    scripts = {"compile_to_execute.sh": "true", "Dockerfile": "FROM scratch\n"}
    scripts["package_to_docker.sh"] = 'touch "$TRISTAN_CONTEXT/half"; exit 4'
    request = docker_shells.fail(address, isolation="docker", publish=PUBLISH, scripts=scripts)
    assert "package_to_docker.sh ended with exit status 4" in docker_shells.machine.log(request)
    look = 'ls "$TRISTAN_CONTEXT"; echo "$TRISTAN_DOCKERFILE" >"$TRISTAN_CONTEXT/new" && cat "$TRISTAN_CONTEXT/new"'
    assert docker_shells.run(request, "sh", "-c", look) == (0, "operator\n", "")


def test_without_a_container(shells, address):
    request = shells.fail(address, environment={"LEVEL": "high"})
    code, out, _ = shells.run(
        request,
        "sh",
        "-c",
        'cat left; pwd; echo "$LEVEL $HOME"; cd "$TRISTAN_SOURCE" && ls; exit 4',
    )
    status = shells.machine.status(request)
    home = os.path.join(
        os.path.dirname(os.path.dirname(os.path.dirname(status["source"]))), "cache/home"
    )
    assert code == 4
    assert out.splitlines() == [
        "left by the build", status["workspace"], "high " + home, "left", "setup.py", "shop.py"
    ]  # fmt: skip


def test_without_a_workspace_in_the_ref_s_own_source(shells, address):
    request = shells.fail(address, "echo left >left")
    status = shells.machine.status(request)
    assert status["state"] == "success"
    assert shells.run(request, "sh", "-c", "pwd; cat left")[:2] == (
        0,
        status["source"] + "\nleft\n",
    )
    assert shells.left_over(request) == []
    child = shells.spawn(request)
    child.sendline("echo here")
    child.expect_exact("here")
    second = shells.machine.request(address, "true")
    assert shells.machine.launch(second)["answer"] == "busy"
    child.sendline("exit")
    child.expect(pexpect.EOF)
    child.close()
    shells.machine.run(second)
    code, _, err = shells.run(request, "true")
    assert code == 3 and "is not there any more" in err


def test_a_busy_executor_is_told(shells, address):
    request = shells.fail(address, "true")
    other = shells.machine.request(
        address, "sleep 60", ref={"kind": "branch", "name": "main", "commit": ""}
    )
    shells.machine.launch(other)
    code, _, err = shells.run(request, "true")
    assert code == 3 and "runs another build" in err
    code, _, err = shells.run(other, "true")
    assert code == 3 and "still runs" in err
    shells.machine.ask("cancel", {"build_id": other["build_id"], "reason": ""})
    shells.machine.wait(other)


def test_what_is_not_there_is_told(shells, address):
    request = shells.fail(address)
    unknown = dict(request, build_id="20261121T065512123-00000000")
    assert shells.run(unknown, "true")[0] == 3
    code, _, err = shells.run(request, "/no/such/program")
    assert code == 3 and "/no/such/program can't be started" in err
    os.remove(shells.machine.attempt(request).request)
    code, _, err = shells.run(request, "true")
    assert code == 3 and "request is not kept" in err


@pytest.mark.once
def test_an_image_that_is_gone_is_told(docker_shells, address):
    request = docker_shells.fail(address, isolation="docker")
    path = docker_shells.machine.attempt(request).status
    status = docker_shells.machine.status(request)
    status["image"].update(build_image="no/such:image", build_image_id="sha256:" + "0" * 64)
    with open(path, "w") as target:
        json.dump(status, target)
    code, _, err = docker_shells.run(request, "true")
    assert code == 3 and "no/such:image is not on the machine any more" in err


def test_secrets_only_when_lent_and_only_meanwhile(docker_shells, address):
    request = docker_shells.fail(address, isolation="docker")
    look = ["sh", "-c", 'ls "$TRISTAN_SECRETS"; cat "$TRISTAN_SECRETS"/* 2>/dev/null; true']
    assert docker_shells.run(request, *look)[1] == ""
    holder, name = docker_shells.lend(request, {"TOKEN": "hidden\nvalue"})
    place = os.path.join(docker_shells.machine.business.upkeep, name)
    assert os.stat(place).st_mode & 0o777 == 0o700
    assert docker_shells.run(request, *look, secrets=name)[1] == "TOKEN\nhidden\nvalue"
    holder.stdin.close()
    assert holder.wait() == 0
    assert docker_shells.left_over(request) == []
    code, _, err = docker_shells.run(request, *look, secrets=name)
    assert code == 3 and "secrets" in err


def test_what_was_lent_goes_with_the_line(shells, address):
    request = shells.fail(address)
    holder, name = shells.lend(request, {"TOKEN": "hidden"})
    code, out, _ = shells.run(request, "sh", "-c", 'cat "$TRISTAN_SECRETS/TOKEN"', secrets=name)
    assert (code, out) == (0, "hidden")
    holder.send_signal(signal.SIGHUP)
    holder.wait()
    holder.stdin.close()
    process.wait_until(lambda: not shells.left_over(request), 60, "the end of the secrets")


@pytest.mark.parametrize("name", ["../../..", "gc.lock", "lent.", "lent.0123456789abcdef/../x"])
def test_only_what_was_lent_is_mounted(shells, address, name):
    request = shells.fail(address)
    assert shells.run(request, "true", secrets=name)[0] == 3


def test_nothing_is_lent_to_no_build(shells, address):
    request = dict(shells.fail(address), build_id="20261121T065512123-00000000")
    holder, name = shells.lend(request, {"TOKEN": "hidden"})
    holder.stdin.close()
    assert name is None and holder.wait() == 0
