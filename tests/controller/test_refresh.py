"""What a refresh brings to a machine: real executors and real git, no SSH."""

from __future__ import absolute_import, print_function, unicode_literals

import io
import json
import os
import subprocess

import pytest

from business_hyper_fusion import lock, names
from controller import errors, refresh, requester, service, settings
from controller.secrets import SecretReference
from controller.state import State
from tests.controller.test_gc import built
from tests.controller.workshop import Workshop
from tests.lab import git_server, process

PASSWORD = "s3cret-of-the-robot"

ACCOUNTS = """
git_servers:
  lab: {{address: "{server}", username: robot, password: {{file: password}}}}
  none: {{address: "http://127.0.0.1:1", username: robot, password: {{env: TRISTAN_TEST_NOT_SET}}}}
build_profiles:
  script: {{isolation: host, language: python, compile_to_execute: "echo built"}}
projects:
  shop: {{git_server: lab, repository: group/shop, build_profile: script}}
  twin: {{git_server: lab, repository: group/shop, build_profile: script}}
  lost: {{git_server: none, repository: group/lost, build_profile: script}}
"""


@pytest.fixture
def shop(repositories):
    made = repositories.create("group/shop")
    made.commit({"README": "shop\n"}, "First")
    return made


@pytest.fixture
def workshop(shop, git_over_http):
    made = Workshop(git_over_http.address("group/shop"))
    yield made
    made.remove()


def mirror(workshop, address, machine="builder-1"):
    return os.path.join(workshop.root(machine), "1", "mirrors", names.mirror(address))


def head(path, branch="main"):
    """:returns: the commit that a mirror has of a branch."""
    words = ["git", "--git-dir", path, "rev-parse", "refs/heads/" + branch]
    return subprocess.check_output(words).decode("ascii").strip()


def test_a_machine_gets_the_branches_that_it_builds(workshop, shop):
    controller = workshop.controller(machines=("builder-1", "builder-2"))
    built(controller, "builder-1")
    commit = shop.commit({"new": "1\n"})
    first, second = controller.refresh()
    assert first[0] == "builder-1" and first[2] is None
    assert [(one["name"], one["commit"]) for one in first[1]["fetched"]] == [("main", commit)]
    assert head(mirror(workshop, workshop.address)) == commit
    assert (first[1]["sent"], first[1]["failed"], first[1]["gone"]) == (0, [], [])
    # The other one never built anything: it is given the scripts, and no more.
    assert second[1]["fetched"] == [] and second[1]["sent"] > 0
    assert os.listdir(os.path.join(workshop.root("builder-2"), "1", "releases"))


def test_a_build_that_ended_unwatched_is_accepted(workshop):
    controller = workshop.controller()
    build = controller.build(controller.plan("shop", branch="main")).build_id
    status = os.path.join(
        workshop.root("builder-1"), "1", "run", "1", "builds", build, "1", "status"
    )

    def ended():
        with io.open(status, encoding="utf-8") as opened:
            return json.load(opened)["state"] == "success"

    process.wait_until(ended, 60, "the build's end")
    assert build in controller.state.journal.open_ids()
    assert controller.refresh()[0][2] is None
    assert build not in controller.state.journal.open_ids()


def test_with_and_without_collection(workshop):
    controller = workshop.controller()
    built(controller)
    assert controller.refresh(collect=False)[0][1]["gc"] is None
    collected = controller.refresh()[0][1]["gc"]
    assert (collected["removed"], collected["bytes"]) == ([], 0)
    assert collected["kept"]["refs"] == 1


def test_another_refresh_there_is_said(workshop):
    controller = workshop.controller()
    built(controller)
    controller.refresh()
    path = os.path.join(workshop.root("builder-1"), "1", "upkeep", "refresh.lock")
    held = lock.acquire(path)
    error = controller.refresh()[0][2]
    os.close(held)
    assert isinstance(error, errors.Busy) and "another refresh" in error.message


def test_accounts_are_read_once_and_one_that_cannot_be_read_fails_alone(
    workshop, repositories, monkeypatch
):
    server = git_server.GitOverHttp(repositories, username="robot", password=PASSWORD)
    try:
        controller = with_accounts(workshop, server)
        build = controller.build(controller.plan("shop", branch="main")).build_id
        process.wait_until(lambda: controller.find(build)[1]["state"] != "running", 60, "the end")
        name, said, error = controller.refresh()[0]
    finally:
        server.stop()
    assert (error, len(said["fetched"]), said["failed"]) == (None, 1, [])
    asked = []
    real = SecretReference.resolve
    monkeypatch.setattr(
        SecretReference, "resolve", lambda self: asked.append(self.kind) or real(self)
    )
    errands = refresh.Errands(refresher(controller), controller.settings.machines["builder-1"])
    known = [
        {"address": controller.settings.projects[project].repository, "name": branch}
        for project in ("shop", "lost")
        for branch in ("main", "other")
    ]
    found = errands.to_fetch(known)
    assert [one["secrets"] for one in found] == [{"git_password": PASSWORD}] * 2
    assert asked.count("file") == 1
    assert [(one["what"], one["cause"]) for one in errands.failed] == [
        ("project lost", "secret_unavailable")
    ]


def with_accounts(workshop, server):
    """:returns: a controller whose git server asks for an account."""
    path = workshop.write("", ("builder-1",), 1)
    with io.open(path, encoding="utf-8") as opened:
        machines = opened.read().partition("build_profiles:")[0]
    with io.open(path, "w", encoding="utf-8") as opened:
        opened.write(machines + ACCOUNTS.format(server="http://127.0.0.1:%d" % server.port))
    with io.open(os.path.join(workshop.directory, "password"), "w") as opened:
        opened.write(PASSWORD)
    os.chmod(os.path.join(workshop.directory, "password"), 0o600)
    state = State(os.path.join(workshop.directory, "state"))
    return service.Controller(settings.load(path), state, connect=workshop._connect)


def refresher(controller):
    release = controller._make_release()
    return refresh.Refresher(controller.settings, requester.moment(), ["python"], release, None)


def test_what_is_sent_holds_no_script_and_no_other_secret(workshop):
    controller = workshop.controller(script="echo a secret of the script")
    found = refresh.Errands(refresher(controller), controller.settings.machines["builder-1"])
    branch = {"address": workshop.address, "name": "feature/Login"}
    (errand,) = found.to_fetch([branch, {"address": "http://elsewhere/x.git", "name": "main"}])
    assert errand["request"]["ref"] == {"kind": "branch", "name": "feature/Login", "commit": ""}
    assert "a secret" not in str(errand) and errand["secrets"] == {}
    # Isolation host has no image to renew.
    assert found.to_renew() == [] and found.failed == []
