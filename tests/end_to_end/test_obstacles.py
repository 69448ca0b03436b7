"""Everything that can be in the way of a build, made to happen: each its own words and its exit code."""

from __future__ import absolute_import, print_function, unicode_literals

import glob
import io
import os

import pytest

from tests.end_to_end.operator import Operator
from tests.faults import rows
from tests.lab import process

pytestmark = pytest.mark.end_to_end


@pytest.fixture
def obstructed(engine, python_image):
    """Function(machine=dict of Sshd's parameters, enrolled=True) -> Operator."""
    made = []

    def make(enrolled=True, **machine):
        operator = Operator(
            engine,
            machine=machine,
            python="/found/by/itself",
            python_image=python_image,
            nodejs_image="none",
        )
        made.append(operator)
        edit(operator, "    python: /found/by/itself\n", "")
        if enrolled:
            operator.enroll()
        return operator

    yield make
    for operator in made:
        operator.stop()


def edit(operator, old, new):
    """Change the operator's tristan.yml."""
    with io.open(operator.configuration, encoding="utf-8") as source:
        text = source.read()
    assert old in text
    with io.open(operator.configuration, "w", encoding="utf-8") as target:
        target.write(text.replace(old, new))


def build(operator, script="true", *words):
    return operator.run(
        "build", "script", "--branch", "main", "--param", "SCRIPT=" + script, *words
    )


def assert_refused(result, code, *words):
    """One line that says what, one that says what to do; no traceback."""
    assert result.code == code, result
    assert result.err.startswith("tristan: "), result
    assert "Traceback" not in result.err
    for word in words:
        assert word in result.err, result


def test_unknown_host_key(obstructed):
    operator = obstructed(enrolled=False)
    assert_refused(build(operator), 3, "not known", "tristan enroll builder-1")


def test_changed_host_key_gets_nothing(obstructed):
    operator = obstructed()
    assert build(operator).code == 0
    releases = os.listdir(os.path.join(operator.sshd.root, "1", "run", "1", "builds"))
    operator.sshd.replace_host_key()
    assert_refused(build(operator), 3, "tristan enroll builder-1")
    assert os.listdir(os.path.join(operator.sshd.root, "1", "run", "1", "builds")) == releases


def test_wrong_password_and_right_one(obstructed):
    operator = obstructed()
    key = "key_file: " + operator.sshd.client_key
    edit(operator, key, "password: {file: password}")
    path = os.path.join(operator.home, "password")
    for password, code in (("wrong", 3), (operator.sshd.password, 0)):
        with io.open(path, "w") as target:
            target.write(password + "\n")
        os.chmod(path, 0o600)
        result = build(operator)
        assert result.code == code, result
        assert password not in result.err + result.out
        if code:
            assert_refused(result, 3, "refuses to let builder in", "the password")


def test_nobody_listens(obstructed):
    operator = obstructed()
    edit(operator, "port: %d" % operator.sshd.port, "port: %d" % process.free_port())
    assert_refused(build(operator), 3, "127.0.0.1", "nobody listens")


def test_host_name_that_is_not_known(obstructed):
    operator = obstructed()
    edit(operator, "host: 127.0.0.1", "host: no-such-host.invalid")
    assert_refused(build(operator), 3, "no-such-host.invalid")


def test_no_python(obstructed):
    found = [path for path in glob.glob("/usr/bin/python*") + glob.glob("/usr/local/bin/python*")]
    found += glob.glob("/usr/libexec/platform-python*") + glob.glob("/opt/*/bin/python*")
    real = sorted(set(os.path.realpath(path) for path in found))
    operator = obstructed(pre_exec=["mount --bind /dev/null " + process.quote(p) for p in real])
    assert_refused(build(operator), 3, "Python", "machines.builder-1.python")


