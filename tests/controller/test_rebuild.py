"""A past build repeated: what stays as it was, what is new, and what must not be guessed."""

from __future__ import absolute_import, print_function, unicode_literals

import os
import shutil

import pytest

from controller import errors, plan, rebuild, settings
from controller.secrets import SecretReference
from tests.controller import statuses
from tests.controller import workshop as workshops
from tests.controller.workshop import Sink, Workshop

THEN = plan.Moment(1795243712.1239, "9c1e4f2a", "alice@laptop")
NOW = plan.Moment(1795330112.5, "0badcafe", "bob@desk")
BUILD = "20261121T064832123-9c1e4f2a"
COMMIT = "1a2b3c4d5e" * 4
ID = "sha256:" + "b" * 64
SETTINGS = """
machines:
  builder-1: {}
  builder-2: {isolation: [host]}
  builder-3: {}
git_servers:
  main: {address: "https://git.example.com", username: robot, password: {env: GIT_PASSWORD}}
docker_registries:
  main: {address: "127.0.0.1:5000", username: robot, password: {env: REGISTRY_PASSWORD}}
build_profiles:
  app:
    image: python:3.12-slim
    language: python
    docker_registry: main
    secrets: {TOKEN: {env: TOKEN}}
    proxy: http://10.0.0.2:3128
projects:
  shop: {repository: group/shop, build_profile: app, git_server: main}
"""


class Past(object):
    """Settings of then and of now, and what a machine kept of the build between them."""

    def __init__(self, directory):
        self._directory = directory
        choices = plan.Choices("shop", branch="main", params=[("LEVEL", "debug")])
        planned = plan.plan(self.settings(), choices, THEN, ["python"])
        self.request = planned.request(planned.machines[0], "1", "a" * 64)
        image = {"name": "python:3.12-slim", "build_image": "x", "build_image_id": "", "id": ID}
        self.status = statuses.running(BUILD, commit=COMMIT, image=image)

    def settings(self, *changes):
        """:param changes: (old, new) pairs of text."""
        text = SETTINGS
        for old, new in changes:
            assert old in text
            text = text.replace(old, new)
        path = self._directory.join("tristan.yml")
        path.write(text)
        return settings.load(str(path))

    def plan(self, *changes, **chosen):
        past = {"request": self.request, "status": self.status}
        return rebuild.plan(self.settings(*changes), past, NOW, **chosen)


@pytest.fixture
def past(tmpdir):
    return Past(tmpdir)


def test_all_is_as_it_was_but_for_who_asks_when(past):
    planned = past.plan()
    request = planned.request(planned.machines[0], "2", "a" * 64)
    changed = {key for key in request if request[key] != past.request[key]}
    assert changed == {
        "build_id", "executor_id", "requested_at", "requested_by", "ref", "image", "publish"
    }  # fmt: skip
    assert request["ref"] == {"kind": "branch", "name": "main", "commit": COMMIT}
    assert request["image"] == dict(past.request["image"], id=ID)
    assert request["requested_by"] == "bob@desk"
    assert planned.release == "a" * 64
    assert [machine.name for machine in planned.machines] == ["builder-1"]
    tag = request["publish"].pop("image")
    assert tag == "127.0.0.1:5000/shop-main:20261122T064832500-0badcafe_202611220648"
    then = dict(past.request["publish"])
    assert then.pop("image").startswith("127.0.0.1:5000/shop-main:") and then == request["publish"]


def test_what_tristan_yml_says_today_does_not_matter(past):
    planned = past.plan(
        ("image: python:3.12-slim", "image: other:1\n    environment: {LEVEL: warn}"),
        ("proxy: http://10.0.0.2:3128", "network: none"),
        ("repository: group/shop", "repository: group/moved"),
    )
    assert planned.document["image"]["name"] == "python:3.12-slim"
    assert planned.document["environment"] == {"LEVEL": "debug"}
    assert planned.document["repository"]["path"] == "group/shop"
    request = planned.request(planned.machines[0], "1", "a" * 64)
    assert request["proxy"]["address"] == "http://10.0.0.2:3128"
    assert (request["network"], request["ca"]) == ("bridge", "")


def test_secrets_are_those_of_today(past):
    planned = past.plan(("GIT_PASSWORD", "NEW_PASSWORD"))
    assert planned.secrets == {
        "git_password": SecretReference("env", "NEW_PASSWORD"),
        "registry_password": SecretReference("env", "REGISTRY_PASSWORD"),
        "build:TOKEN": SecretReference("env", "TOKEN"),
    }


RENAMED = {
    "git server": [
        ("git_servers:\n  main:", "git_servers:\n  new:"),
        ("git_server: main", "git_server: new"),
    ],
    "docker registry": [
        ("docker_registries:\n  main:", "docker_registries:\n  new:"),
        ("docker_registry: main", "docker_registry: new"),
    ],
}


