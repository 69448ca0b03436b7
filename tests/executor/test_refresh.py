"""Verb ``refresh``: what the next builds would wait for is there before them; builds that run notice nothing."""

from __future__ import absolute_import, print_function

import json
import os
import signal
import subprocess
import uuid

import pytest

from business_hyper_fusion import compat, files, lock
from business_hyper_fusion import names as name_rules
from tests.executor.test_gc import free, run
from tests.executor.test_image import Base
from tests.lab import git_server, python
from tests.lab.registry import Registry

HOUR = 3600
PASSWORD = "s3cret-of-the-robot"


def errand(machine, address, branch="main", secrets=None, **changes):
    ref = {"kind": "branch", "name": branch, "commit": ""}
    return {"request": machine.request(address, ref=ref, **changes), "secrets": secrets or {}}


def refresh(machine, fetch=(), images=(), collect=None):
    return machine.ask("refresh", {"fetch": list(fetch), "images": list(images), "gc": collect})


def mirror(machine, address):
    return os.path.join(machine.business.mirrors, name_rules.mirror(address))


def head(machine, address, branch="main"):
    """:returns: the commit that the mirror has of a branch."""
    words = ["git", "--git-dir", mirror(machine, address), "rev-parse", "refs/heads/" + branch]
    return compat.to_native(subprocess.check_output(words)).strip()


def test_a_machine_tells_which_branches_it_built_of_late(machine, shop, address):
    shop.tag("v1")
    shop.commit({"a": "b"}, branch="feature/Login")
    for kind, name in (("branch", "main"), ("branch", "feature/Login"), ("tag", "v1")):
        run(machine, address, "true", ref={"kind": kind, "name": name, "commit": ""})
    said = machine.ask("refresh", {"look": True, "within_seconds": HOUR})
    assert said["answer"] == "held"
    names = ["feature/Login", "main"]
    assert said["branches"] == [{"address": address, "name": name} for name in names]
    assert machine.ask("refresh", {"look": True, "within_seconds": 0})["branches"] == []


def test_what_a_note_of_a_branch_says_is_believed_by_its_shape(machine, address):
    request = machine.request(address, "true")
    machine.run(request)
    repository = request["repository"]
    project = machine.business.executor("1").project(repository["host"], repository["path"])
    note = project.ref("branch", "main").built
    look = {"look": True, "within_seconds": HOUR}
    assert machine.ask("refresh", look)["branches"] == [{"address": address, "name": "main"}]
    for document in ({"address": "--x", "name": "main"}, {"address": address, "name": 7}, {}):
        files.publish_json(note, document)
        assert machine.ask("refresh", look)["branches"] == [], document
    os.remove(note)
    assert machine.ask("refresh", look)["branches"] == []


def test_a_branch_is_fetched_while_a_build_of_it_runs(machine, shop, address):
    request = machine.request(
        address, "echo begun; until [ -e go ]; do sleep 0.05; done; cat new || echo none"
    )
    machine.launch(request)
    machine.wait_for_log(request, "begun")
    commit = shop.commit({"new": "content\n"})
    said = refresh(
        machine, [errand(machine, address)], collect={"engine": [], "older_than_seconds": HOUR}
    )
    assert said["fetched"] == [{"address": address, "name": "main", "commit": commit}]
    assert (said["failed"], said["gone"], said["gc"]["answer"]) == ([], [], "gc")
    assert head(machine, address) == commit
    open(os.path.join(machine.status(request)["source"], "go"), "w").close()
    assert machine.wait(request)["state"] == "success"
    assert machine.log(request).endswith("none\n==> success\n")


def test_a_fetched_branch_costs_the_next_build_no_transfer(machine, repositories, shop):
    server = git_server.GitOverHttp(repositories)
    address = server.address("group/shop")
    try:
        run(machine, address, "true")
        shop.commit({"big": os.urandom(200000)})
        assert refresh(machine, [errand(machine, address)])["failed"] == []
        sent = server.sent()
        run(machine, address, "test -e big")
        assert server.sent() - sent < 20000
    finally:
        server.stop()


