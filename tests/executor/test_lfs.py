# coding: utf-8
"""Git LFS: real git-lfs against a server that speaks its batch API."""

from __future__ import absolute_import, print_function, unicode_literals

import base64
import os

import pytest

from tests.faults import rows
from tests.lab import process
from tests.lab.git_server import GitOverHttp, GitOverSsh

SHOW = 'cd "$TRISTAN_SOURCE" && cat big.bin && echo && stat -c "%i %y" big.bin'
ON = {"submodules": False, "lfs": True, "git_directory": False}
OFF = dict(ON, lfs=False)
ATTRIBUTES = "*.bin filter=lfs diff=lfs merge=lfs -text\n"
CONTENT = b"large \x00 content"


@pytest.fixture
def large(shop):
    """The project with a file that LFS keeps."""
    shop.commit({".gitattributes": ATTRIBUTES, "big.bin": shop.pointer(CONTENT)}, "Large")
    return shop


def built(machine, address, script=SHOW, checkout=ON, **changes):
    """:returns: (status, log)."""
    request = machine.request(address, script, checkout=checkout, **changes)
    return machine.run(request), machine.log(request)


def test_pointers_stay_unless_asked_for(machine, address, large):
    status, log = built(machine, address, checkout=OFF)
    assert status["state"] == "success"
    assert "oid sha256:" in log and "LFS files stay pointers" in log and "lfs: true" in log


def test_nothing_is_said_where_there_is_none(machine, address):
    assert "LFS" not in built(machine, address, "true", OFF)[1]


def test_files_instead_of_pointers(machine, address, large, git_over_http):
    status, log = built(machine, address)
    assert status["state"] == "success", log
    assert "large \x00 content" in log and "oid sha256:" not in log
    again = built(machine, address)[1]
    # The second build finds the file as it was, and downloads nothing.
    assert again.splitlines()[-2] == log.splitlines()[-2]
    assert (
        len([line for line in git_over_http.requests() if "GET" in line and "/objects/" in line])
        == 1
    )


@pytest.mark.once
def test_a_branch_that_is_built_with_and_without(machine, address, large):
    for checkout, expected in (
        (OFF, "oid sha256:"),
        (ON, "large \x00"),
        (OFF, "oid sha256:"),
        (ON, "large \x00"),
    ):
        status, log = built(machine, address, checkout=checkout)
        assert status["state"] == "success" and expected in log


@pytest.mark.once
def test_what_a_build_changed_is_put_right(machine, address, large):
    built(
        machine,
        address,
        'cd "$TRISTAN_SOURCE" && cp -p big.bin was && echo evil > big.bin && touch -r was big.bin',
    )
    status, log = built(machine, address)
    assert status["state"] == "success" and "large \x00 content" in log


@pytest.mark.once
def test_files_of_submodules(machine, address, shop, repositories):
    library = repositories.create("group/lib")
    commit = library.commit({".gitattributes": ATTRIBUTES, "big.bin": library.pointer(CONTENT)})
    shop.link("lib", commit)
    shop.commit({".gitmodules": '[submodule "lib"]\npath = lib\nurl = ../lib.git\n'})
    status, log = built(
        machine, address, 'cat "$TRISTAN_SOURCE/lib/big.bin"', dict(ON, submodules=True)
    )
    assert status["state"] == "success" and "large \x00 content" in log


@pytest.fixture
def closed_http(repositories):
    """A git server that wants a login, for LFS, too."""
    server = GitOverHttp(repositories, "robot", "s3cret-password")
    yield server
    server.stop()


def with_account(machine, address):
    request = machine.request(address, SHOW, checkout=ON)
    request["repository"]["git_server"] = "main"
    return request


@pytest.mark.once
def test_behind_a_login(machine, large, closed_http):
    machine.configure_git_server({"main": {"username": "robot", "kind": "plain"}})
    request = with_account(machine, closed_http.address("group/shop"))
    status = machine.run(request, {"git_password": "s3cret-password"})
    assert status["state"] == "success", machine.log(request)
    assert "large \x00 content" in machine.log(request)


AUTHENTICATE = """#!/bin/sh
echo '{"href": "%s/info/lfs", "header": {"Authorization": "Basic %s"}}'
"""


