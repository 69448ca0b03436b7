"""Verb ``gc``: what is old goes, what is in use stays, and a build that runs meanwhile notices nothing."""

from __future__ import absolute_import, print_function

import os
import shutil
import threading
import time

import pytest

from business_hyper_fusion import (
    clean,
    clocks,
    compiled,
    files,
    gc_bin,
    identity,
    lock,
    trees,
    workspace,
)
from business_hyper_fusion import gc as gc_verb
from business_hyper_fusion.grammar import tree as grammar
from business_hyper_fusion.work import Work
from tests.executor import test_daemon
from tests.executor.machine import HASH
from tests.executor.test_trees import entries_of, hexdigest, member, push
from tests.faults import rows
from tests.lab import process

DAY = 86400
HOUR = 3600


@pytest.fixture
def used(machine, address):
    """The machine after two builds on executor 1: of branch ``main`` and of tag ``v1``."""
    run(machine, address, "mkdir -p dist && echo wheel > dist/shop.whl", artifacts=["dist/*"])
    run(machine, address, "true", ref={"kind": "tag", "name": "v1", "commit": ""})
    return machine


@pytest.fixture
def shop(shop):
    shop.tag("v1")
    return shop


def run(machine, address, script, **changes):
    """:returns: the request of a build that succeeded."""
    request = machine.request(address, script, **changes)
    status = machine.run(request)
    assert status["state"] == "success", machine.log(request)
    free(machine, request)
    return request


def free(machine, request):
    """The status is there before the worker has let go of everything: of the executor, then, after it has looked at the
    disk as a collection does and made the bytecode, of its image."""
    executor = machine.business.executor(request["executor_id"])
    machine.wait_until(lambda: not lock.held(executor.lock))
    machine.wait_until(lambda: not identity.alive(machine.status(request)["process"]))
    assert compiled.read(machine.release)


def rewrite(machine, request, **changes):
    """Have a status say something else."""
    files.publish_json(machine.attempt(request).status, dict(machine.status(request), **changes))


def gc(machine, **question):
    question = dict({"older_than_seconds": 30 * DAY, "engine": []}, **question)
    return machine.ask("gc", question)


def grow_old(*paths):
    """Every file and directory below was last changed 40 days ago."""
    then = time.time() - 40 * DAY
    for path in paths:
        for directory, below, names in os.walk(path):
            for name in below + names:
                if not os.path.islink(os.path.join(directory, name)):
                    os.utime(os.path.join(directory, name), (then, then))
        os.utime(path, (then, then))


def removed(answer, kind=None):
    """:returns: sorted names of what went."""
    return sorted(one["name"] for one in answer["removed"] if kind in (None, one["kind"]))


def project(machine, address, executor_id="1"):
    request = machine.request(address)
    found = machine.business.executor(executor_id).project(
        request["repository"]["host"], request["repository"]["path"]
    )
    return found


def test_nothing_that_was_used_lately_goes(used):
    answer = gc(used)
    assert (answer["removed"], answer["failed"], answer["busy"]) == ([], [], [])
    kept = {"refs": 2, "caches": 1, "artifacts": 1, "mirrors": 1, "releases": 1}
    assert dict((kind, answer["kept"][kind]) for kind in kept) == kept


def test_what_is_old_goes_and_a_dry_run_only_says_so(used, address):
    grow_old(used.business.path)
    told, before = gc(used, dry_run=True), everything_below(used.business.path)
    assert everything_below(used.business.path) == before
    answer = gc(used)
    assert removed(answer) == removed(told) and told["dry_run"] and not answer["dry_run"]
    names = removed(answer, "refs")
    assert [name.split("/")[-2:] for name in names] == [["branches", "main"], ["tags", "v1"]]
    assert len(removed(answer, "caches")) == len(removed(answer, "mirrors")) == 1
    assert all(one["bytes"] >= 0 and one["age_seconds"] > 39 * DAY for one in answer["removed"])
    assert {one["why"] for one in answer["removed"]} == {"not used for 40 days"}
    assert sum(one["bytes"] for one in answer["removed"] if one["kind"] == "refs") > 0
    # The emptied directories of the project and its host went, too; the release that did all this stays.
    assert os.listdir(os.path.join(used.business.run, "1")).count("builds") == 1
    assert not os.path.exists(os.path.dirname(os.path.dirname(project(used, address).path)))
    assert [name for name in os.listdir(used.business.releases) if name[0] != "."] == [HASH]
    assert os.listdir(os.path.join(used.business.upkeep, "bin")) == []
    run(used, address, "test -e shop.py")