def test_the_account_of_the_git_server_is_used_and_nothing_of_it_stays(machine, repositories, shop):
    server = git_server.GitOverHttp(repositories, username="robot", password=PASSWORD)
    machine.configure_git_server({"main": {"username": "robot", "host_key": ""}})
    address = server.address("group/shop")
    repository = dict(machine.request(address)["repository"], git_server="main")
    left = os.path.join(machine.business.upkeep, "errand", "secrets")
    os.makedirs(left)
    open(os.path.join(left, "git_password"), "w").close()
    try:
        wrong, right = [
            refresh(machine, [errand(machine, address, repository=repository, secrets=secrets)])
            for secrets in ({"git_password": "wrong"}, {"git_password": PASSWORD})
        ]
    finally:
        server.stop()
    assert [one["cause"] for one in wrong["failed"]] == ["repository_unavailable"]
    assert len(right["fetched"]) == 1
    assert os.listdir(machine.business.upkeep) == ["refresh.lock"]
    assert PASSWORD not in json.dumps(right)
    assert subprocess.call(["grep", "-rqF", PASSWORD, machine.business.path]) == 1


def test_one_that_fails_does_not_keep_the_others(machine, shop, address):
    no_repository = address.replace("group/shop", "group/none")
    fetch = [
        errand(machine, no_repository),
        errand(machine, address, "deleted"),
        errand(machine, address),
    ]
    said = refresh(machine, fetch)
    assert [(one["what"], one["cause"]) for one in said["failed"]] == [
        (no_repository + " main", "repository_unavailable")
    ]
    assert said["gone"] == [{"address": address, "name": "deleted"}]
    assert [one["name"] for one in said["fetched"]] == ["main"]


def test_one_refresh_at_a_time(machine, address):
    refresh(machine)
    held = lock.acquire(os.path.join(machine.business.upkeep, "refresh.lock"))
    assert refresh(machine, [errand(machine, address)])["answer"] == "busy"
    os.close(held)


def test_told_to_stop_it_says_so_and_leaves_no_secret(machine, address):
    """A build fetches from the same repository, and goes on doing so."""
    compat.make_directories(machine.business.mirrors)
    held = lock.acquire(mirror(machine, address) + ".lock")
    package = os.path.join(machine.release, "business_hyper_fusion")
    words = [python.interpreter(), "-E", "-S", "-B", package, "refresh"]
    child = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    errands = [errand(machine, address, secrets={"git_password": PASSWORD})] * 2
    child.stdin.write(compat.to_bytes(json.dumps({"fetch": errands})))
    child.stdin.close()
    log = os.path.join(machine.business.upkeep, "errand", "log")
    machine.wait_until(lambda: os.path.exists(log) and os.path.getsize(log))
    assert os.stat(os.path.dirname(log)).st_mode & 0o777 == 0o700
    child.send_signal(signal.SIGTERM)
    said = json.loads(compat.to_native(child.stdout.read()))
    child.stdout.close()
    assert child.wait() == 0
    os.close(held)
    assert [one["cause"] for one in said["failed"]] == ["terminated"] and said["fetched"] == []
    assert not os.path.exists(os.path.dirname(log))


@pytest.mark.parametrize(
    "change",
    [{"secrets": {"registry_password": "x"}}, {"secrets": {"git_password": 1}}, {"secrets": None},
     {"request": {}}, {"request": None}],
)  # fmt: skip
def test_what_is_no_errand_is_refused_before_anything_is_done(machine, address, change):
    said = refresh(machine, [errand(machine, address), dict(errand(machine, address), **change)])
    assert said["answer"] == "refused" and said["message"]
    assert not os.path.exists(machine.business.mirrors)


def test_a_tag_or_a_collection_without_sense_is_refused_too(machine, address):
    tag = errand(machine, address)
    tag["request"]["ref"]["kind"] = "tag"
    assert refresh(machine, [tag])["answer"] == "refused"
    assert refresh(machine, [], collect={"what": "all"})["answer"] == "refused"


@pytest.fixture
def registry():
    with Registry() as started:
        yield started