@pytest.mark.once
def test_over_ssh(machine, large, repositories, closed_http):
    """The git server's own git-lfs-authenticate says over ssh where the objects are, and gives a token for them."""
    directory = process.directory("authenticate")
    token = base64.b64encode(b"robot:s3cret-password").decode("ascii")
    path = os.path.join(directory, "git-lfs-authenticate")
    with open(path, "w") as program:
        program.write(AUTHENTICATE % (closed_http.address("group/shop"), token))
    os.chmod(path, 0o755)
    ssh = GitOverSsh(repositories, {"SetEnv": "PATH=%s:/usr/bin:/bin" % directory})
    try:
        server = {"username": "builder", "host_key": ssh.sshd.known_hosts_line, "kind": "plain"}
        machine.configure_git_server({"main": server})
        request = with_account(machine, ssh.address("group/shop"))
        with open(ssh.sshd.client_key) as key:
            status = machine.run(request, {"git_key": key.read()})
        assert status["state"] == "success", machine.log(request)
        assert "large \x00 content" in machine.log(request)
    finally:
        ssh.stop()
        process.remove(directory)


HOSTILE = """[lfs]
	url = {evil}/info/lfs
	fetchexclude = *
	standalonetransferagent = evil
	basictransfersonly = false
[remote "origin"]
	lfsurl = {evil}/info/lfs
[lfs "customtransfer.evil"]
	path = {program}
[lfs "extension.evil"]
	smudge = {program}
	clean = {program}
	priority = 0
[filter "lfs"]
	smudge = {program}
[credential]
	helper = {program}
[core]
	sshCommand = {program}
"""


@rows.hostile(4)
@pytest.mark.once
def test_nothing_of_a_hostile_configuration_counts(machine, address, large, repositories, tmpdir):
    proof = tmpdir.join("proof")
    program = tmpdir.join("program")
    program.write("#!/bin/sh\ntouch %s\n" % proof)
    program.chmod(0o755)
    evil = GitOverHttp(repositories, "robot", "password")
    try:
        text = HOSTILE.format(evil=evil.address("group/shop"), program=program)
        # Attributes name filters and drivers, which only a configuration could give a meaning.
        attributes = ATTRIBUTES + "*.py filter=evil\n[attr]evil filter=lfs\nsetup.py evil\n"
        large.commit({".lfsconfig": text, ".gitattributes": attributes, ".gitconfig": text})
        for _ in range(2):
            status, log = built(machine, address)
            assert status["state"] == "success", log
            assert "large \x00 content" in log
        assert [line for line in evil.requests() if "HTTP" in line] == []
    finally:
        evil.stop()
    assert not proof.exists()
    assert os.listdir(machine.business.empty_home) == []


@rows.hostile(4)
@pytest.mark.once
def test_a_pointer_that_wants_an_extension(machine, address, shop):
    pointer = shop.pointer(CONTENT).replace("\noid", "\next-0-evil sha256:%s\noid" % ("0" * 64))
    shop.commit({".gitattributes": ATTRIBUTES, "big.bin": pointer})
    status, log = built(machine, address)
    assert (status["state"], status["cause"]) == ("error", "checkout_failed")
    assert "extension" in log


@pytest.mark.once
def test_an_object_that_the_server_has_lost(machine, address, shop):
    shop.commit({".gitattributes": ATTRIBUTES, "big.bin": shop.pointer(b"lost", served=False)})
    status, log = built(machine, address)
    assert (status["state"], status["cause"]) == ("error", "lfs_unavailable")
    assert "no such object" in log or "404" in log or "not found" in log.lower()


@pytest.mark.once
def test_no_git_lfs(machine, address, large, monkeypatch, tmpdir):
    """Only git itself is found."""
    for name in ("git", "sh", "python3"):
        tmpdir.join(name).mksymlinkto("/usr/bin/" + name)
    path = os.path.join(machine.release, "business_hyper_fusion", "process.py")
    with open(path) as file:
        text = file.read()
    with open(path, "w") as file:
        file.write(
            text.replace(
                "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", str(tmpdir)
            )
        )
    monkeypatch.setenv(str("PATH"), str(tmpdir))
    status, log = built(machine, address)
    assert (status["state"], status["cause"]) == ("error", "no_git_lfs"), log