def test_engine_that_is_not_there(obstructed):
    operator = obstructed()
    edit(operator, "command: [%s]" % ", ".join(operator.engine.command), "command: [no-docker]")
    result = build(operator)
    assert result.code == 3 and "no-docker is not installed" in result.err


def test_engine_denied(obstructed):
    result = build(obstructed(docker_group=False))
    assert result.code == 3, result
    assert "denied" in result.err and "group" in result.err


def test_repository_ref_and_script(obstructed):
    operator = obstructed()
    result = operator.run("build", "no_repository", "--branch", "main")
    assert result.code == 3 and "group/none" in result.err and "not found" in result.err
    result = operator.run("build", "script", "--branch", "gone")
    assert result.code == 3 and "no branch gone" in result.err
    result = build(operator, "exit 7")
    assert result.code == 1 and "exit status 7" in result.err


def test_full_disk_before_and_during_a_build(obstructed):
    operator = obstructed()
    root = operator.sshd.root
    operator.allow_little_room()
    operator.sshd.stop_listening()  # Started again, its mount namespace has the small disk.
    process.output(["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", root])
    process.output(["chown", "--reference", operator.sshd.client_key, root])
    os.chmod(root, 0o777)
    operator.sshd.start()
    try:
        with io.open(os.path.join(root, "filler"), "wb") as filler:
            filler.write(b"\0" * (3 * 1024 * 1024 - 65536))
        assert_refused(build(operator), 3, "No space left", "free space")
        os.unlink(os.path.join(root, "filler"))
        result = build(operator, "cat /dev/zero > big")
        assert result.code == 3 and "disk is full" in result.err
        status = operator.json("status")[0]
        assert (status["state"], status["cause"]) == ("error", "disk_full")
    finally:
        process.output(["umount", "--lazy", root])


def test_hard_machine(obstructed):
    """Locale C, a home that can't be written, noexec /tmp, csh-like shell quirks aside: it builds."""
    operator = obstructed(
        options={"SetEnv": "LC_ALL=C LANG=C"},
        pre_exec=["mount -t tmpfs -o noexec,mode=1777 tmpfs /tmp"],
    )
    os.chown(operator.sshd.home, 0, 0)
    os.chmod(operator.sshd.home, 0o555)
    result = operator.run("build", "shop", "--branch", "main")
    assert result.code == 0, result
    assert ".whl" in result.out + result.err
    result = build(operator, "echo \u00e4\u6d4b; locale")
    assert "\u00e4\u6d4b" in result.out


def test_no_sftp_and_one_session(obstructed):
    operator = obstructed(options={"Subsystem": None, "MaxSessions": 1})
    assert build(operator).code == 0
    child = operator.script("echo begun; sleep 300", "--cancel-on-interrupt")
    while b"begun" not in child.stdout.readline():
        pass
    child.send_signal(2)
    _, err = child.communicate()
    assert child.returncode == 5, err


def test_engine_of_another_user_is_stopped_through_the_engine(obstructed, engine):
    """Behind sudo the engine's client is root's and can't be signalled; its container can."""
    operator = obstructed(docker_group=False)
    sudo = setuid_docker(operator, engine)
    edit(operator, "command: [%s]" % ", ".join(engine.command), "command: [%s]" % sudo)
    child = operator.script("echo begun; sleep 300", "--cancel-on-interrupt")
    while b"begun" not in child.stdout.readline():
        pass
    child.send_signal(2)
    _, err = child.communicate()
    assert child.returncode == 5, err
    assert not operator.containers()


def setuid_docker(operator, engine):
    """:returns: path of a program that runs the engine as root for anybody, as `sudo docker` does."""
    source = os.path.join(operator.sshd.directory, "sudo.c")
    program = os.path.join(operator.sshd.directory, "sudo-docker")
    words = "".join('    words[n++] = "%s";\n' % word for word in engine.command)
    with io.open(source, "w") as target:
        target.write(SUDO % words)
    process.output(["cc", "-o", program, source])
    os.chmod(program, 0o4755)
    return program


