"""facts.py as a machine runs it: a program of the running Python, asked over pipes."""

from __future__ import absolute_import, print_function

import json
import os
import socket
import subprocess
import sys
import time

import pytest

from business_hyper_fusion import facts
from tests.lab import process
from tests.lab.python import interpreter

FACTS = os.path.join(
    os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))),
    "business_hyper_fusion",
    "facts.py",
)
BUILDER = 2301


def ask(root, kind="docker", words=("docker",), environment=None, before=()):
    """:returns: the facts. :param before: words in front of the command, such as a change of user."""
    question = {"root": root, "engine": {"kind": kind, "command": list(words)}}
    child = subprocess.Popen(
        list(before) + [interpreter(), "-E", "-S", "-B", "-c", program()],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd="/",  # where nothing of Tristan can be imported from
        env=process.merged_environment(environment),
    )
    output, errors = child.communicate(json.dumps(question).encode("ascii") + b"\n")
    assert (child.returncode, errors) == (0, b"")
    return json.loads(output.decode("ascii"))


def program():
    with open(FACTS) as source:
        return source.read()


def executable(directory, script, name="docker"):
    """:returns: path of a program that is a script of the test's."""
    path = os.path.join(str(directory), name)
    with open(path, "w") as target:
        target.write("#!/bin/sh\n" + script)
    os.chmod(path, 0o755)
    return path


@pytest.fixture
def unix_socket():
    """(path, listening socket) that anybody can reach, but root alone may connect to."""
    directory = process.directory("socket")
    path = os.path.join(directory, "docker.sock")
    server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    server.bind(path)
    server.listen(1)
    os.chmod(path, 0o660)
    yield path, server
    server.close()
    process.remove(directory)


def test_tells_of_this_machine(tmpdir):
    begun = time.time()
    found = ask(str(tmpdir))
    assert found["answer"] == "facts"
    assert found["python"] == {"version": list(sys.version_info[:3]), "path": interpreter()}
    assert begun - 0.1 <= found["clock"] <= time.time()
    assert 0 <= found["seconds"] <= time.time() - begun + 0.1
    assert found["kernel"] == os.uname()[2]
    assert (found["user"]["uid"], found["user"]["gid"]) == (os.getuid(), os.getgid())
    assert found["git"]["version"] in process.output(["git", "--version"])
    assert "git-lfs/%s " % found["git"]["lfs"] in process.output(["git", "lfs", "version"])
    assert found["cgroup"] in (1, 2)


def test_tells_the_engines_version(engine, tmpdir):
    found = ask(str(tmpdir), words=engine.command)["engine"]
    version = engine.run(["version", "--format", "{{.Server.Version}}"]).strip()
    assert (found["state"], found["version"]) == ("ok", version)


def test_podman_is_asked_for_its_storage(tmpdir):
    script = '[ "$1" = info ] || exit 1\necho careful >&2\necho 4.3.1\n'
    words = [executable(tmpdir, script, "podman")]
    found = ask(str(tmpdir), "podman", words)["engine"]
    assert (found["state"], found["version"]) == ("ok", "4.3.1")


def test_a_missing_engine(tmpdir):
    found = ask(str(tmpdir), words=["/nowhere/docker"])["engine"]
    assert (found["state"], found["said"]) == ("missing", "/nowhere/docker is not installed")


def test_an_engine_that_is_not_running(tmpdir):
    found = ask(str(tmpdir), words=["docker", "-H", "unix:///nowhere.sock"])["engine"]
    assert found["state"] == "down"
    assert found["said"]


def test_an_engine_whose_socket_is_left_over(unix_socket, tmpdir):
    path, server = unix_socket
    server.close()
    found = ask(str(tmpdir), words=["docker"], environment={"DOCKER_HOST": "unix://" + path})
    assert found["engine"]["state"] == "down"
    assert found["engine"]["socket"] == path


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become somebody else")
def test_an_engine_that_is_denied(unix_socket, tmpdir):
    become = ["setpriv", "--reuid", str(BUILDER), "--regid", str(BUILDER), "--clear-groups"]
    words = ["docker", "-H", "unix://" + unix_socket[0]]
    # The Pythons of the tests may lie where nobody else looks.
    if subprocess.call(become + ["test", "-x", interpreter()]):
        become += ["--inh-caps", "+dac_read_search", "--ambient-caps", "+dac_read_search"]
    found = ask("/", words=words, before=become)
    assert found["user"]["uid"] == BUILDER
    assert found["engine"]["state"] == "denied"
    assert found["engine"]["socket_group"] == "root"


