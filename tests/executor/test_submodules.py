# coding: utf-8
"""Submodules of real git servers: fetched when asked for, by path and address alone, and gone with the commit."""

from __future__ import absolute_import, print_function, unicode_literals

import json
import os

import pytest

from business_hyper_fusion import outcome, submodules
from business_hyper_fusion.grammar.git import check_repository
from business_hyper_fusion.grammar.refused import Refused
from business_hyper_fusion.process import Command, Runner
from tests.faults import rows
from tests.lab import process
from tests.lab.git_server import GitOverHttp

SHOW = 'cd "$TRISTAN_SOURCE" && find . ! -type d | sort && cat lib/a/a.txt'
ON = {"submodules": True, "lfs": False, "git_directory": False}


def declared(*entries):
    """:param entries: (name, path, url). :returns: text of .gitmodules."""
    form = '[submodule "{0}"]\n\tpath = {1}\n\turl = {2}\n'
    return "".join(form.format(*entry) for entry in entries)


def head(repository):
    return repository.git(["rev-parse", "HEAD"]).strip()


def read(path):
    with open(path, "rb") as file:
        return file.read().decode("utf-8")


@pytest.fixture
def library(repositories):
    made = repositories.create("group/lib")
    made.commit({"a.txt": "first\n"}, "Library")
    return made


@pytest.fixture
def linked(shop, library):
    """The project with the library at lib/a, by a relative address."""
    shop.link("lib/a", head(library))
    shop.commit({".gitmodules": declared(("a", "lib/a", "../lib.git"))}, "Link")
    return shop


def built(machine, address, script=SHOW, checkout=ON, **changes):
    """:returns: (status, log)."""
    request = machine.request(address, script, checkout=checkout, **changes)
    return machine.run(request), machine.log(request)


def test_they_are_left_out_unless_asked_for(machine, address, linked):
    status, log = built(
        machine, address, 'ls -A "$TRISTAN_SOURCE/lib/a" | wc -l', dict(ON, submodules=False)
    )
    assert (status["state"], log.splitlines()[-2].strip()) == ("success", "0")
    assert "1 submodules stay empty" in log and "submodules: true" in log


def test_the_linked_commit_is_there_and_nothing_of_gits(machine, address, linked, library):
    library.commit({"a.txt": "second\n"}, "Not linked")
    status, log = built(machine, address)
    assert status["state"] == "success", log
    assert "first" in log and "./lib/a/a.txt" in log
    assert not [line for line in log.splitlines() if line.endswith("/.git")]


def test_a_submodule_has_submodules(machine, address, linked, library, repositories):
    inner = repositories.create("other/inner")
    inner.commit({"deep.txt": "1"}, "Inner")
    library.link("in/ner", head(inner))
    library.commit({".gitmodules": declared(("x", "in/ner", "../../other/inner.git"))}, "Nest")
    linked.link("lib/a", head(library))
    linked.commit({}, "Update")
    status, log = built(machine, address)
    assert status["state"] == "success", log
    assert "./lib/a/in/ner/deep.txt" in log


def test_what_was_left_or_changed_in_one_is_put_right(machine, address, linked, library):
    script = """cd "$TRISTAN_SOURCE/lib/a" && echo changed > a.txt && touch -d @1 a.txt && touch left
git init -q . && mkdir locked && chmod 0 locked"""
    assert built(machine, address, script)[0]["state"] == "success"
    status, log = built(machine, address)
    assert status["state"] == "success", log
    assert "first" in log and "left" not in log and ".git/" not in log and "locked" not in log


@pytest.mark.once
def test_nothing_is_written_twice(machine, address, linked):
    """The superproject's cleaning leaves a submodule's files alone."""
    show = 'stat -c "%i %y" "$TRISTAN_SOURCE/lib/a/a.txt"'
    first, second = (built(machine, address, show)[1].splitlines()[-2] for _ in range(2))
    assert first == second and first.split()[0].isdigit()