def everything_below(path):
    return sorted(
        os.path.join(directory, name)
        for directory, below, names in os.walk(path)
        for name in below + names
        if "upkeep" not in os.path.join(directory, name)
    )


def test_a_build_goes_on_while_everything_else_goes(used, address):
    run(used, address, "true", executor_id="2")
    go = os.path.join(used.root, "go")
    script = "echo started; while [ ! -e %s ]; do sleep 0.05; done; test -e shop.py && echo ok" % go
    request = used.request(address, script, artifacts=["shop.py"])
    used.launch(request)
    used.wait_for_log(request, "started")
    grow_old(used.business.path)
    answer = gc(used, older_than_seconds=0)
    assert answer["failed"] == []
    assert removed(answer, "refs") == [name for name in removed(answer, "refs") if "run/2/" in name]
    assert len(removed(answer, "refs")) == len(removed(answer, "mirrors")) == 1
    busy = [one["name"] for one in answer["busy"]]
    assert [name for name in busy if name.endswith("branches/main")] and "run/1/" in busy[0]
    assert used.status(request)["state"] == "running"
    open(go, "w").close()
    status = used.wait(request)
    assert status["state"] == "success" and status["artifacts"][0]["name"] == "shop.py"
    assert used.log(request).endswith("ok\n==> success\n")
    free(used, request)
    assert len(removed(gc(used, older_than_seconds=0), "refs")) == 2


def test_of_two_clocks_the_one_behind_says_what_is_old(used):
    """That of the machine, and that of who asks."""
    grow_old(used.business.path)
    now = int(time.time())
    assert removed(gc(used, now=now - 20 * DAY, dry_run=True)) == []
    kinds = set(one["kind"] for one in gc(used, now=now + 300 * DAY, dry_run=True)["removed"])
    assert {"refs", "caches", "mirrors"} <= kinds


def test_what_was_used_in_the_future_is_new_unless_all_shall_go(used):
    future = time.time() + 300 * DAY
    for name in os.listdir(used.business.mirrors):
        os.utime(os.path.join(used.business.mirrors, name), (future, future))
    assert removed(gc(used, older_than_seconds=1, what=["mirrors"])) == []
    assert len(removed(gc(used, older_than_seconds=0, what=["mirrors"]))) == 1


def test_a_mirror_that_is_fetched_into_and_a_sync_are_left_alone(used):
    grow_old(used.business.path)
    mirrors = used.business.mirrors
    mirror = [name for name in os.listdir(mirrors) if name.endswith(".git")][0]
    os.mkdir(os.path.join(used.business.releases, ".cut.1"))
    locks = [os.path.join(mirrors, mirror + ".lock"), os.path.join(used.business.path, "sync.lock")]
    held = [lock.acquire(path) for path in locks]
    for dry_run in (True, False):
        answer = gc(used, what=["mirrors", "releases"], dry_run=dry_run)
        assert [one["kind"] for one in answer["busy"]] == ["mirrors", "releases"]
        assert removed(answer) == []
    for descriptor in held:
        os.close(descriptor)
    grow_old(used.business.mirrors)
    answer = gc(used, what=["mirrors", "releases"])
    assert removed(answer) == ["mirrors/" + mirror, "releases/.cut.1"]


def test_files_are_removed_once_the_locks_are_free_again(used, monkeypatch):
    """A launch of the moment finds no more than some renames in its way."""
    seen = []

    def take_apart(path):
        locks = [used.business.executor("1").lock] + mirror_locks(used)
        seen.append([lock.held(one) for one in locks])
        return real(path)

    real = gc_bin.take_apart
    monkeypatch.setattr(gc_bin, "take_apart", take_apart)
    grow_old(used.business.path)
    removed = gc_verb.answer(used.business, {"older_than_seconds": DAY})["removed"]
    assert len(removed) == len(seen) == 4
    assert not any(any(held) for held in seen)


def mirror_locks(machine):
    mirrors = machine.business.mirrors
    return [os.path.join(mirrors, name) for name in os.listdir(mirrors) if name.endswith(".lock")]