def test_sudo_that_asks_for_a_password_is_a_denial(tmpdir):
    executable(tmpdir, "exit 0\n")
    sudo = executable(tmpdir, "echo a password is required >&2\nexit 1\n", "sudo")
    found = ask(str(tmpdir), words=[sudo, str(tmpdir.join("docker"))])["engine"]
    assert (found["state"], found["said"]) == ("denied", "a password is required")


def test_sudo_that_may_while_the_engine_is_down(tmpdir):
    executable(tmpdir, "exit 0\n")
    sudo = executable(tmpdir, '[ "$1 $2" = "-n -l" ] && exit 0\nexit 1\n', "sudo")
    found = ask(str(tmpdir), words=[sudo, str(tmpdir.join("docker"))])["engine"]
    assert found["state"] == "down"


def test_an_engine_missing_behind_sudo(tmpdir):
    sudo = executable(tmpdir, "exit 1\n", "sudo")
    found = ask(str(tmpdir), words=[sudo, "/nowhere/docker"])["engine"]
    assert (found["state"], found["said"]) == ("missing", "/nowhere/docker is not installed")


def test_a_command_that_hangs_is_ended_with_its_children(tmpdir, monkeypatch):
    marker = str(tmpdir.join("child"))
    script = "sleep 3600 & echo $! > {0}.new; mv {0}.new {0}\nwait\n".format(marker)
    words = [executable(tmpdir, script)]
    start = facts.start

    def start_and_wait(words):
        started = start(words)
        process.wait_until(lambda: os.path.exists(marker), 60, "the command's child")
        return started

    # its time begins when it hangs, and not before it has come to that
    monkeypatch.setattr(facts, "start", start_and_wait)
    monkeypatch.setattr(facts, "SECONDS", 0.5)
    begun = time.time()
    assert facts.ask_engine("docker", words)["state"] == "timeout"
    assert time.time() - begun < 600
    with open(marker) as written:
        child = int(written.read())
    process.wait_until(lambda: not process.alive(child), 60, "the child's end")


def test_much_output_does_not_block(tmpdir):
    words = [executable(tmpdir, "head -c 300000 /dev/zero | tr '\\0' x >&2\necho 20.10.1\n")]
    assert facts.ask_engine("docker", words)["version"] == "20.10.1"


def test_no_git(tmpdir):
    found = ask(str(tmpdir), environment={"PATH": str(tmpdir)})["git"]
    assert found == {"state": "missing", "path": None, "version": None, "lfs": None}


def test_a_broken_git(tmpdir):
    executable(tmpdir, "exit 1\n", "git")
    found = ask(str(tmpdir), environment={"PATH": str(tmpdir)})["git"]
    assert (found["state"], found["path"]) == ("broken", str(tmpdir.join("git")))


def test_a_root_to_be_made(tmpdir):
    found = ask(str(tmpdir.join("a", "b")))["root"]
    assert (found["nearest"], found["exists"]) == (str(tmpdir), False)
    assert (found["directory"], found["writable"], found["read_only"]) == (True, True, False)
    assert found["bytes"] > 0


def test_a_root_below_a_file(tmpdir):
    tmpdir.join("file").write("")
    found = ask(str(tmpdir.join("file", "below")))["root"]
    assert (found["nearest"], found["directory"]) == (str(tmpdir.join("file")), False)


def test_a_root_that_is_a_broken_link(tmpdir):
    os.symlink("/nowhere/at/all", str(tmpdir.join("link")))
    found = ask(str(tmpdir.join("link", "1")))["root"]
    assert (found["nearest"], found["directory"]) == (str(tmpdir.join("link")), False)
    assert found["bytes"] is None


@pytest.fixture
def mounted():
    """Function (options) -> path of a tmpfs mounted with them."""
    made = []

    def mount(options):
        made.append(process.directory("mounted"))
        process.output(["mount", "-t", "tmpfs", "-o", options, "tmpfs", made[-1]])
        return made[-1]

    yield mount
    for path in made:
        process.output(["umount", path])
        process.remove(path)


