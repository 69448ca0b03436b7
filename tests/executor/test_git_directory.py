# coding: utf-8
"""A .git of the build's own: history and tags work in it, and nothing written to it gets any further."""

from __future__ import absolute_import, print_function, unicode_literals

import pytest

from tests.executor.machine import Machine
from tests.faults import rows

ON = {"submodules": False, "lfs": False, "git_directory": True}
DESCRIBE = """cd "$TRISTAN_SOURCE" && git describe --dirty && git log --format='<%s>' && git status --porcelain --branch
git tag && git remote && git config --list --local && cat .git/HEAD && find .git -name alternates
find .git -type f -links +1 && find .git -type l"""


def built(machine, address, script=DESCRIBE, checkout=ON, **changes):
    """:returns: (status, log)."""
    request = machine.request(address, script, checkout=checkout, **changes)
    return machine.run(request), machine.log(request)


@pytest.fixture
def history(shop):
    """A tag in the history of main, and one beside it."""
    shop.tag("v1")
    shop.commit({"x": "1"}, "Beside", branch="beside")
    shop.tag("v2-beside")
    shop.commit({"shop.py": "answer = 43\n"}, "Second", branch="main")
    return shop


def test_a_branch_has_its_history_and_its_tags(machine, address, history):
    status, log = built(machine, address)
    assert status["state"] == "success", log
    lines = log.splitlines()
    described = next(line for line in lines if line.startswith("v1-1-g"))
    assert not described.endswith("-dirty")
    assert "<First>" in lines and "<Second>" in lines and "<Beside>" not in lines
    assert "## main" in lines and "ref: refs/heads/main" in lines
    assert "v1" in lines and "v2-beside" not in lines
    assert address not in log[log.index("v1-1-g") :] and "remote." not in log
    assert "alternates" not in log


@pytest.mark.once
def test_a_tag_and_a_commit(machine, address, history):
    tag = {"kind": "tag", "name": "v1", "commit": ""}
    status, log = built(machine, address, ref=tag)
    assert status["state"] == "success", log
    assert "v1" in log.splitlines() and "## HEAD (no branch)" in log
    name = history.git(["rev-parse", "HEAD"]).strip()
    status, log = built(machine, address, ref={"kind": "commit", "name": name, "commit": name})
    assert status["state"] == "success", log
    assert "v1-1-g" in log and "<Beside>" not in log


@pytest.mark.once
def test_an_older_commit_of_a_branch(machine, address, history):
    first = history.git(["rev-parse", "HEAD~1"]).strip()
    status, log = built(machine, address, ref={"kind": "branch", "name": "main", "commit": first})
    assert status["state"] == "success", log
    assert "v1" in log.splitlines() and "<Second>" not in log


@pytest.mark.once
def test_a_tag_that_was_moved_is_followed(machine, address, history):
    built(machine, address)
    history.tag("v1")
    history.git(["push", "-q", "origin", ":refs/tags/v2-beside"])
    _, log = built(machine, address)
    assert "v1" in log.splitlines()
    assert "v1-1-g" not in log


@rows.hostile(4)
def test_what_is_written_there_goes_with_the_build(machine, address, history, tmpdir):
    """A build may do what it likes: host-side git obeys none of it, the mirror has none of it."""
    proof = tmpdir.join("proof")
    script = """cd "$TRISTAN_SOURCE" && mkdir -p .git/hooks
git -c user.name=x -c user.email=x@y commit -q --allow-empty -m Mine && git tag mine && git rev-parse HEAD
find .git/objects -type f -exec chmod 600 {{}} + -exec truncate -s 0 {{}} +
git config core.fsmonitor "touch {0}" && printf '#!/bin/sh\\ntouch {0}\\n' > .git/hooks/post-checkout
chmod +x .git/hooks/post-checkout"""
    status, log = built(machine, address, script.format(proof))
    assert status["state"] == "success", log
    status, log = built(machine, address)
    assert status["state"] == "success" and "v1-1-g" in log
    assert "Mine" not in log and "mine" not in log.splitlines()
    assert not proof.exists()


@pytest.mark.once
def test_without_it_there_is_none(machine, address, history):
    built(machine, address)
    _, log = built(machine, address, 'ls -A "$TRISTAN_SOURCE"', dict(ON, git_directory=False))
    assert ".git" not in log.split()


@pytest.mark.once
def test_files_of_lfs_count_as_unchanged(machine, address, history):
    pointer = history.pointer(b"large")
    history.commit({".gitattributes": "*.bin filter=lfs -text\n", "big.bin": pointer})
    # as in an image without git-lfs, whose git can't tell what became of a pointer, and looks at the files' times alone
    script = "export GIT_CONFIG_NOSYSTEM=1; " + DESCRIBE
    status, log = built(machine, address, script, dict(ON, lfs=True))
    assert status["state"] == "success"
    assert "v1-2-g" in log and "-dirty" not in log and "big.bin" not in log


@pytest.mark.once
def test_a_branch_with_the_name_that_git_begins_with(machine, address, shop):
    shop.commit({}, "There", branch="master")
    ref = {"kind": "branch", "name": "master", "commit": ""}
    status, log = built(
        machine, address, 'cd "$TRISTAN_SOURCE" && git log --format="<%s>"', ref=ref
    )
    assert status["state"] == "success" and "<There>" in log


@pytest.fixture
def php_machine(engine, php_image):
    """A machine whose builds run in an image that has git."""
    made = Machine(engine.command, php_image)
    yield made
    made.remove()


@pytest.mark.once
def test_in_the_container(php_machine, address, history):
    """The same user owns it, so git there trusts it."""
    status, log = built(php_machine, address, isolation="docker")
    assert status["state"] == "success", log
    described = next(line for line in log.splitlines() if line.startswith("v1-1-g"))
    assert not described.endswith("-dirty")
