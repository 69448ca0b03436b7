# coding: utf-8
"""The phase ``source`` against real git servers: credentials, refs of every kind, damage, hostile trees."""

from __future__ import absolute_import, print_function, unicode_literals

import os

import pytest

from business_hyper_fusion import compat
from tests.faults import rows
from tests.lab.git_server import GitOverHttp

SHOW = 'cat "$TRISTAN_SOURCE/shop.py"; ls -A "$TRISTAN_SOURCE"'


def read(path):
    with open(path, "rb") as file:
        return file.read().decode("utf-8")


@pytest.fixture
def ssh_machine(machine, shop, git_over_ssh):
    """A machine that knows the lab's ssh git server; .address, .secrets."""
    server = {
        "username": "builder",
        "host_key": git_over_ssh.sshd.known_hosts_line,
        "kind": "plain",
    }
    machine.configure_git_server({"main": server})
    machine.address = git_over_ssh.address("group/shop")
    machine.secrets = {"git_key": read(git_over_ssh.sshd.client_key)}
    return machine


RECORDER = """#!/bin/sh
{{ echo "$@"; tr '\\0' '\\n' </proc/self/environ; }} >> {0}
exec /usr/bin/git "$@"
"""


def with_server(machine, address, script="true", **changes):
    request = machine.request(address, script, **changes)
    request["repository"]["git_server"] = "main"
    return request


def test_ssh_with_key_and_pinned_host(ssh_machine):
    request = with_server(ssh_machine, ssh_machine.address)
    status = ssh_machine.run(request, ssh_machine.secrets)
    assert status["state"] == "success", ssh_machine.log(request)
    assert not os.path.exists(ssh_machine.attempt(request).secrets)


def test_ssh_refuses_another_host_key(ssh_machine, git_over_ssh):
    git_over_ssh.sshd.replace_host_key()
    status = ssh_machine.run(with_server(ssh_machine, ssh_machine.address), ssh_machine.secrets)
    assert (status["state"], status["cause"]) == ("error", "repository_unavailable")


def test_ssh_with_a_wrong_key(ssh_machine, make_sshd):
    secrets = {"git_key": read(make_sshd().client_key)}
    status = ssh_machine.run(with_server(ssh_machine, ssh_machine.address), secrets)
    assert (status["state"], status["cause"]) == ("error", "repository_unavailable")


@pytest.fixture
def closed_http(repositories):
    """A git server that wants a login."""
    server = GitOverHttp(repositories, "robot", "s3cret/pass word")
    yield server
    server.stop()


def test_http_with_password_which_appears_nowhere(machine, shop, closed_http, tmpdir, monkeypatch):
    """... neither in arguments nor in the environment of git, nor in any file afterwards."""
    recorder, seen = tmpdir.mkdir("bin").join("git"), tmpdir.join("seen")
    recorder.write(RECORDER.format(seen))
    recorder.chmod(0o755)
    monkeypatch.setenv(str("PATH"), str("%s:%s" % (recorder.dirname, os.environ["PATH"])))
    machine.configure_git_server({"main": {"username": "robot", "kind": "plain"}})
    request = with_server(machine, closed_http.address("group/shop"))
    status = machine.run(request, {"git_password": "s3cret/pass word"})
    assert status["state"] == "success", machine.log(request)
    assert grep(machine.root, b"s3cret/pass word") == []
    assert "read-tree" in seen.read() and "TRISTAN_GIT_PASSWORD_FILE" in seen.read()
    assert "s3cret" not in seen.read()


def grep(root, needle):
    """:returns: paths of the files below ``root`` that hold the bytes."""
    found = []
    for directory, _, names in os.walk(root):
        for name in names:
            path = os.path.join(directory, name)
            if os.path.isfile(path) and not os.path.islink(path):
                with open(path, "rb") as file:
                    if needle in file.read():
                        found.append(path)
    return found


def test_http_with_a_wrong_password(machine, shop, closed_http):
    machine.configure_git_server({"main": {"username": "robot", "kind": "plain"}})
    request = with_server(machine, closed_http.address("group/shop"))
    status = machine.run(request, {"git_password": "wrong-password"})
    assert (status["state"], status["cause"]) == ("error", "repository_unavailable")
    assert "wrong-password" not in machine.log(request)


def test_password_is_not_given_to_another_host(machine, shop, closed_http):
    machine.configure_git_server({"main": {"username": "robot", "kind": "plain"}})
    address = closed_http.address("group/shop").replace("127.0.0.1", "localhost")
    request = with_server(machine, address)
    request["repository"]["host"] = "127.0.0.1:%d" % closed_http.port
    answer = machine.launch(request, {"git_password": "s3cret/pass word"})
    assert answer["answer"] == "refused"