def test_a_build_ends_well_though_its_mirror_goes_in_that_moment(used, address, monkeypatch):
    """Nothing holds a mirror any more when a build notes at its end what it used."""
    work = Work(used.release, used.request(address), None, None, None, None)
    marked = []

    def mark_use(path, request):
        if path.endswith(".git"):
            shutil.rmtree(path)
        marked.append(path)
        real(path, request)

    real = clocks.mark_use
    monkeypatch.setattr(clocks, "mark_use", mark_use)
    clean.mark_use(work)
    assert len(marked) == 3 and os.listdir(used.business.mirrors)


def test_workspaces_go_when_their_time_has_come(used, address):
    past, future = [run(used, address, "true") for _ in range(2)]
    for request, kept_until in (
        (past, "2020-01-01T00:00:00.000Z"),
        (future, "2100-01-01T00:00:00.000Z"),
    ):
        attempt = used.attempt(request)
        os.mkdir(attempt.workspace)
        rewrite(used, request, workspace=attempt.workspace, kept_until=kept_until)
    answer = gc(used, what=["workspaces"])
    assert removed(answer) == ["run/1/builds/%s/1/workspace" % past["build_id"]]
    assert answer["kept"] == {"workspaces": 1}
    assert os.path.exists(used.attempt(future).workspace)


def test_what_somebody_has_a_shell_in_is_left_alone(used, address):
    attempt = used.attempt(run(used, address, "true"))
    os.mkdir(attempt.workspace)
    grow_old(used.business.path)
    held = lock.acquire(attempt.shell_lock, shared=True)
    for dry_run in (True, False):
        answer = gc(used, what=["refs", "caches", "workspaces"], dry_run=dry_run)
        assert removed(answer) == [] and len(answer["busy"]) == 3
    os.close(held)
    assert len(removed(gc(used, what=["refs", "caches", "workspaces"]))) == 4


def test_a_shell_that_comes_behind_the_look_for_one_is_left_alone(used, address, monkeypatch):
    request = run(used, address, "true")
    attempt = used.attempt(request)
    os.mkdir(attempt.workspace)
    rewrite(used, request, workspace=attempt.workspace, kept_until="2020-01-01T00:00:00.000Z")
    look, held = workspace.in_use, []

    def look_and_open(one):
        found = look(one)
        if lock.held(one.executor.lock):
            held.append(lock.acquire(one.shell_lock, shared=True))
        return found

    monkeypatch.setattr(workspace, "in_use", look_and_open)
    question = {"older_than_seconds": 30 * DAY, "what": ["workspaces"]}
    answer = gc_verb.answer(used.business, question)
    assert removed(answer) == [] and len(answer["busy"]) == 1
    assert os.path.isdir(attempt.workspace)
    os.close(held[0])
    monkeypatch.undo()
    assert len(removed(gc_verb.answer(used.business, question))) == 1
    assert not os.path.exists(attempt.shell_lock)


def test_a_build_that_ends_its_upkeep_while_it_is_looked_for_is_not_in_the_way(used, monkeypatch):
    held = [lock.acquire(used.business.gc_lock)]

    def end_just_now(business):
        os.close(held.pop())
        return False

    monkeypatch.setattr(gc_verb, "_is_kept_up", end_just_now)
    assert gc_verb.answer(used.business, {"older_than_seconds": 30 * DAY})["answer"] == "gc"


def test_artifacts_of_the_newest_success_stay_however_old(used, address):
    first, second = [
        run(used, address, "echo %d > out" % number, artifacts=["out"]) for number in range(2)
    ]
    for request in (first, second):
        then = "2020-01-01T00:00:00.000Z"
        rewrite(used, request, ended_at=then, requested_at=then)
    answer = gc(used, what=["artifacts"])
    assert removed(answer) == ["run/1/builds/%s/1/artifacts" % first["build_id"]]
    assert os.path.exists(os.path.join(used.attempt(second).artifacts, "out"))
    assert used.log(first)


