"""A canary in every slot for a secret is nowhere but in its slot: no process, no file, no image, no word of Tristan."""

from __future__ import absolute_import, print_function, unicode_literals

import json
import os
import subprocess
import sys

import pytest

from tests.faults import aftermath, rows
from tests.faults.canary import Canaries, Sampler, files_with
from tests.faults.vault import NAMES, Vault
from tests.lab import busybox, process

SILENT = ("completion", "bash"), ("config", "check"), ("machines",), ("status",), ("doctor",)


@pytest.fixture
def vault(engine, executor_python):
    """Whose machines are enrolled."""
    image = busybox.make(engine, "tristan-lab/canary:session-{0}".format(os.getpid()))
    made = Vault(engine, executor_python, {"python": image})
    try:
        for name in ("builder-1", "builder-2"):
            made.enroll(name)
        yield made
    finally:
        made.stop()
        engine.run(["rmi", "--force", image])


def look(vault):
    """:returns: function that keeps what the engine tells of the machine's containers meanwhile"""

    def keep():
        for container in vault.containers():
            try:
                vault.shown.append(vault.engine.run(["inspect", container]))
            except process.LabError:
                pass  # gone in between

    return keep


def images(vault, status):
    """Keep all that the engine tells of the images of a build: its own, and the one it pushed."""
    pushed = status["app_image"]
    name = pushed["image"].rpartition(":")[0] + "@" + pushed["digest"]
    vault.pull(name)
    try:
        for image in (name, status["image"]["build_image"]):
            for words in (["image", "inspect"], ["history", "--no-trunc"]):
                vault.shown.append(vault.engine.run(words + [image]))
            saved = subprocess.check_output(vault.engine.command + ["save", image])
            assert vault.canaries.seen_in(saved) == []
    finally:
        vault.engine.run(["rmi", name])


def check_words(vault):
    """Nothing that anybody was told has a canary."""
    for text in vault.shown:
        assert vault.canaries.seen_in(text) == [], text
    for report in vault.reports:
        assert (
            vault.canaries.seen_in(report.body + json.dumps(report.headers).encode("ascii")) == []
        )
    for message in vault.mail.messages:
        assert vault.canaries.seen_in(message.data) == []
    assert vault.canaries.seen_in(vault.blobs()) == []


def check_files(vault, begun):
    """The machine's disk, the operator's own files, and what changed in places for temporary files."""
    own = vault.own_places()
    assert files_with(vault.canaries, [vault.sshd.directory, vault.home], but=own) == []
    places = ["/tmp", "/var/tmp", "/dev/shm", "/run", "/root/.docker"]
    there = [path for path in places if os.path.exists(path)]
    assert files_with(vault.canaries, there, newer=begun, but=own) == []


@rows.hostile(12)
def test_the_search_finds_what_is_there(tmpdir):
    """Else all the other tests here would pass for nothing."""
    directory = process.directory("vault")
    try:
        canaries = Canaries(directory)
        tmpdir.join("file").write("x" * 100000 + canaries.text("one"))
        assert files_with(canaries, [str(tmpdir)]) == [str(tmpdir.join("file"))]
        assert files_with(canaries, [str(tmpdir)], but=[str(tmpdir)]) == []
        with Sampler(canaries) as sampler:
            show(sampler, 1, words=[canaries.text("two")])
            show(sampler, 2, SECRET=canaries.text("three"))
        assert set(where for where, _, _ in sampler.found) == {"arguments", "environment"}
        assert canaries.seen_in(canaries.text("x"))
    finally:
        process.remove(directory)


def show(sampler, count, words=(), **more):
    """A process with a canary, until so many were found."""
    waiting = [sys.executable, "-c", "import sys; sys.stdin.read()"] + list(words)
    child = subprocess.Popen(waiting, stdin=subprocess.PIPE, env=dict(os.environ, **more))
    process.wait_until(lambda: len(sampler.found) == count, 60, "a look at it")
    child.communicate()


@rows.hostile(12)
def test_no_canary_is_anywhere_after_a_build_and_a_shell(vault, injections):
    begun = os.path.join(vault.home, "begun")
    open(begun, "w").close()
    told = os.path.join(vault.home, "told")
    with injections.measured():
        with Sampler(vault.canaries, look(vault)) as sampler:
            words = ("--branch", "main", "--param", "SCRIPT=sleep 1", "--json")
            built = vault.run("--debug", "build", "script", *words)
            status = json.loads(built.out)
            assert status["state"] == "success", built
            failed = json.loads(
                vault.run("build", "over_ssh", *(words[:3] + ("SCRIPT=exit 7", "--json"))).out
            )
            assert failed["state"] == "failed", failed
            shell = 'ls "$TRISTAN_SECRETS"; sleep 0.5'
            short = failed["build_id"][-8:]
            listed = vault.run("shell", "--with-secrets", short, "sh", "-c", shell)
            assert sorted(listed.out.split()) == sorted(NAMES)
            for ended in (status, failed):
                log = vault.run("logs", ended["build_id"]).out
                assert log.count("[masked]") >= 3 * len(NAMES)
        assert sampler.found == set() and sampler.rounds > 20
        for words in (
            ("provenance", status["build_id"]),
            ("preview", "script"),
            ("status", short, "--json"),
        ):
            assert vault.run(*words).code == 0
        for words in SILENT if rows.ALL else SILENT[:2]:
            assert vault.run("--debug", *words).code == 0
        images(vault, status)
        check_files(vault, begun)
        check_words(vault)
    assert len(vault.mail.messages) == 1 and len(vault.reports) == 1 and os.path.getsize(told)
    aftermath.check(vault, status)


WRONG = {
    "machine": ("build", "script", "--branch", "main"),
    "git": ("build", "script", "--branch", "main"),
    "registry": ("build", "script", "--branch", "main", "--param", "SCRIPT=:"),
    "smtp": ("build", "script", "--branch", "main", "--param", "SCRIPT=:"),
    "gitlab_token": ("project", "list"),
}


@rows.hostile(12)
@rows.thorough
def test_no_canary_is_shown_where_a_secret_is_wrong(vault, injections):
    begun = os.path.join(vault.home, "begun")
    open(begun, "w").close()
    with Sampler(vault.canaries, look(vault)) as sampler:
        for slot, words in sorted(WRONG.items()):
            with injections.measured():
                right = vault.canaries.text(slot)
                vault.canaries.keep(slot, vault.canaries.text("wrong-" + slot))
                refused = vault.run("--debug", *words)
                vault.canaries.keep(slot, right)
            assert refused.code != 0 or slot == "smtp", refused
    assert sampler.found == set()
    check_files(vault, begun)
    check_words(vault)


ADDRESSES = (
    ("git_servers", "main", "address", "https://robot:%s@git.example.com"),
    ("projects", "script", "repository", "https://robot:%s@git.example.com/group/shop.git"),
    ("machines", "builder-1", "proxy", "http://robot:%s@proxy.example.com:3128"),
    ("docker_registries", "main", "address", "robot:%s@registry.example.com"),
    ("machines", "builder-1", "password", "%s"),
)


@rows.hostile(12)
def test_a_secret_where_none_belongs_is_refused_and_not_said_again(vault, injections):
    for section, name, key, form in ADDRESSES:
        document = vault.document()
        document[section][name][key] = form % vault.canaries.text("misplaced")
        vault.write(document)
        with injections.measured():
            refused = vault.run("--debug", "config", "check")
        assert (refused.code, key in refused.err) == (2, True), refused
        assert vault.canaries.seen_in(refused.out + refused.err) == [], refused
