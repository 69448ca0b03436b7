"""What a launch would send, and how it differs from what a past build ran."""

from __future__ import absolute_import, print_function, unicode_literals

import copy

import pytest

from controller import plan, preview, release, service, settings, state
from tests.controller.settings.authority import CERTIFICATE
from tests.controller.workshop import Sink

SETTINGS = """\
machines: {b: {ca_file: ca.pem}, c: {proxy: "http://10.0.0.1:3128"}}
git_servers: {g: {address: "https://git.example.com", username: x, password: {env: GIT_PASSWORD}}}
docker_registries: {r: {address: "h:1"}}
build_profiles:
  app:
    image: python:3.12
    language: python
    docker_registry: r
    secrets: {TOKEN: {command: [pass, show, token]}}
    package_to_docker: cp a b
    dockerfile: {file: Dockerfile}
  plain: {image: "python:3.12", language: python}
projects:
  shop: {repository: group/shop, build_profile: app, compile_to_execute: make}
  bare: {repository: group/bare, build_profile: plain}
  page: {repository: group/page, build_profile: app, language: python}
"""


@pytest.fixture
def controller(tmpdir):
    tmpdir.join("ca.pem").write(CERTIFICATE)
    tmpdir.join("Dockerfile").write("FROM {{ image }}\n")
    tmpdir.join("tristan.yml").write(SETTINGS)
    loaded = settings.load(str(tmpdir.join("tristan.yml")))
    return service.Controller(loaded, state.State(str(tmpdir.join("state"))))


def shown(controller, project, **chosen):
    return controller.preview(controller.plan(project, branch="main", **chosen))


def origins(found):
    return [(text.name, text.origin) for text in found.texts]


def test_the_request_is_the_one_that_a_launch_makes(controller):
    planned = controller.plan("shop", branch="main")
    found = controller.preview(planned)
    pushed = controller._make_release()
    assert found.request == planned.request(planned.machines[0], "1", pushed.hash)
    assert found.machines == ["b", "c"]
    assert found.request["ca"] == CERTIFICATE


def test_every_text_is_shown_with_where_it_comes_from(controller):
    found = shown(controller, "shop")
    assert origins(found) == [
        ("compile_to_execute.sh", "projects.shop.compile_to_execute"),
        ("package_to_docker.sh", "build_profiles.app.package_to_docker"),
        ("Dockerfile", "build_profiles.app.dockerfile"),
        ("build_image.Dockerfile", "makes the image that is built in"),
    ]
    texts = dict((text.name, text.content) for text in found.texts)
    assert texts["Dockerfile"] == "FROM python:3.12\n"
    assert texts["build_image.Dockerfile"] == found.request["image"]["recipe"]


def test_the_pack_s_scripts_stand_for_those_that_are_not_given(controller):
    found = shown(controller, "bare")
    assert origins(found) == [
        ("compile_to_execute.sh", "the default"),
        ("build_project.sh", "the pack's: business_hyper_fusion/python/build_project.sh"),
        ("build_image.Dockerfile", "makes the image that is built in"),
    ]
    assert "pip" in found.texts[1].content


def test_a_pack_s_file_goes_before_the_one_that_all_share(controller):
    def pushed(*folders):
        path = "business_hyper_fusion/%s/package_to_docker.sh"
        return release.Release(
            [release.File(path % folder, folder.encode("ascii"), 0) for folder in folders]
        )

    project = controller.settings.projects["page"]._replace(package_to_docker="")
    loaded = controller.settings._replace(projects={"page": project})
    planned = plan.plan(
        loaded, plan.Choices("page", branch="main"), plan.Moment(0, "0" * 8, "x"), ["python"]
    )
    for folders, chosen in ((("common", "python"), "python"), (("common",), "common")):
        found = preview.preview(planned, loaded, pushed(*folders))
        assert [one.content for one in found.texts if one.name == "package_to_docker.sh"] == [
            chosen
        ]
    assert "package_to_docker.sh" not in [
        one.name for one in preview.preview(planned, loaded, pushed("java")).texts
    ]