def test_old_builds_become_tombstones_and_tombstones_go_in_the_end(used, address):
    request = run(used, address, "true")
    pattern = used.attempt(request).executor.builds
    ids = ["202001%02dT000000000-%08x" % (number % 28 + 1, number) for number in range(60)]
    for build_id in ids:
        shutil.copytree(os.path.join(pattern, request["build_id"]), os.path.join(pattern, build_id))
    oldest = sorted(ids)[0]
    then = time.time() - 400 * DAY
    os.utime(os.path.join(pattern, oldest), (then, then))
    answer = gc(used, what=["history"])
    beyond = sorted(os.listdir(pattern), reverse=True)[clean.KEPT_BUILDS :]
    assert len(removed(answer)) == len(beyond) + 1 == 13
    assert not os.path.exists(os.path.join(pattern, oldest))
    for build_id in beyond:
        left = os.listdir(os.path.join(pattern, build_id, "1"))
        assert "status" in left and not {"log", "events.jsonl"} & set(left)
    assert removed(gc(used, what=["history"])) == []


def test_caches_go_by_size_the_least_recently_used_first(machine):
    caches = []
    for number, executor_id in enumerate(["1", "1", "2"]):
        place = machine.business.executor(executor_id).project("host", "group/shop%d" % number)
        os.makedirs(place.dependency_lib)
        with open(os.path.join(place.dependency_lib, "jar"), "wb") as file:
            file.write(b"x" * 1000000)
        then = time.time() - (10 - number) * HOUR
        os.utime(place.path, (then, then))
        caches.append(place.cache)
    shared = machine.business.downloads("java")
    os.makedirs(shared)
    with open(os.path.join(shared, "jar"), "wb") as file:
        file.write(b"x" * 1000000)
    assert gc(machine, most_bytes=5000000)["removed"] == []
    told = gc(machine, most_bytes=2500000, dry_run=True)
    answer = gc(machine, most_bytes=2500000)
    assert removed(told) == removed(answer)
    assert [os.path.exists(path) for path in caches + [shared]] == [False, False, True, True]
    # What all languages' builds could use goes only when no executor builds.
    held = lock.acquire(machine.business.executor("2").lock)
    answer = gc(machine, most_bytes=0)
    os.close(held)
    assert sorted(one["name"] for one in answer["busy"]) == [
        "cache/dependency_lib/java",
        os.path.relpath(caches[2], machine.business.path),
    ]
    assert len(removed(gc(machine, most_bytes=0))) == 2


def test_releases_that_nobody_needs_go(used, address):
    pinned, names = "b" * 64, [letter * 64 for letter in "bcdef"]
    for number, name in enumerate(names):
        os.mkdir(os.path.join(used.business.releases, name))
        then = time.time() - (40 + number) * DAY
        os.utime(os.path.join(used.business.releases, name), (then, then))
    rewrite(used, run(used, address, "true"), release=pinned)
    bytecode = [os.path.join(used.business.releases, ".compiled.%s.1" % name) for name in names]
    for path in bytecode:
        open(path, "w").close()
    os.symlink(os.path.join("releases", names[4], "startup.py"), used.business.path + "/startup.py")
    answer = gc(used, what=["releases"])
    # a..c are the newest three, b is that of a kept build, f the current one.
    assert removed(answer) == ["releases/" + names[2], "releases/" + names[3]]
    assert [path for path in bytecode if not os.path.exists(path)] == bytecode[2:4]
    for forged in ("torn", '{"release": ["b"]}', "{}"):
        with open(used.business.executor("1").request, "w") as file:
            file.write(forged)
        grow_old(used.business.releases)
        answer = gc(used, what=["releases"])
        assert removed(answer) == [] and len(answer["failed"]) == 1


def test_trees_that_nobody_builds_go_with_the_files_that_no_other_tree_has(machine):
    shared, old, new = ("a", "file", b"a"), ("b", "file", b"old"), ("b", "file", b"new")
    for pushed, travels in (([shared, old], [b"a", b"old"]), ([shared, new], [b"new"])):
        members = [member(hexdigest(content), content) for content in travels]
        assert push(machine, pushed, members)[-1]["answer"] == "held"
    store = trees.Store(machine.business)
    os.mkdir(os.path.join(store.incoming, "cut"))
    grow_old(store.path)
    os.utime(store.manifest(grammar.tree_hash(entries_of([shared, new]))), None)
    held = lock.acquire(store.lock(), shared=True)
    assert len(gc(machine, what=["trees"])["busy"]) == 3
    os.close(held)
    assert len(removed(gc(machine, what=["trees"]))) == 3
    # What one tree lacks is pushed again, what another still has is not.
    assert [len(one.get("files", ())) for one in push(machine, [shared, new])] == [0]
    members = [member(hexdigest(b"old"), b"old")]
    assert push(machine, [shared, old], members)[0]["files"] == [hexdigest(b"old")]
    assert os.listdir(store.incoming) == []