def test_repository_that_is_not_there(machine, shop, git_over_http):
    status = machine.run(machine.request(git_over_http.address("group/none")))
    assert (status["state"], status["cause"]) == ("error", "repository_unavailable")
    assert "not found" in status["message"]


@pytest.mark.parametrize("kind, name", [("branch", "nope"), ("tag", "v0")])
def test_ref_that_is_not_there(machine, address, kind, name):
    status = machine.run(machine.request(address, ref={"kind": kind, "name": name, "commit": ""}))
    assert (status["state"], status["cause"]) == ("error", "ref_not_found")


@rows.hostile(2)
@pytest.mark.parametrize(
    "name",
    [
        "$(id)",
        "a;b",
        "`id`",
        'it\'s"quoted"',
        "feature/Login",
        "größe/测试",
        "A",
        "a",
        "a/source",
        "a.b--c",
    ],
)
def test_legal_but_nasty_branches_are_built(machine, shop, git_over_http, name):
    commit = shop.commit({"shop.py": "here = 1\n"}, "Nasty", branch=name)
    request = machine.request(
        git_over_http.address("group/shop"),
        'printf "<%s>\\n" "$TRISTAN_REF"',
        ref={"kind": "branch", "name": name, "commit": ""},
    )
    status = machine.run(request)
    assert (status["state"], status["commit"]) == ("success", commit)
    assert compat.to_native("<%s>" % name) in machine.log(request)


def test_commit_alone_and_within_a_branch(machine, address, shop):
    first = shop.git(["rev-parse", "HEAD"]).strip()
    shop.commit({"shop.py": "answer = 43\n"}, "Second")
    alone = machine.request(address, SHOW, ref={"kind": "commit", "name": first, "commit": first})
    assert machine.run(alone)["commit"] == first
    assert "answer = 42" in machine.log(alone)
    within = machine.request(
        address, SHOW, ref={"kind": "branch", "name": "main", "commit": first[:10]}
    )
    assert machine.run(within)["commit"] == first
    absent = machine.request(
        address, SHOW, ref={"kind": "commit", "name": "0" * 40, "commit": "0" * 40}
    )
    assert machine.run(absent)["cause"] == "commit_not_found"


def test_commit_of_another_branch_is_refused(machine, address, shop):
    other = shop.commit({"other": "1"}, "Other", branch="other")
    machine.run(
        machine.request(address, "true", ref={"kind": "branch", "name": "other", "commit": ""})
    )
    status = machine.run(
        machine.request(address, ref={"kind": "branch", "name": "main", "commit": other})
    )
    assert status["cause"] == "commit_not_found"


def test_a_new_tag_or_branch_transfers_what_is_missing(machine, address, shop, git_over_http):
    shop.commit({"large": os.urandom(500 * 1000)}, "Large")
    machine.run(machine.request(address, "true"))
    whole = git_over_http.sent()
    assert whole > 500 * 1000
    shop.tag("v1")
    tip = shop.commit({"shop.py": "answer = 43\n"}, "Ahead", branch="feature/ahead")
    for ref in ({"kind": "tag", "name": "v1"}, {"kind": "branch", "name": "feature/ahead"}):
        before = git_over_http.sent()
        request = machine.request(address, "true", ref=dict(ref, commit=""))
        assert machine.run(request)["state"] == "success"
        assert 0 < git_over_http.sent() - before < 5000
    before = git_over_http.sent()
    request = machine.request(address, "true", ref={"kind": "commit", "name": tip, "commit": tip})
    assert machine.run(request)["state"] == "success"
    assert 0 < git_over_http.sent() - before < 5000


def test_moved_tag_and_rewound_branch_are_followed(machine, address, shop):
    shop.tag("v1")
    tag = {"kind": "tag", "name": "v1", "commit": ""}
    first = machine.run(machine.request(address, "true", ref=tag))["commit"]
    second = shop.commit({"shop.py": "moved = 1\n"}, "Second")
    shop.tag("v1")
    assert machine.run(machine.request(address, "true"))["commit"] == second
    assert machine.run(machine.request(address, "true", ref=tag))["commit"] == second
    shop.git(["push", "-q", "--force", "origin", first + ":refs/heads/main"])
    assert machine.run(machine.request(address, "true"))["commit"] == first