def test_a_commit_without_it_has_none_of_its_files(machine, address, linked):
    assert built(machine, address)[0]["state"] == "success"
    linked.unlink("lib/a")
    linked.commit({".gitmodules": None}, "Unlink")
    _, log = built(machine, address, 'cd "$TRISTAN_SOURCE" && find .')
    assert "./shop.py" in log and "./lib" not in log


@pytest.mark.once
def test_a_tag_keeps_neither_files_nor_indexes(machine, address, linked):
    linked.tag("v1")
    ref = {"kind": "tag", "name": "v1", "commit": ""}
    status, log = built(machine, address, checkout=dict(ON, lfs=True), ref=ref)
    assert status["state"] == "success" and "first" in log
    assert os.listdir(os.path.dirname(status["source"])) == ["build"]


@pytest.mark.once
def test_they_are_empty_again_when_no_longer_asked_for(machine, address, linked):
    assert built(machine, address)[0]["state"] == "success"
    _, log = built(machine, address, 'find "$TRISTAN_SOURCE"', dict(ON, submodules=False))
    assert "/lib/a\n" in log and "a.txt" not in log
    assert "first" in built(machine, address)[1]


@rows.hostile(4)
@pytest.mark.once
def test_a_link_that_a_build_put_in_the_way_is_not_followed(machine, address, linked, tmpdir):
    """... neither when the submodule is written nor when its place is emptied."""
    outside = tmpdir.mkdir("outside").mkdir("a")
    outside.join("precious").write("1")
    script = 'cd "$TRISTAN_SOURCE" && rm -rf lib && ln -s %s lib' % outside.dirname
    for checkout in (ON, dict(ON, submodules=False), ON):
        assert built(machine, address, script, checkout)[0]["state"] == "success"
    status, log = built(machine, address)
    assert status["state"] == "success" and "first" in log
    assert [path.basename for path in outside.listdir()] == ["precious"]


@rows.hostile(4)
@pytest.mark.once
@pytest.mark.parametrize(
    "url",
    [
        "ext::sh -c touch% PROOF",
        "file:///srv/lib",
        "-ulib",
        "../../../lib",
        "ssh://-oProxyCommand=x/y",
    ],
)
def test_addresses_that_are_refused(machine, address, linked, tmpdir, url):
    proof = tmpdir.join("proof")
    linked.commit({".gitmodules": declared(("a", "lib/a", url.replace("PROOF", str(proof))))})
    status, log = built(machine, address)
    assert (status["state"], status["cause"]) == ("error", "submodule_refused"), log
    assert "lib/a" in status["message"] and not proof.exists()


@rows.hostile(4)
@pytest.mark.once
def test_only_path_and_url_of_gitmodules_count(machine, address, linked, tmpdir):
    proof = tmpdir.join("proof")
    evil = "\tupdate = !touch {0}\n\tignore = all\n[core]\n\tsshCommand = touch {0}\n\tfsmonitor = touch {0}\n"
    text = (
        declared(("a", "lib/a", "../lib.git"))
        + evil.format(proof)
        + "[include]\n\tpath = /etc/passwd\n"
    )
    linked.commit({".gitmodules": text})
    status, log = built(machine, address)
    assert status["state"] == "success" and "first" in log and not proof.exists()


@pytest.mark.once
def test_gitmodules_that_is_no_configuration(machine, address, linked):
    linked.commit({".gitmodules": "[submodule\n"})
    assert built(machine, address)[0]["cause"] == "submodule_refused"


@rows.hostile(4)
def test_a_path_that_leads_out_of_the_tree(machine, address, shop, library):
    """Git refuses to make such a tree, its plumbing does not."""
    entry = "160000 commit %s\t.." % head(library)
    words = ["git", "-C", shop.work, "mktree", "--missing"]
    tree = process.output(words, (entry + "\n").encode("utf-8")).strip()
    commit = shop.git(["commit-tree", "-m", "Evil", tree]).strip()
    shop.git(["push", "-q", "--force", "origin", commit + ":refs/heads/main"])
    for checkout in (ON, dict(ON, submodules=False)):
        assert built(machine, address, checkout=checkout)[0]["cause"] == "submodule_refused"