@pytest.mark.skipif(os.getuid() != 0, reason="mounting needs root")
def test_file_systems(mounted):
    found = ask(mounted("size=1m,nr_inodes=100,noexec"))["root"]
    assert (found["no_exec"], found["read_only"]) == (True, False)
    assert 0 < found["bytes"] <= 1024 * 1024
    assert (found["inodes_total"], 0 < found["inodes"] < 100) == (100, True)
    found = ask(mounted("ro"))["root"]
    assert (found["no_exec"], found["read_only"]) == (False, True)
    assert ask(mounted("nr_inodes=0"))["root"]["inodes_total"] == 0


def test_a_locale_and_a_home_that_is_not_there(tmpdir):
    environment = {"LC_ALL": "", "LC_CTYPE": "", "LANG": "de_DE.UTF-8", "HOME": "/nowhere"}
    found = ask(str(tmpdir), environment=environment)
    assert found["locale"] == "de_DE.UTF-8"
    assert (found["home"]["path"], found["home"]["exists"]) == ("/nowhere", False)
    environment = {"LC_ALL": "", "LC_CTYPE": "", "LANG": ""}
    assert ask(str(tmpdir), environment=environment)["locale"] == "C"


def written(path, text):
    if not os.path.isdir(os.path.dirname(path)):
        os.makedirs(os.path.dirname(path))
    with open(path, "w") as target:
        target.write(text)


LOGIND = [
    ({}, False),
    ({"etc/logind.conf": "[Login]\n#KillUserProcesses=yes\n"}, False),
    ({"etc/logind.conf": "[Login]\nKillUserProcesses=yes\n"}, True),
    ({"etc/logind.conf": "[Other]\nKillUserProcesses=yes\n"}, False),
    ({"usr/logind.conf": "[Login]\nKillUserProcesses=1\n"}, True),
    (
        {
            "usr/logind.conf": "[Login]\nKillUserProcesses=1\n",
            "etc/logind.conf": "[Login]\n",
        },
        False,
    ),
    ({"usr/logind.conf.d/50-kill.conf": "[Login]\n KillUserProcesses = true\n"}, True),
    (
        {
            "usr/logind.conf.d/50-kill.conf": "[Login]\nKillUserProcesses=yes\n",
            "etc/logind.conf.d/50-kill.conf": "",
        },
        False,
    ),
    (
        {
            "etc/logind.conf": "[Login]\nKillUserProcesses=yes\n",
            "usr/logind.conf.d/99.conf": "[Login]\nKillUserProcesses=no\n",
            "etc/logind.conf.d/10.conf": "[Login]\nKillUserProcesses=yes\n",
        },
        False,
    ),
    ({"etc/logind.conf": "[Login]\nKillUserProcesses=on\nKillExcludeUsers=root builder\n"}, False),
    ({"etc/logind.conf": "[Login]\nKillUserProcesses=on\nKillOnlyUsers=guest\n"}, False),
    ({"etc/logind.conf": "[Login]\nKillUserProcesses=on\nKillOnlyUsers=guest builder\n"}, True),
]


@pytest.mark.parametrize("files, kills", LOGIND)
def test_whether_logind_ends_what_a_login_started(files, kills, tmpdir, monkeypatch):
    for path, text in files.items():
        written(str(tmpdir.join(path)), text)
    monkeypatch.setattr(facts, "UNITS", (str(tmpdir.join("usr")), str(tmpdir.join("etc"))))
    monkeypatch.setattr(facts, "LINGER", str(tmpdir.mkdir("linger")))
    assert facts.logout("builder") == {"kills": kills, "linger": False}
    tmpdir.join("linger", "builder").write("")
    assert facts.logout("builder")["linger"] is True


def test_root_is_not_ended_by_default(tmpdir, monkeypatch):
    written(str(tmpdir.join("etc", "logind.conf")), "[Login]\nKillUserProcesses=yes\n")
    monkeypatch.setattr(facts, "UNITS", (str(tmpdir.join("etc")),))
    assert facts.logout("root")["kills"] is False
