"""attended.sh, the script's own parent, with the shells that images have: what it hears and says, when it ends all."""

from __future__ import absolute_import, print_function, unicode_literals

import os
import signal
import subprocess
import time

import pytest

from business_hyper_fusion import identity, lock, process
from business_hyper_fusion.lifeline import Lifeline
from tests.lab.process import wait_until
from tests.lab.python import interpreter

COMMON = os.path.join(
    os.path.dirname(os.path.abspath(__file__)), "../../business_hyper_fusion/common"
)

CONTAINER = ["unshare", "--pid", "--fork", "--kill-child", "docker-init", "-s", "--"]
"""As much of one as is needed: a first process, with which all the others end."""

KILLED = 128 + signal.SIGKILL

SHELLS = (["/bin/dash"], ["/bin/bash", "--posix"], ["/bin/busybox", "sh"])


@pytest.fixture
def line(tmpdir):
    made = Lifeline(str(tmpdir.join("line")))
    yield made
    if os.path.isdir(made.directory):
        made.close()


def attend(shell, directory, text):
    """Start a script. :returns: subprocess.Popen, whose exit status is that of attended.sh"""
    script = os.path.join(os.path.dirname(directory), "script.sh")
    with open(script, "w") as target:
        target.write(text)
    attended = os.path.join(COMMON, "attended.sh")
    words = CONTAINER + shell + [attended, directory, script]
    return subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


@pytest.mark.parametrize("shell", SHELLS, ids=lambda words: os.path.basename(words[0]))
@pytest.mark.parametrize("status", [0, 3, 125])
def test_it_says_how_the_script_ended(line, shell, status):
    child = attend(shell, line.directory, "read x; echo out; echo err >&2; exit %d" % status)
    assert child.communicate()[0] == b"out\nerr\n"
    assert child.returncode == status
    line.listen()
    assert (line.began, line.exit_status) == (True, status)


@pytest.mark.parametrize("shell", SHELLS, ids=lambda words: os.path.basename(words[0]))
def test_a_signal_reaches_the_scripts_group_and_its_answer_counts(line, shell):
    text = "trap 'echo tidied; exit 9' TERM; sleep 60 & sleep 0.3; echo begun; wait"
    child = attend(shell, line.directory, text)
    assert child.stdout.readline() == b"begun\n"
    assert line.pass_on(signal.SIGTERM) and not line.pass_on(signal.SIGKILL)
    assert child.communicate()[0] == b"tidied\n"
    line.listen()
    assert (child.returncode, line.exit_status) == (9, 9)


@pytest.mark.parametrize("shell", SHELLS, ids=lambda words: os.path.basename(words[0]))
def test_a_script_that_was_killed(line, shell):
    child = attend(shell, line.directory, "kill -9 $$")
    child.communicate()
    line.listen()
    assert (child.returncode, line.exit_status) == (137, 137)


@pytest.mark.parametrize("shell", SHELLS, ids=lambda words: os.path.basename(words[0]))
def test_the_end_of_the_line_ends_everything(line, shell):
    text = "trap '' TERM INT HUP; (setsid sleep 60 &); echo begun; sleep 60"
    child = attend(shell, line.directory, text)
    assert child.stdout.readline() == b"begun\n"
    line.close()
    assert child.communicate()[0] == b""  # nobody holds it any more
    assert child.returncode == KILLED


@pytest.mark.parametrize("shell", SHELLS, ids=lambda words: os.path.basename(words[0]))
def test_a_line_that_nobody_holds_any_more_when_it_starts(shell, tmpdir):
    directory = str(tmpdir.mkdir("line"))
    for name in ("alive", "said"):
        os.mkfifo(os.path.join(directory, name))
    assert attend(shell, directory, "sleep 60").wait() == KILLED


def test_a_signal_before_the_beginning_is_not_passed_on(line):
    assert not line.pass_on(signal.SIGTERM)


def test_a_flood_and_nonsense_are_listened_to(line):
    writing = os.open(os.path.join(line.directory, "said"), os.O_WRONLY)
    for data in (
        b"x" * 5000,
        b"\n\xff\nended x\noom_kill 2 3\nended \n",
        b"oom_kill 2\nended 7\nended",
    ):
        os.write(writing, data)
        line.listen()
    os.close(writing)
    assert (line.began, line.oom_kills, line.exit_status) == (False, 2, 7)


def test_what_a_worker_started_is_ended_by_its_guardian():
    """A worker that is killed leaves no command of its own behind."""
    program = """
import os, subprocess, sys
sys.path.insert(0, %r)
from business_hyper_fusion import guardian, prctl
prctl.adopt_orphans()
worker = subprocess.Popen(["sh", "-c", "sleep 60 >/dev/null & echo $!"], stdout=subprocess.PIPE)
orphan = int(worker.stdout.readline())
worker.wait()
guardian.end_orphans()
print(os.waitpid(orphan, 0)[1])
"""
    words = [interpreter(), "-c", program % os.path.dirname(os.path.dirname(COMMON))]
    begun = time.time()
    assert int(subprocess.check_output(words)) == signal.SIGKILL
    assert time.time() - begun < 30


def test_a_command_holds_the_lock_that_it_keeps_until_it_is_dead(tmpdir):
    path = str(tmpdir.join("lock"))
    held = lock.acquire(path)
    command = process.Command(["sleep", "60"], dict(os.environ))
    command.kept = (held,)
    runner = process.Runner(None, None)
    begun = runner.begin(command)
    os.close(held)
    assert lock.acquire(path) is None
    runner.abandon(begun)
    os.close(lock.acquire(path))


def test_what_a_command_said_before_its_end_is_read_however_late(tmpdir, monkeypatch):
    """Whoever reads may be stopped for seconds just when the end was noticed."""
    go = str(tmpdir.join("go"))
    os.mkfifo(go)
    command = process.Command(
        ["sh", "-c", "read x <'%s'; echo over" % go], dict(os.environ), capture=True
    )
    runner = process.Runner(None, None)
    begun = runner.begin(command)

    class EndsBetweenTwoLooks(object):
        """A meter is asked behind the look at the output, and before that at the command."""

        def pause(self):
            return 0.0

        def sample(self):
            if identity.start_time(begun[1].pid):
                with open(go, "w") as target:
                    target.write("\n")
                wait_until(lambda: not identity.start_time(begun[1].pid), 60, "the command's end")

    monkeypatch.setattr(
        process._Watch, "ended_for", lambda watch: 3600.0 * (watch.wait_status is not None)
    )
    assert runner.finish(begun, EndsBetweenTwoLooks()).text() == "over"


def test_a_command_inherits_nothing_else(tmpdir):
    other = os.open(str(tmpdir.join("other")), os.O_WRONLY | os.O_CREAT)
    held = lock.acquire(str(tmpdir.join("lock")))
    command = process.Command(["ls", "-l", "/proc/self/fd"], dict(os.environ), capture=True)
    command.kept = (held,)
    listed = process.Runner(None, None).run(command).text()
    assert "/lock" in listed and "/other" not in listed
    os.close(other)
    os.close(held)