def test_one_that_is_not_in_gitmodules_stays_empty(machine, address, linked, library):
    linked.link("lib/b", head(library))
    linked.commit({}, "Forgotten")
    status, log = built(machine, address)
    assert status["state"] == "success"
    assert "lib/b has no address" in log and "./lib/b" not in log


@rows.hostile(4)
@pytest.mark.once
def test_a_repository_that_is_its_own_submodule(machine, address, shop):
    for _ in range(submodules.DEPTH + 1):
        shop.link("me", head(shop))
        shop.commit({".gitmodules": declared(("me", "me", "../shop.git"))}, "Deeper")
    status, log = built(machine, address)
    assert (status["cause"], "within each other" in status["message"]) == (
        "submodule_refused",
        True,
    )


@pytest.mark.once
def test_a_server_that_does_not_know_it(machine, address, linked):
    linked.commit({".gitmodules": declared(("a", "lib/a", "../gone.git"))})
    status, log = built(machine, address)
    assert (status["state"], status["cause"]) == ("error", "submodule_unavailable")
    assert "lib/a" in status["message"] and "gone.git" in status["message"]


@pytest.mark.once
def test_a_commit_that_was_never_pushed(machine, address, linked):
    linked.link("lib/a", "1" * 40)
    linked.commit({}, "Dangling")
    status, log = built(machine, address)
    assert (status["state"], status["cause"]) == ("error", "submodule_commit_not_found")


@pytest.mark.once
def test_a_commit_that_no_branch_has_any_more(machine, address, linked, library):
    """Servers that grant any hash are asked for it."""
    library.git(["--git-dir", library.path, "config", "uploadpack.allowAnySHA1InWant", "true"])
    linked.link("lib/a", library.commit({"a.txt": "amended away\n"}, "Gone"))
    linked.commit({}, "Link")
    library.git(["push", "-q", "--force", "origin", "HEAD~1:refs/heads/main"])
    status, log = built(machine, address)
    assert status["state"] == "success" and "amended away" in log


@pytest.fixture
def closed(repositories):
    """Two git servers that want the same login."""
    servers = [GitOverHttp(repositories, "robot", "s3cret-password") for _ in range(2)]
    yield servers
    for server in servers:
        server.stop()


def with_account(machine, address, **changes):
    request = machine.request(address, SHOW, checkout=ON, **changes)
    request["repository"]["git_server"] = "main"
    return request


@rows.hostile(4)
@pytest.mark.once
def test_the_password_is_for_the_projects_own_server(machine, linked, closed):
    machine.configure_git_server({"main": {"username": "robot", "kind": "plain"}})
    request = with_account(machine, closed[0].address("group/shop"))
    assert machine.run(request, {"git_password": "s3cret-password"})["state"] == "success"
    linked.commit({".gitmodules": declared(("a", "lib/a", closed[1].address("group/lib")))})
    request = with_account(machine, closed[0].address("group/shop"))
    status = machine.run(request, {"git_password": "s3cret-password"})
    assert status["cause"] == "submodule_unavailable"
    assert "account" in status["message"]
    assert "login given" in closed[0].requests() and "login given" not in closed[1].requests()


@pytest.mark.once
def test_the_key_is_for_the_projects_own_server(machine, linked, repositories, git_over_ssh):
    server = {
        "username": "builder",
        "host_key": git_over_ssh.sshd.known_hosts_line,
        "kind": "plain",
    }
    machine.configure_git_server({"main": server})
    secrets = {"git_key": read(git_over_ssh.sshd.client_key)}
    request = with_account(machine, git_over_ssh.address("group/shop"))
    assert machine.run(request, secrets)["state"] == "success", machine.log(request)
    other = git_over_ssh.address("group/lib").replace("127.0.0.1", "localhost")
    linked.commit({".gitmodules": declared(("a", "lib/a", other))})
    request = with_account(machine, git_over_ssh.address("group/shop"))
    assert machine.run(request, secrets)["cause"] == "submodule_unavailable"