@rows.hostile(4)
def test_links_are_not_followed_and_modes_do_not_matter(used, address):
    outside = os.path.join(used.root, "outside")
    os.makedirs(os.path.join(outside, "branches", "old", "source"))
    grow_old(outside)
    place = project(used, address)
    run(used, address, 'ln -s %s "$TRISTAN_CACHE/out"; mkdir -p deep/er && chmod 0 deep' % outside)
    os.symlink(outside, os.path.join(os.path.dirname(place.path), "linked"))
    os.symlink(outside, os.path.join(place.path, "branches", "linked"))
    os.chmod(place.cache, 0)
    grow_old(used.business.path)
    answer = gc(used)
    assert answer["failed"] == [] and len(removed(answer, "refs")) == 2
    assert not os.path.lexists(place.cache)
    assert os.path.isdir(os.path.join(outside, "branches", "old", "source"))


def test_what_a_killed_collection_left_goes_with_the_next(used):
    left = os.path.join(used.business.upkeep, "bin", "1.1")
    os.makedirs(os.path.join(left, "source"))
    assert gc(used)["failed"] == []
    assert not os.path.exists(left)


def test_what_cannot_be_removed_is_told_each_time(used):
    """Another file system that somebody mounted there is not for us to empty."""
    grow_old(used.business.path)
    mirrors = used.business.mirrors
    (mirror,) = [name for name in os.listdir(mirrors) if name.endswith(".git")]
    mounted = os.path.join(mirrors, mirror, "mounted")
    os.mkdir(mounted)
    process.output(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", mounted])
    place = mounted
    try:
        open(os.path.join(mounted, "file"), "w").close()
        grow_old(used.business.mirrors)
        (failed,) = gc(used, what=["mirrors"])["failed"]
        (place,) = [line.split()[1] for line in open("/proc/mounts") if used.root in line]
        assert failed["kind"] == "mirrors" and "mounted" in failed["why"]
        assert os.listdir(place) == ["file"]
        assert len(gc(used, what=["mirrors"])["failed"]) == 1
    finally:
        process.output(["umount", place])
    assert gc(used, what=["mirrors"])["failed"] == []


def test_one_collection_at_a_time(used):
    gc(used)
    held = lock.acquire(os.path.join(used.business.upkeep, "gc.lock"))
    assert gc(used)["answer"] == "busy"
    os.close(held)


def test_a_build_that_looks_after_the_disk_is_waited_for(used):
    (last,) = used.ask("builds", {"limit": 1})["builds"]
    rewrite(used, last, process=identity.mine())
    held = lock.acquire(os.path.join(used.business.upkeep, "gc.lock"))
    letting_go = threading.Timer(0.5, os.close, (held,))
    letting_go.start()
    assert gc(used)["answer"] != "busy"
    letting_go.join()


def test_a_build_that_died_gets_its_end_and_its_secrets_go(used, address):
    request = used.request(address, "echo begun; exec sleep 60")
    worker = used.launch(request, {"git_password": "s3cret"})["process"]["pid"]
    used.wait_for_log(request, "begun")
    test_daemon.kill_each(test_daemon.with_heir(worker))  # who would do it before
    free(used, request)
    gc(used)
    assert used.status(request)["state"] == "lost"
    assert not os.path.exists(used.attempt(request).secrets)


@pytest.mark.parametrize(
    "question",
    [{"older_than_seconds": -1}, {"older_than_seconds": "30d"}, {"most_bytes": 1.5},
     {"what": ["everything"]}, {"what": "images"}, {"what": [{}]}],
)  # fmt: skip
def test_a_question_without_sense_is_refused(used, question):
    grow_old(used.business.path)
    answer = gc(used, **question)
    assert answer["answer"] == "refused" and answer["message"]
    assert os.listdir(used.business.mirrors)


def test_an_attempt_that_a_launch_has_just_given_up_has_nothing_to_lose(tmpdir):
    """What has no lock is listed while it may go: that ends no collection."""
    assert clean.perishable(str(tmpdir.join("1")), time.time()) == []
