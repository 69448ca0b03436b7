"""The lab's git servers serve what was committed, over ssh and over http."""

from __future__ import absolute_import, print_function, unicode_literals

import pytest

from tests.lab import git_server, process


def clone(address, directory, environment=None):
    """:returns: str, the commit that a fresh clone of the default branch has"""
    settings = {"GIT_TERMINAL_PROMPT": "0", "HOME": "/nonexistent"}
    settings.update(environment or {})
    process.output(["git", "clone", "-q", address, directory], environment=settings)
    return process.output(["git", "-C", directory, "rev-parse", "HEAD"]).strip()


def test_clone_over_ssh(repositories, git_over_ssh, tmpdir):
    commit = repositories.create("group/shop").commit({"a.txt": "a", "run.sh": "#!/bin/sh\n"})
    ssh = "ssh -F none -i {0} -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null".format(
        git_over_ssh.sshd.client_key
    )
    address = git_over_ssh.address("group/shop")
    assert clone(address, str(tmpdir.join("shop")), {"GIT_SSH_COMMAND": ssh}) == commit


def test_clone_over_http(repositories, git_over_http, tmpdir):
    repository = repositories.create("shop")
    repository.commit({"a.txt": "a"})
    commit = repository.commit({"a.txt": "b"})
    assert clone(git_over_http.address("shop"), str(tmpdir.join("shop"))) == commit


def test_http_login_is_asked_for(repositories, tmpdir):
    commit = repositories.create("shop").commit({"a.txt": "a"})
    server = git_server.GitOverHttp(repositories, "robot", "pass word")
    try:
        with pytest.raises(process.LabError):
            clone(server.address("shop"), str(tmpdir.join("refused")))
        login = server.address("shop").replace("://", "://robot:pass%20word@")
        assert clone(login, str(tmpdir.join("shop"))) == commit
    finally:
        server.stop()


@pytest.mark.parametrize("branch", ["$(id)", "a;b", "feature/Login", "\u00fcber"])
def test_odd_branches_and_tags(repositories, branch):
    repository = repositories.create("odd")
    first = repository.commit({"a.txt": "a"})
    second = repository.commit({"a.txt": "b"}, branch=branch)
    repository.tag(branch)
    assert repository.commit({"a.txt": "c"}, branch="main") != first
    heads = repository.git(["ls-remote", "origin", "refs/heads/" + branch]).split()
    assert heads[0] == second
