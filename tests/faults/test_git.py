"""A git server goes silent, a git is killed, a mirror has anything broken: healed, and the next build is right."""

from __future__ import absolute_import, print_function

import glob
import os
import signal
import time

import pytest

from tests.executor.conftest import shop  # noqa: F401
from tests.executor.machine import Machine
from tests.executor.test_source import read, with_server
from tests.faults import rows
from tests.faults.small import is_free, whole
from tests.lab import process
from tests.lab.git_daemon import GitDaemon

SHOW = 'cat "$TRISTAN_SOURCE/shop.py" && ls "$TRISTAN_SOURCE"'
STALL = 5
LARGE = 12 << 20
"""Bytes of a file; its server goes silent before it has sent them all."""

SILENT = "head -c 1000000; : >{0}; while [ -e {1} ]; do sleep 0.05; done; cat"
SLOW = "for _ in 1 2 3 4; do head -c 1000000; sleep 4; done; cat"


@pytest.fixture
def git_machine(executor_python):
    made = Machine(interpreter=executor_python)
    yield made
    made.remove()


@pytest.fixture
def git_daemon(repositories):
    server = GitDaemon(repositories)
    yield server
    server.stop()


class Silence(object):
    """All servers of the repositories send no more of a pack than its first million bytes, until `end`."""

    def __init__(self, repositories):
        place = os.path.join(repositories.directory, "silence")
        os.mkdir(place)
        os.chmod(place, 0o777)  # who serves may be another user
        self._begun, self._lasts = [os.path.join(place, name) for name in ("begun", "lasts")]
        open(self._lasts, "w").close()
        repositories.send_through(SILENT.format(self._begun, self._lasts))

    def begun(self):
        """Whether somebody waits in vain: the same for whoever fetches."""
        return os.path.exists(self._begun)

    def end(self):
        os.remove(self._lasts)


@pytest.fixture
def servers(git_machine, request):
    """Function (kind) -> (address, secrets)."""

    def of(kind):
        if kind == "ssh":
            server = request.getfixturevalue("git_over_ssh")
            known = {"username": "builder", "host_key": server.sshd.known_hosts_line}
            git_machine.configure_git_server({"main": dict(known, kind="plain")})
            secrets = {"git_key": read(server.sshd.client_key)}
            return server.address("group/shop"), secrets
        server = request.getfixturevalue("git_daemon" if kind == "git" else "git_over_http")
        return server.address("group/shop"), {}

    return of


@rows.fault(16)
@pytest.mark.parametrize(
    "kind",
    ["git", pytest.param("http", marks=rows.thorough), pytest.param("ssh", marks=rows.thorough)],
)
def test_a_server_goes_silent(git_machine, shop, repositories, servers, injections, kind):  # noqa: F811
    """... while its line is alive: nothing closes it, and with ssh it is even kept alive."""
    address, secrets = servers(kind)
    shop.commit({"large": os.urandom(LARGE)}, "Large")
    request = wanted(git_machine, address, secrets)
    request["limits"]["stall_seconds"] = STALL
    silence = Silence(repositories)
    try:
        with injections.measured():
            begun = time.time()
            status = git_machine.run(request, secrets)
            assert (status["state"], status["cause"]) == ("error", "git_stalled")
            assert "sent nothing for %d s" % STALL in status["message"]
            assert silence.begun() and STALL <= time.time() - begun < 45
            whole(git_machine, request, status)
    finally:
        silence.end()
    is_free(git_machine)
    assert_right(git_machine, shop, address, secrets)


def wanted(machine, address, secrets):
    return with_server(machine, address, SHOW) if secrets else machine.request(address, SHOW)


def assert_right(machine, repository, address, secrets=None):
    """The next build has the newest commit, and exactly its files. :returns: its log."""
    request = wanted(machine, address, secrets)
    status = machine.run(request, secrets)
    assert status["state"] == "success", machine.log(request)
    assert status["commit"] == repository.git(["rev-parse", "HEAD"]).strip()
    source = machine.status(request)["source"]
    process.output(["diff", "--recursive", "--exclude=.git", source, repository.work])
    assert len(os.listdir(source)) == len(repository.git(["ls-files"]).split())
    return machine.log(request)


@rows.fault(16)
@rows.thorough
def test_a_slow_server_is_waited_for(git_machine, shop, repositories, git_daemon, injections):  # noqa: F811
    """It does something now and then, each time before its time is over."""
    address = git_daemon.address("group/shop")
    request = git_machine.request(address, SHOW)
    request["limits"]["stall_seconds"] = 12
    shop.commit({"large": os.urandom(LARGE)}, "Large")
    repositories.send_through(SLOW)
    with injections.measured():
        status = git_machine.run(request)
        assert status["state"] == "success", git_machine.log(request)
        assert status["wall_seconds"] > 16


@rows.fault(16)
def test_git_is_killed_in_mid_fetch(git_machine, shop, repositories, git_daemon, injections):  # noqa: F811
    address = git_daemon.address("group/shop")
    git_machine.run(git_machine.request(address, SHOW))
    shop.commit({"shop.py": "answer = 43\n", "large": os.urandom(LARGE)}, "Second")
    request = git_machine.request(address, SHOW)
    is_free(git_machine)
    with injections.measured():
        silence = Silence(repositories)
        worker = git_machine.launch(request)["process"]["pid"]
        git_machine.wait_until(silence.begun)
        for pid in process.children(worker):
            process.end_at_once(pid)
        silence.end()
        assert git_machine.wait(request)["state"] == "success", git_machine.log(request)
    log = git_machine.log(request)
    assert "answer = 43" in log and "cloning anew" not in log and "trying again" in log


