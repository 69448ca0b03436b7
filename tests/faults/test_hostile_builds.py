"""A build leaves traps wherever it can write; the next build, shells, upkeep and uninstall walk past all of them."""

from __future__ import absolute_import, print_function, unicode_literals

import io
import os
import subprocess
import sys

import pytest

from tests.executor import test_remove
from tests.executor.conftest import PROJECT
from tests.executor.machine import REPOSITORY, Machine
from tests.executor.test_shell import Shells
from tests.faults import rows
from tests.faults.small import is_free
from tests.lab import process

KINDS = ("directory", "file", "link", "pipe", "bare")
PLANT = os.path.join(REPOSITORY, "tests", "faults", "hostile_build.py")
SECRET = "what only the host may know"
CHECK = (
    'cd "$TRISTAN_SOURCE"; ls -A; cat shop.py pkg/file; touch "$TRISTAN_CACHE/dependency_lib/new"'
)
TIDY = {"dry_run": False, "older_than_seconds": 0, "most_bytes": 0, "what": None}


class Host(object):
    """A machine, and beside it a directory that no build may write to or read from.

    .machine .outside (path) .address
    """

    def __init__(self, machine, repository, address):
        self.machine = machine
        self.address = address
        self.repository = repository
        self.outside = process.directory("outside")
        with open(os.path.join(self.outside, "secret"), "w") as target:
            target.write(SECRET)
        repository.commit({"pkg/file": "of the commit\n"})
        self.files = sorted(list(PROJECT) + ["pkg"])
        repository.commit({"sibling.txt": "of another branch\n"}, branch="sibling")

    def request(self, script, isolation, **changes):
        changes.setdefault("limits", self.machine.limits(keep_failed_seconds=3600))
        return self.machine.request(self.address, script, isolation=isolation, **changes)

    def plant(self, kind, end=""):
        """:returns: str, a build script that leaves its traps; `end` is done after them."""
        with io.open(PLANT) as source:
            words = "python3 - %s %s <<'END_OF_PLANT'\n" % (self.outside, kind)
            return words + source.read() + "END_OF_PLANT\n" + end

    def untouched(self):
        """Nothing was run, written or changed outside."""
        assert os.listdir(self.outside) == ["secret"]
        with open(os.path.join(self.outside, "secret")) as source:
            assert source.read() == SECRET

    def remove(self):
        self.machine.remove()
        process.remove(self.outside)