@pytest.mark.parametrize(
    "changes, word",
    [
        ([("  shop:", "  shelf:")], "no project"),
        (RENAMED["git server"], "no git server"),
        (RENAMED["docker registry"], "no docker registry"),
        ([("git.example.com", "git2.example.com")], "git server main is https://git2.example.com"),
        ([("127.0.0.1:5000", "127.0.0.1:6000")], "docker registry main is 127.0.0.1:6000"),
        ([("  builder-1: {}\n", "")], "no machine"),
        ([("  builder-1: {}\n", "  builder-1: {isolation: [host]}\n")], "isolation"),
    ],
)
def test_what_is_missing_today_is_named(past, changes, word):
    with pytest.raises(errors.UsageError) as caught:
        past.plan(*changes)
    assert word in caught.value.message


def test_another_machine(past):
    assert past.plan(machine="builder-3").machines[0].name == "builder-3"
    for name in ("builder-2", "builder-9"):
        with pytest.raises(errors.UsageError):
            past.plan(machine=name)


def test_a_build_without_a_commit_can_t_be_repeated(past):
    past.status["commit"] = ""
    with pytest.raises(errors.UsageError) as caught:
        past.plan()
    assert "before its commit was known" in caught.value.message


def test_a_tree_is_the_same_tree_or_none(past):
    tree = {"name": "mine", "sha256": "c" * 64, "base": "", "difference": ""}
    past.request.update(tree=tree, ref={"kind": "tree", "name": "mine", "commit": ""}, publish=None)
    planned = past.plan()
    assert planned.document["tree"] == tree
    assert planned.secrets == {"build:TOKEN": SecretReference("env", "TOKEN")}


class Shop(object):
    """A machine, and a repository whose branch moves."""

    def __init__(self, repository, address):
        self.repository = repository
        self.workshop = Workshop(address)
        self.builds = os.path.join(self.workshop.root("builder-1"), "1")

    def build(self, controller, planned, **options):
        launched = controller.build(planned, **options)
        sink = Sink()
        status = controller.watch(launched.build_id, sink=sink)
        assert status["state"] == "success", sink.data
        return status, sink.data


@pytest.fixture
def shop(repositories, git_over_http):
    repository = repositories.create("group/shop")
    repository.commit({"README": "first\n"}, "First")
    made = Shop(repository, git_over_http.address("group/shop"))
    yield made
    made.workshop.remove()


@pytest.fixture
def built(shop):
    """The first build's status; the branch, the script and the release have moved on since."""
    controller = shop.workshop.controller("echo then; mkdir -p dist; cp README dist/")
    status, _ = shop.build(controller, controller.plan("shop", branch="main"))
    shop.repository.commit({"README": "second\n"}, "Second")
    return status


@pytest.fixture
def old_controller(shop, built):
    """One that still has the release of then, and another script."""
    return shop.workshop.controller("echo now")


@pytest.fixture
def controller(shop, built, old_controller, monkeypatch):
    """One whose release is another one."""
    registry = "docker_registries: {{main: {{address: '127.0.0.1:5000'}}}}\n"
    monkeypatch.setattr(workshops, "REST", registry + workshops.REST)
    return shop.workshop.controller("echo now; cat README")


def test_a_moved_branch_is_built_as_it_was(shop, built, controller):
    fresh, data = shop.build(controller, controller.plan("shop", branch="main"))
    assert b"now\nsecond\n" in data and fresh["release"] != built["release"]
    status, data = shop.build(controller, controller.plan_again(built["build_id"]))
    assert b"then\n" in data and b"now" not in data
    assert (status["commit"], status["release"]) == (built["commit"], built["release"])
    assert status["artifacts"][0]["sha256"] == built["artifacts"][0]["sha256"]
    assert status["build_id"] != built["build_id"]
    statements = [controller.provenance(one["build_id"]) for one in (built, status)]
    definitions = [one["predicate"]["buildDefinition"] for one in statements]
    assert definitions[0] == definitions[1]


def test_a_release_that_is_gone_is_named(shop, built, controller):
    fresh, _ = shop.build(controller, controller.plan("shop", branch="main"))
    shutil.rmtree(os.path.join(shop.builds, "releases", built["release"]))
    with pytest.raises(errors.UsageError) as caught:
        controller.build(controller.plan_again(built["build_id"]))
    assert built["release"] in caught.value.message and "--current-scripts" in caught.value.remedy
    planned = controller.plan_again(built["build_id"], current_scripts=True)
    status, data = shop.build(controller, planned)
    assert b"then\n" in data
    assert (status["commit"], status["release"]) == (built["commit"], fresh["release"])


def test_a_release_that_this_controller_has_is_sent_again(shop, built, old_controller, controller):
    shop.build(controller, controller.plan("shop", branch="main"))
    shutil.rmtree(os.path.join(shop.builds, "releases", built["release"]))
    events = []
    planned = old_controller.plan_again(built["build_id"])
    status, _ = shop.build(old_controller, planned, on_event=events.append)
    assert status["release"] == built["release"]
    assert [event for event in events if event.startswith("pushed ")]
