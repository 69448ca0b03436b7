"""A build that failed, looked at: its files, its origin, a shell in what it ran in, and all of it once more."""

from __future__ import absolute_import, print_function, unicode_literals

import hashlib
import io
import json
import os

import pexpect
import pytest

from tests.end_to_end.operator import Operator
from tests.lab import process

SCRIPT = "mkdir -p dist; head -c 3000000 /dev/urandom >dist/big; echo here >left; ls -A; "


@pytest.fixture(scope="module")
def operator(engine, python_image, executor_python):
    """As ever; the project `script` has a secret."""
    found = Operator(engine, python=executor_python, python_image=python_image, nodejs_image="none")
    with io.open(found.configuration, encoding="utf-8") as source:
        text = source.read()
    old = "  script: {repository: group/shop, build_profile: script}"
    assert old in text
    new = old[:-1] + ", artifacts: [dist], secrets: {TOKEN: {env: TOKEN}}}"
    with io.open(found.configuration, "w", encoding="utf-8") as target:
        target.write(text.replace(old, new))
    os.environ["TOKEN"] = "hidden-value"
    try:
        found.enroll()
        yield found
    finally:
        del os.environ["TOKEN"]
        found.stop()


def build(operator, script):
    """:returns: the status of a build of a shell text that has ended."""
    child = operator.script(script, "--json")
    return json.loads(child.communicate()[0].decode("utf-8"))


@pytest.fixture(scope="module")
def failed(operator):
    """The last eight characters of a failed build's id."""
    status = build(operator, SCRIPT + "exit 7")
    assert (status["state"], status["exit"]) == ("failed", 7)
    return status["build_id"][-8:]


def test_a_failed_build_says_how_to_look_at_it(operator, failed):
    log = operator.run("logs", failed).out
    assert "compile_to_execute.sh ended with exit status 7" in log.splitlines()[-4]
    assert "tristan shell " + failed in log
    shown = operator.run("status", failed).out
    assert "tristan shell " + failed in shown


def test_a_command_on_pipes(operator, failed):
    result = operator.run("shell", failed, "sh", "-c", "cat left; ls /tristan/secrets >&2; exit 5")
    assert result == (5, "here\n", "")
    result = operator.run("shell", "--with-secrets", failed, "cat", "/tristan/secrets/TOKEN")
    assert result == (0, "hidden-value", "")
    assert operator.containers() == []


def test_a_shell_on_a_terminal(operator, failed):
    child = operator.on_terminal("shell", failed)
    child.expect_exact("==> shell in sha256:")
    child.setwinsize(37, 101)
    # What is typed is shown too, and is not what is expected.
    child.sendline(
        "until stty size | grep 37' 101'; do sleep 0.1; done; echo $TERM $TRISTAN_PROJECT"
    )
    child.expect_exact("37 101")
    child.expect_exact("xterm script")
    child.sendline("sh -c 'echo wa\"it\"s; exec sleep 600'")
    child.expect_exact("waits")
    child.send("\x03")
    child.sendline("cat left; exit 9")
    child.expect("[\r\n]here\r\n")
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 9
    assert operator.containers() == []


def in_a_shell(operator, *words):
    """:returns: pexpect's child of a shell that runs ``tristan`` between two looks at the terminal's settings."""
    command = " ".join(process.quote(word) for word in operator.command(*words))
    script = 'before=$(stty -g); %s; echo "code $?"; test "$before" = "$(stty -g)" && echo restored'
    return pexpect.spawn(
        "sh", ["-c", script % command], env=operator.environment(), cwd=operator.home, timeout=60
    )


def test_the_terminal_is_restored_however_it_ends(operator, failed):
    child = in_a_shell(operator, "shell", failed, "sh", "-c", "exit 3")
    child.expect_exact("code 3\r\nrestored")
    child = in_a_shell(operator, "shell", failed)
    child.expect_exact("==> shell in")
    child.sendline("echo re'a'dy")
    child.expect_exact("ready")
    operator.sshd.kill_sessions()
    child.expect_exact("was cut")
    child.expect_exact("code 3\r\nrestored")
    process.wait_until(lambda: operator.containers() == [], 60, "the shell's container to end")
    child = in_a_shell(operator, "shell", "ffffffff")
    child.expect_exact("code 2\r\nrestored")


def test_files_with_a_bar(operator, failed):
    """A build that failed has none; the next one's come whole, and are not fetched twice."""
    status = build(operator, SCRIPT)
    tail = status["build_id"][-8:]
    assert "tristan artifacts %s --get DIR" % tail in operator.run("status", tail).out
    listed = operator.run("artifacts", tail)
    assert status["artifacts"][0]["sha256"] in listed.out and "2.9 MiB" in listed.out
    child = operator.on_terminal("artifacts", tail, "--get", "here")
    child.expect("100%")
    child.expect_exact("1 file, 2.9 MiB fetched.")
    child.expect(pexpect.EOF)
    with io.open(os.path.join(operator.home, "here", "dist", "big"), "rb") as source:
        found = hashlib.sha256(source.read()).hexdigest()
    assert found == status["artifacts"][0]["sha256"]
    again = operator.json("artifacts", tail, "--get", "here")
    assert again[0]["received"] == 0


def test_built_again_whatever_changed_since(operator):
    """The branch, the profile, the script: of all that nothing counts."""
    then = build(operator, "mkdir -p dist; cp README.md dist/; echo $SCRIPT | wc -c")
    operator.shop.commit({"README.md": "changed\n"}, "Later")
    statement = json.loads(operator.run("provenance", then["build_id"]).out)
    digest = statement["subject"][0]["digest"]["sha256"]
    assert digest == then["artifacts"][0]["sha256"]
    result = operator.run("rebuild", then["build_id"][-8:], "--json")
    assert result.code == 0, result
    now = json.loads(result.out)
    assert now["build_id"] != then["build_id"]
    for key in ("commit", "release", "scripts_version", "artifacts", "image"):
        one, other = now[key], then[key]
        if key == "artifacts":
            one, other = [[each["sha256"] for each in found] for found in (one, other)]
        assert one == other, key
    definitions = [
        json.loads(operator.run("provenance", one["build_id"]).out)["predicate"]["buildDefinition"]
        for one in (then, now)
    ]
    assert definitions[0] == definitions[1]