@pytest.mark.parametrize(
    "base, url, expected",
    [
        ("https://h/g/shop.git", "../lib.git", "https://h/g/lib.git"),
        ("https://h/g/shop.git/", "./lib", "https://h/g/shop.git/lib"),
        ("ssh://git@h:2222/g/shop.git", "../../x/lib", "ssh://git@h:2222/x/lib"),
        ("git@h:g/shop.git", "../lib.git", "git@h:g/lib.git"),
        ("git@[::1]:/g/shop.git", "../lib.git", "git@[::1]:/g/lib.git"),
        ("git@h:shop.git", "../lib.git", "git@h:lib.git"),
        ("https://h/g/shop.git", "https://other/lib", "https://other/lib"),
        ("https://h/shop", "../../x", None),
        ("git@h:shop", "../../x", None),
        ("https://h/g/shop", "../a/../../../x", None),
        ("https://h/g/shop", "..", None),
        ("https://h/shop", "../:p@evil/x", "https://h/:p@evil/x"),
    ],
)
def test_relative_addresses(base, url, expected):
    try:
        address = submodules.resolved(str(url), str(base))
        check_repository(address)
    except Refused:
        address = None
    assert address == expected


def test_what_a_commit_links_to_is_remembered_in_its_mirror(machine, address, linked, tmpdir):
    found, _ = built(machine, address)
    assert found["state"] == "success"
    kept = kept_links(machine, "shop")
    assert list(kept) == [found["commit"]] and list(kept[found["commit"]]) == ["lib/a"]
    again, log = built(machine, address)
    assert again["state"] == "success" and "lib/a/a.txt" in log


@pytest.mark.parametrize(
    "text", ["", "[]", '{"x": 1}', '{"COMMIT": {"../x": "y"}}', '{"COMMIT": {"a": "-x"}}']
)
def test_links_that_nobody_wrote_are_found_again(machine, address, linked, text):
    commit = built(machine, address)[0]["commit"]
    path = links_file(machine, "shop")
    with open(path, "w") as target:
        target.write(str(text.replace("COMMIT", commit)))
    found, _ = built(machine, address)
    assert found["state"] == "success"
    assert list(kept_links(machine, "shop")[commit]) == ["lib/a"]


class Listing(object):
    """A mirror to list, the work tree's own. .asked: lists of words."""

    def __init__(self, repository):
        self.path, self.address = os.path.join(repository.work, ".git"), "its address"
        self.git, self.asked = self, []

    def run(self, words, capture):
        self.asked.append(words)
        runner = Runner(None, None)
        return runner.run(Command(words, dict(os.environ), capture=capture))


def test_links_among_more_directories_than_an_output_may_have(linked, monkeypatch):
    linked.commit({"directory %d/x" % number: "x\n" for number in range(9)}, "Directories")
    linked.link("new\nline", head(linked))
    linked.commit({"x": "x\n"}, "Odd")
    listing = Listing(linked)
    whole = submodules._listed(listing, head(linked))
    assert sorted(whole) == [b"lib/a", b"new\nline"]
    monkeypatch.setattr(submodules, "CAPTURE_LIMIT", 300)
    assert submodules._listed(listing, head(linked)) == whole
    assert [words[0] for words in listing.asked] == ["git", "git", "sh"]
    monkeypatch.setattr(submodules, "CAPTURE_LIMIT", 50)
    with pytest.raises(outcome.Ended) as caught:
        submodules._listed(listing, head(linked))
    assert "has too many submodules" in caught.value.message
    with pytest.raises(outcome.Ended) as caught:
        submodules._listed(listing, "0" * 40)
    assert caught.value.cause == "git_failed"


def links_file(machine, name):
    mirrors = machine.business.mirrors
    found = [entry for entry in os.listdir(mirrors) if name in entry and entry.endswith(".git")]
    return os.path.join(mirrors, found[0], "links.json")


def kept_links(machine, name):
    return json.loads(read(links_file(machine, name)))