SUDO = """
#include <unistd.h>
int main(int count, char **arguments) {
    char *words[count + 8];
    int n = 0;
%s    for (int i = 1; i < count; i++) words[n++] = arguments[i];
    words[n] = 0;
    if (setgid(0) || setuid(0)) return 1;
    execvp(words[0], words);
    return 127;
}
"""


def test_dependency_configuration_beside_tristan_yml_reaches_the_build(obstructed):
    operator = obstructed()
    directory = os.path.join(operator.home, "cache", "dependency_lib", "python")
    os.makedirs(directory)
    with io.open(os.path.join(directory, "pip.conf"), "w") as target:
        target.write("[global]\nindex-url = https://pypi.example.com/simple\n")
    script = "PIP_CONFIG_FILE=$TRISTAN_DEPENDENCY_LIB/pip.conf python3 -m pip config list"
    result = build(operator, script)
    assert result.code == 0, result
    assert "global.index-url='https://pypi.example.com/simple'" in result.out


def test_host_isolation_needs_both_words(obstructed):
    operator = obstructed()
    edit(operator, "  script: &script\n", "  script: &script\n    isolation: host\n")
    assert_refused(build(operator), 2, "isolation")
    edit(operator, "    executors: 2\n", "    executors: 2\n    isolation: [docker, host]\n")
    result = build(operator, 'echo "on $(hostname)"; id -un')
    assert result.code == 0, result
    assert "\nbuilder\n" in result.out


HOSTILE_REPOSITORIES = [
    "ext::sh -c touch% /tmp/pwned",
    "file:///etc",
    "ssh://-oProxyCommand=touch%20/tmp/pwned/x",
    "https://git.example.com/a%0ab.git",
    "https://robot:hunter2@git.example.com/a.git",
    "/etc",
    "-u./x",
]


@rows.hostile(3)
@pytest.mark.parametrize("address", HOSTILE_REPOSITORIES)
def test_hostile_repository_addresses_are_refused_by_their_key(obstructed, address):
    operator = obstructed(enrolled=False)
    edit(operator, "repository: group/none", 'repository: "%s"' % address)
    result = operator.run("build", "script", "--branch", "main")
    assert result.code == 2, result
    assert "projects.no_repository.repository" in result.err
    assert "hunter2" not in result.err
    assert os.listdir(operator.sshd.root) == []


@rows.hostile(8)
@pytest.mark.parametrize(
    "old, new, key",
    [
        ("engine:", "engin:", "machines.builder-1.engin"),
        ("executors: 2", "executors: many", "machines.builder-1.executors"),
        ("build_profile: page", "build_profile: none", "projects.web.build_profile"),
        ("  shop: {", "  web: {", "projects.web"),
        ("language: nodejs", "language: COBOL", "build_profiles.page.language"),
        ('image: "127.0.0.1:1/no/such:image"', "image: '-v/:/h'", "build_profiles.no_image.image"),
    ],
)
def test_faulty_configuration_is_refused_by_its_key(obstructed, old, new, key):
    operator = obstructed(enrolled=False)
    edit(operator, old, new)
    result = operator.run("build", "script", "--branch", "main")
    assert result.code == 2, result
    assert key in result.err
    assert os.listdir(operator.sshd.root) == []


@rows.hostile(2)
@pytest.mark.parametrize(
    "branch", ["$(id)", "a;b", "`id`", 'it\'s"quoted"', "gr\u00f6\u00dfe/\u6d4b"]
)
def test_nasty_branch_names_build(obstructed, branch):
    operator = obstructed()
    operator.shop.commit({"NEWS": "x\n"}, "Nasty", branch=branch)
    script = "SCRIPT=printf '<%s>\\n' \"$TRISTAN_REF\""
    result = operator.run("build", "script", "--branch", branch, "--param", script)
    assert result.code == 0, result
    assert "<%s>" % branch in result.out