def test_secrets_are_named_and_not_read(controller, monkeypatch):
    monkeypatch.setenv(str("GIT_PASSWORD"), str("hunter2"))
    found = shown(controller, "shop")
    assert found.secrets == [
        ("build:TOKEN", "the command pass show token"),
        ("git_password", "the environment variable GIT_PASSWORD"),
    ]
    assert "hunter2" not in repr(found)


def compared(controller, change, project="shop", **chosen):
    """A build as it is, compared with one whose request was changed by a function."""
    planned = controller.plan(project, branch="main", **chosen)
    past = copy.deepcopy(controller.preview(controller.plan(project, branch="main")).request)
    change(past)
    return controller.compare(planned, past)


def test_nothing_differs_between_two_builds_of_the_same(controller):
    found = compared(controller, lambda past: None)
    assert (found.keys, found.texts) == ([], [])
    assert found.request["build_id"]


def test_the_machine_of_the_past_build_is_taken(controller):
    def change(past):
        past.update(machine="c", ca="", proxy={"address": "http://10.0.0.1:3128", "no_proxy": ""})

    assert compared(controller, change).keys == []
    keys = compared(controller, lambda past: past.update(machine="gone")).keys
    assert keys == [("machine", "gone", "b")]


def test_keys_that_differ(controller):
    def change(past):
        past["environment"] = {"GONE": "1"}
        past["limits"]["pids"] = 16
        past["ref"]["name"] = "old"
        past["publish"] = None
        past["artifacts"] = ["a", "b"]

    found = compared(controller, change, params=[("NEW", "x y")])
    assert [row for row in found.keys if row[0].partition(".")[0] != "publish"] == [
        ("artifacts", '["a", "b"]', "[]"),
        ("environment.GONE", "1", ""),
        ("environment.NEW", "", "x y"),
        ("limits.pids", "16", "4096"),
        ("ref.name", "old", "main"),
    ]
    assert ("publish.address", "", "h:1") in found.keys
    assert found.texts == []


def test_texts_that_differ(controller):
    def change(past):
        past["scripts"]["compile_to_execute.sh"] = "#!/bin/sh\nmake all"
        past["scripts"]["Dockerfile"] = {"encoding": "latin-1", "text": "FROM x\n"}
        del past["scripts"]["package_to_docker.sh"]
        past["ca"] = ""
        past["image"]["recipe"] += "\n"

    found = compared(controller, change)
    assert found.keys == []
    texts = dict(found.texts)
    assert texts["compile_to_execute.sh"] == [
        "--- past/compile_to_execute.sh",
        "+++ now/compile_to_execute.sh",
        "@@ -1,2 +1 @@",
        "-#!/bin/sh",
        "-make all",
        "+make",
    ]
    assert texts["package_to_docker.sh"][-1] == "+cp a b"
    assert texts["Dockerfile"][-3:] == ["-FROM x", "+FROM python:3.12", " "]
    assert "+-----BEGIN CERTIFICATE-----" in texts["ca.pem"]
    assert texts["build_image.Dockerfile"][-1] == "-"


def test_a_real_past_build(workshop):
    """What a machine kept of a build is what the same build would be sent."""
    controller = workshop.controller("echo {{ project.name }}")
    launched = controller.build(controller.plan("shop", branch="main"))
    controller.watch(launched.build_id, sink=Sink())
    _, past = controller.past_request(launched.build_id)
    same = controller.compare(controller.plan("shop", branch="main"), past["request"])
    assert (same.keys, same.texts) == ([], [])
    other = workshop.controller("echo {{ project.name }} | cat")
    found = other.compare(other.plan("shop", tag="v1"), past["request"])
    assert found.keys == [("ref.kind", "branch", "tag"), ("ref.name", "main", "v1")]
    ((name, lines),) = found.texts
    assert (name, lines[-3:-1]) == ("compile_to_execute.sh", ["-echo shop", "+echo shop | cat"])