def test_branch_that_takes_another_ones_place(machine, address, shop):
    """``a`` deleted and ``a/b`` made: git can't keep both, the mirror is made anew."""
    shop.commit({"x": "1"}, "A", branch="a")
    ref = {"kind": "branch", "name": "a", "commit": ""}
    assert machine.run(machine.request(address, "true", ref=ref))["state"] == "success"
    shop.git(["push", "-q", "origin", ":refs/heads/a"])
    shop.git(["push", "-q", "origin", "main:refs/heads/a/b"])
    ref = {"kind": "branch", "name": "a/b", "commit": ""}
    request = machine.request(address, "true", ref=ref)
    assert machine.run(request)["state"] == "success"
    assert "cloning anew" in machine.log(request)


@rows.hostile(4)
def test_what_a_build_left_is_gone_and_what_it_changed_is_back(machine, address):
    script = """cd "$TRISTAN_SOURCE" && echo changed > shop.py && touch -d @1 shop.py
mkdir -p dist/deep && touch dist/deep/old
mkdir locked && touch locked/in && chmod 000 locked && rm setup.py && ln -s /etc setup.py"""
    assert machine.run(machine.request(address, script))["state"] == "success"
    request = machine.request(address, SHOW)
    assert machine.run(request)["state"] == "success"
    log = machine.log(request)
    assert "answer = 42" in log and "dist" not in log and "locked" not in log
    assert not os.path.islink(os.path.join(machine.status(request)["source"], "setup.py"))


@rows.hostile(4)
def test_nothing_of_a_builds_git_directory_runs_on_the_host(machine, address, tmpdir):
    """A build plants a repository of its own, hooks, filters and an fsmonitor where git could look."""
    proof = str(tmpdir.join("proof"))
    script = """cd "$TRISTAN_SOURCE" && git init -q . && cd .git
printf '#!/bin/sh\\ntouch %s\\n' > evil && chmod +x evil
cp evil hooks/post-checkout; cp evil hooks/post-index-change; cp evil hooks/reference-transaction
git config core.fsmonitor "$PWD/evil"; git config core.hooksPath "$PWD/hooks"
git config filter.x.smudge "$PWD/evil"; git config filter.x.clean "$PWD/evil"
echo '* filter=x' > ../.gitattributes
mkdir -p "$HOME" && cp config "$HOME/.gitconfig" """
    machine.run(machine.request(address, script % proof))
    request = machine.request(address, SHOW)
    assert machine.run(request)["state"] == "success"
    assert not os.path.exists(proof)
    assert ".git" not in machine.log(request).split()


def test_stale_locks_and_a_broken_mirror_are_healed(machine, address, shop):
    machine.run(machine.request(address, "true"))
    mirrors = os.path.join(machine.root, "1", "mirrors")
    (mirror,) = [name for name in os.listdir(mirrors) if name.endswith(".git")]
    mirror = os.path.join(mirrors, mirror)
    for name in ("packed-refs.lock", "HEAD.lock", "refs/heads/main.lock", "shallow.lock"):
        open(os.path.join(mirror, name), "w").close()
    shop.commit({"shop.py": "answer = 43\n"}, "Second")
    request = machine.request(address, SHOW)
    assert machine.run(request)["state"] == "success"
    for directory, _, names in os.walk(os.path.join(mirror, "objects")):
        for name in names:
            path = os.path.join(directory, name)
            os.chmod(path, 0o644)
            open(path, "w").close()
    shop.commit({"shop.py": "answer = 44\n"}, "Third")
    request = machine.request(address, SHOW)
    assert machine.run(request)["state"] == "success", machine.log(request)
    assert "answer = 44" in machine.log(request)


def test_two_executors_share_a_mirror(machine, address):
    requests = [
        machine.request(address, "sleep 0.2", executor_id=str(number)) for number in (1, 2, 3)
    ]
    for request in requests:
        machine.launch(request)
    commits = [machine.wait(request)["commit"] for request in requests]
    assert len(set(commits)) == 1 and len(commits[0]) == 40
    logs = "".join(machine.log(request) for request in requests)
    assert logs.count("cloning") == 1


def test_no_git(machine, address, monkeypatch, tmpdir):
    release = os.path.join(machine.release, "business_hyper_fusion", "process.py")
    with open(release) as file:
        text = file.read()
    with open(release, "w") as file:
        file.write(
            text.replace(
                "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", str(tmpdir)
            )
        )
    monkeypatch.setenv(str("PATH"), str(tmpdir))
    status = machine.run(machine.request(address))
    assert (status["state"], status["cause"]) == ("error", "no_git")