@rows.fault(16)
@rows.thorough
def test_startup_is_killed_in_mid_fetch(git_machine, shop, repositories, git_daemon, injections):  # noqa: F811
    address = git_daemon.address("group/shop")
    shop.commit({"large": os.urandom(LARGE)}, "Large")
    request = git_machine.request(address, SHOW)
    with injections.measured():
        silence = Silence(repositories)
        answer = git_machine.launch(request)
        git_machine.wait_until(silence.begun)
        gits = process.children(answer["process"]["pid"])
        os.kill(answer["process"]["pid"], signal.SIGKILL)
        status = git_machine.wait(request)
        assert (status["state"], status["cause"]) == ("lost", "startup_died")
        whole(git_machine, request, status)
        git_machine.wait_until(lambda: not [pid for pid in gits if process.alive(pid)])
        silence.end()
    is_free(git_machine)
    assert_right(git_machine, shop, address)


def stale_locks(mirror):
    for name in ("packed-refs.lock", "HEAD.lock", "config.lock", "shallow.lock", "index.lock"):
        open(os.path.join(mirror, name), "w").close()
    open(os.path.join(mirror, "refs/heads/main.lock"), "w").close()


def half_a_pack(mirror):
    with open(os.path.join(mirror, "objects", "pack", "tmp_pack_x1y2z3"), "wb") as pack:
        pack.write(b"PACK" * 1000)


def truncated_pack(mirror):
    process.output(["git", "--git-dir", mirror, "repack", "-adq"])
    for pack in objects(mirror, "pack/*.pack"):
        os.chmod(pack, 0o644)
        os.truncate(pack, os.path.getsize(pack) // 2)


def corrupt_object(mirror):
    loose(mirror)
    for path in objects(mirror, "??/*"):
        os.chmod(path, 0o644)
        with open(path, "r+b") as file:
            file.seek(5)
            file.write(b"\0\0\0\0")


def missing_tree(mirror):
    missing(mirror, "HEAD^{tree}")


def missing_file(mirror):
    missing(mirror, "HEAD:shop.py")


def missing_commit(mirror):
    missing(mirror, "HEAD")


def missing(mirror, name):
    loose(mirror)
    words = ["git", "--git-dir", mirror, "rev-parse", "refs/heads/main" + name[4:]]
    found = process.output(words).strip()
    os.unlink(os.path.join(mirror, "objects", found[:2], found[2:]))


def loose(mirror):
    """Take all packs apart."""
    for pack in objects(mirror, "pack/*.pack"):
        aside = mirror + ".pack"
        os.rename(pack, aside)
        os.unlink(pack[: -len("pack")] + "idx")
        with open(aside, "rb") as content:
            process.output(["git", "--git-dir", mirror, "unpack-objects", "-q"], content.read())
        os.unlink(aside)


def objects(mirror, pattern):
    return glob.glob(os.path.join(mirror, "objects", pattern))


def empty_ref(mirror):
    open(os.path.join(mirror, "refs", "heads", "main"), "w").close()


def empty_head(mirror):
    open(os.path.join(mirror, "HEAD"), "w").close()


def broken_configuration(mirror):
    with open(os.path.join(mirror, "config"), "w") as config:
        config.write("[core\n\0")


def no_objects(mirror):
    process.output(["rm", "-r", os.path.join(mirror, "objects")])


def half_made(mirror):
    os.rename(mirror, mirror + ".new")
    os.unlink(os.path.join(mirror + ".new", "HEAD"))


QUICK = [(truncated_pack, False), (stale_locks, True), (missing_file, False)]
MORE = [(missing_file, True), (missing_commit, True), (missing_commit, False)]
MORE += [(missing_tree, False), (corrupt_object, False), (empty_ref, True), (empty_head, True)]
MORE += [(half_a_pack, True), (broken_configuration, True), (no_objects, False), (half_made, True)]


@rows.fault(16)
@pytest.mark.parametrize(
    "damage, news", QUICK + [pytest.param(*one, marks=rows.thorough) for one in MORE]
)
def test_a_mirror_is_damaged(git_machine, shop, git_daemon, injections, damage, news):  # noqa: F811
    """:param news: whether there is something to fetch: else no git that fetches looks at what is there."""
    address = git_daemon.address("group/shop")
    assert_right(git_machine, shop, address)
    is_free(git_machine)
    (mirror,) = glob.glob(os.path.join(git_machine.business.mirrors, "*.git"))
    if news:
        shop.commit({"new.py": "new = 1\n"}, "Second")
    # What is checked out is of no help: it could be what a build has made of it.
    process.output(
        ["sh", "-c", "rm -rf '%s'/*/*/*/branches" % git_machine.business.executor("1").path]
    )
    with injections.measured():
        damage(mirror)
        assert_right(git_machine, shop, address)
    is_free(git_machine)
    assert objects(mirror, "pack/tmp_*") == []


@rows.fault(16)
@rows.thorough
def test_the_index_of_a_branch_is_damaged(git_machine, shop, git_daemon, injections):  # noqa: F811
    address = git_daemon.address("group/shop")
    assert_right(git_machine, shop, address)
    is_free(git_machine)
    run = git_machine.business.executor("1").path
    (index,) = process.output(["find", run, "-name", "index"]).split()
    with injections.measured():
        os.truncate(index, 40)
        open(index + ".lock", "w").close()
        assert_right(git_machine, shop, address)