@pytest.fixture
def host(engine, python_image, repositories, git_over_http, executor_python):
    repository = repositories.create("group/shop")
    repository.commit(PROJECT)
    machine = Machine(engine.command, python_image, interpreter=executor_python)
    made = Host(machine, repository, git_over_http.address("group/shop"))
    yield made
    made.remove()


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "pipe"])
def test_who_is_not_careful_walks_into_them(tmp_path, kind):
    """Else nothing would be shown below."""
    places = dict((name, str(tmp_path / name)) for name in ("source", "cache", "build", "outside"))
    for path in places.values():
        os.mkdir(path)
    names = ("TRISTAN_SOURCE", "TRISTAN_CACHE", "TRISTAN_BUILD")
    variables = dict((name, places[name[8:].lower()]) for name in names)
    environment = process.merged_environment(dict(variables, TRISTAN_ISOLATION="host"))
    process.output([sys.executable, PLANT, places["outside"], kind], environment=environment)
    words = ["git", "-c", "safe.directory=*", "status"]
    child = subprocess.Popen(
        words, cwd=places["source"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    told = child.communicate()
    assert os.listdir(places["outside"]) == ["canary"], told
    process.output(["chmod", "-R", "u+rwx", places["source"]])
    process.remove(places["source"])


@rows.hostile(4)
@pytest.mark.parametrize("isolation", ["docker", "host"])
def test_nobody_walks_into_a_build_s_traps(host, isolation, injections):
    kinds = KINDS[: injections.count(1, len(KINDS))] if isolation == "docker" else KINDS[:1]
    built(host, "sibling", isolation)
    for kind in kinds:
        with injections.measured():
            planted(host, kind, isolation)
            next_build(host, isolation)
            failed(host, kind, isolation)
            fetched(host)
    collected(host)
    assert test_remove.run(host.machine.root, engine=host.machine.engine)["answer"] == "removed"
    host.untouched()


def built(host, branch, isolation):
    ref = {"kind": "branch", "name": branch, "commit": ""}
    request = host.request("cat sibling.txt", isolation, ref=ref)
    assert host.machine.run(request)["state"] == "success", host.machine.log(request)


def planted(host, kind, isolation):
    """A build that succeeds; of the files that it offers as artifacts none is the host's."""
    request = host.request(host.plant(kind), isolation, artifacts=["**"])
    status = host.machine.run(request)
    log = host.machine.log(request)
    assert "planted" in log, log
    if isolation == "docker":
        assert "siblings: b''" in log and "no device" in log
    assert status["state"] == "success", log[-500:]
    assert "dist/-rf" in [one["name"] for one in status["artifacts"]]
    for one in status["artifacts"]:
        assert os.path.realpath(one["path"]) == one["path"]
        with open(one["path"], "rb") as source:
            assert SECRET.encode("ascii") not in source.read(), one
    host.untouched()


def next_build(host, isolation):
    """Exactly the commit's files, and a .git of its own."""
    checkout = {"submodules": True, "lfs": False, "git_directory": True}
    request = host.request(CHECK, isolation, checkout=checkout)
    status = host.machine.run(request)
    log = host.machine.log(request)
    assert status["state"] == "success", log
    assert "answer = 42" in log and "of the commit" in log
    assert sorted(os.listdir(status["source"])) == sorted([".git"] + host.files)
    host.untouched()


def failed(host, kind, isolation):
    """Traps in a workspace that is kept, and a shell in it."""
    request = host.request(host.plant(kind, "exit 7\n"), isolation)
    status = host.machine.run(request)
    assert (status["state"], status["cause"]) == ("failed", "script_failed")
    code, out, err = Shells(host.machine).run(request, "/bin/sh", "-c", "echo here; ls -A dist")
    assert (code, err) == (0, "") and out.startswith("here\n"), err
    host.untouched()


def fetched(host):
    errand = {"request": host.request("", "host"), "secrets": {}}
    said = host.machine.ask("refresh", {"fetch": [errand], "images": [], "gc": None})
    assert said["answer"] == "refresh" and said["failed"] == [], said
    host.untouched()


def collected(host):
    is_free(host.machine)
    said = host.machine.ask("gc", dict(TIDY, engine=host.machine.engine))
    assert said["answer"] == "gc" and not said["failed"], said
    assert {"caches", "refs"} <= set(one["kind"] for one in said["removed"])
    host.untouched()


HOSTILE_TREES = {
    "a .git": [("100644", "configuration", ".git")],
    "a directory .git": [("40000", "repository", ".git")],
    "a link .git": [("120000", "outside", ".git")],
    "another case of .git": [("40000", "repository", ".GIT")],
    "a short name of .git": [("40000", "repository", "git~1")],
    "names that lead out": [("40000", "repository", ".."), ("100644", "configuration", ".")],
    "a path for a name": [("100644", "configuration", "../../evil")],
    "a link and a directory": [("120000", "outside", "A"), ("40000", "repository", "A")],
    "names that collide": [("120000", "outside", "A"), ("40000", "repository", "a")],
    "a repository": [
        ("100644", "configuration", "config"),
        ("100644", "head", "HEAD"),
        ("40000", "repository", "objects"),
        ("40000", "repository", "refs"),
    ],
}
"""Of trees as they can be pushed; git itself writes few of them."""


@rows.hostile(4)
def test_trees_that_git_would_not_make(host, injections):
    names = sorted(HOSTILE_TREES)
    for name in names[: injections.count(4, len(names))]:
        with injections.measured():
            push_tree(host, HOSTILE_TREES[name])
            request = host.request("true", "host")
            status = host.machine.run(request)
            log = host.machine.log(request)
            refused = (status["state"], status["cause"]) == ("error", "checkout_failed")
            assert refused or status["state"] == "success", log
            above = os.path.dirname(status["source"])
            assert "evil" not in os.listdir(above) + os.listdir(os.path.dirname(above))
            assert ".git" not in os.listdir(status["source"])
            host.untouched()
    host.repository.git(["push", "-q", "--force", "origin", "main:main"])
    next_build(host, "docker")


def push_tree(host, entries):
    """Make main a commit of one tree, whatever it is.

    :param entries: list of (mode, which object, name).
    """
    git = ["git", "-C", host.repository.work]

    def made(words, data):
        return str(process.output(git + words, data).strip())

    def blob(text):
        return made(["hash-object", "-w", "--stdin"], text.encode("utf-8"))

    def tree(found):
        lines = [
            ("%s %s\0" % (mode, name)).encode("ascii") + bytes(bytearray.fromhex(objects[key]))
            for mode, key, name in found
        ]
        return made(["hash-object", "-t", "tree", "--literally", "-w", "--stdin"], b"".join(lines))

    values = "[core]\n\tbare = false\n\tworktree = .\n\tfsmonitor = touch %s/canary\n"
    objects = {"configuration": blob(values % host.outside), "outside": blob(host.outside)}
    objects["head"] = blob("ref: refs/heads/main\n")
    objects["repository"] = tree(
        [("100644", "head", "HEAD"), ("100644", "configuration", "config")]
    )
    commit = made(["commit-tree", tree(entries), "-m", "hostile"], b"")
    made(["push", "-q", "--force", "origin", commit + ":refs/heads/main"], b"")