class Published(Base):
    """A base image in a registry, as others renew it there."""

    def __init__(self, machine, registry):
        self.name = "%s/base:%s" % (registry.address, uuid.uuid4().hex[:8])
        Base.__init__(self, machine)

    def touch(self, mark):
        self.machine.image = self.name
        Base.touch(self, mark)
        subprocess.check_output(self.machine.engine + ["push", self.name])

    def publish(self, mark):
        """Another machine pushes it: here it is the one that was."""
        here = self.id_of(self.name)
        self.touch(mark)
        subprocess.check_output(self.machine.engine + ["tag", here, self.name])

    def id_of(self, name):
        words = self.machine.engine + ["image", "inspect", "--format", "{{.Id}}", name]
        return compat.to_native(subprocess.check_output(words)).strip()

    def errand(self, address, more=""):
        found = errand(self.machine, address, isolation="docker")
        found["request"]["image"]["recipe"] += more + "ENTRYPOINT []\n"
        return found


@pytest.fixture
def published(docker_machine, registry):
    made = Published(docker_machine, registry)
    yield made
    form = "{{.ID}} {{.Repository}}:{{.Tag}}"
    listing = subprocess.check_output(made.machine.engine + ["images", "--format", form])
    found = [line.split() for line in compat.to_native(listing).splitlines()]
    marks = (made.name.rpartition(":")[2], registry.address)
    ids = set(one for one, name in found if any(mark in name for mark in marks))
    with open(os.devnull, "w") as nothing:
        for _ in range(3):  # what others were made of goes once these are gone
            words = made.machine.engine + ["rmi", "--force"] + sorted(ids)
            subprocess.call(words, stdout=nothing, stderr=nothing)


@pytest.mark.once
def test_a_base_that_changed_in_its_registry_is_pulled_by_a_refresh_alone(published, address):
    machine = published.machine
    first, _ = published.id_after_build(address)
    assert refresh(machine, images=[published.errand(address)])["images"][0]["renewed"] is False
    old_base = published.id_of(published.name)
    published.publish("two")
    again, log = published.id_after_build(address)
    assert again == first and "mark one" in log
    script = "echo begun; until [ -e go ]; do sleep 0.05; done; echo mark $MARK"
    running = machine.request(address, script, isolation="docker")
    running["image"]["recipe"] += "ENTRYPOINT []\n"
    machine.launch(running)
    machine.wait_for_log(running, "begun")
    said = refresh(machine, images=[published.errand(address)])
    name = name_rules.build_image(published.name, os.getuid())
    assert said["images"] == [{"name": name, "renewed": True}] and said["failed"] == []
    open(os.path.join(machine.status(running)["source"], "go"), "w").close()
    assert machine.wait(running)["state"] == "success" and "mark one" in machine.log(running)
    free(machine, running)
    third, log = published.id_after_build(address)
    assert third != first and "mark two" in log and "making" not in log
    check_that_gc_removes(machine, old_base)


def check_that_gc_removes(machine, old_base):
    """A build may be repeated with the base that it had, for a while."""
    question = {"what": ["images"], "engine": machine.engine}
    said = machine.ask("gc", dict(question, older_than_seconds=HOUR))
    assert old_base not in [one["name"] for one in said["removed"]]
    said = machine.ask("gc", dict(question, older_than_seconds=0, dry_run=True))
    assert old_base in [one["name"] for one in said["removed"]]
    said = machine.ask("gc", dict(question, older_than_seconds=0))
    assert old_base in [one["name"] for one in said["removed"]] and said["failed"] == []
    words = machine.engine + ["image", "inspect", old_base]
    with open(os.devnull, "w") as nothing:
        assert subprocess.call(words, stdout=nothing, stderr=nothing) == 1


@pytest.mark.once
def test_what_is_not_on_the_machine_is_not_made_and_a_local_base_is_not_pulled(
    docker_machine, published, address
):
    absent = published.errand(address)
    assert refresh(docker_machine, images=[absent])["images"] == []
    local = Base(docker_machine)
    local.touch(uuid.uuid4().hex)
    local.id_after_build(address)
    changed = errand(docker_machine, address, isolation="docker")
    changed["request"]["image"]["recipe"] += "ENV CHANGED=1\nENTRYPOINT []\n"
    said = refresh(docker_machine, images=[changed, changed])
    assert [one["renewed"] for one in said["images"]] == [True, False] and said["failed"] == []


@pytest.mark.once
def test_a_registry_that_is_down_is_told_and_the_image_stays(published, registry, address):
    first, _ = published.id_after_build(address)
    registry.stop()
    said = refresh(published.machine, images=[published.errand(address)])
    assert [one["cause"] for one in said["failed"]] == ["image_unavailable"]
    assert published.id_after_build(address)[0] == first
