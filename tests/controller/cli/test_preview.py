"""``tristan preview``: what a person and a program are shown of a request; the controller is real."""

from __future__ import absolute_import, print_function, unicode_literals

import copy
import json
import os
import sys

import pexpect
import pytest

from controller import errors, service, settings, state

REPOSITORY = os.path.dirname(os.path.abspath(__file__)).rsplit(os.sep, 3)[0]
SETTINGS = """\
machines: {builder-1: {proxy: "http://10.0.0.1:3128", no_proxy: [localhost]}, builder-2: {}}
git_servers: {g: {address: "https://git.example.com", username: x, password: {env: GIT_PASSWORD}}}
docker_registries: {main: {address: "h:1", namespace: team, username: robot, password: {env: P}}}
build_profiles:
  app:
    image: python:3.12
    language: python
    docker_registry: main
    base_image: python:3.12-slim
    environment: {LEVEL: "a b", EMPTY: ""}
    values: {target: di st}
    compile_to_execute: |
      # make it
      make {{ values.target }}
projects:
  shop: {repository: group/shop, build_profile: app, artifacts: [dist/*]}
"""
BUILD = "20261121T065512123-9c1e4f2a"


class Controller(service.Controller):
    """Knows one past build: the one that `change` makes of what would be sent for its ref."""

    def __init__(self, directory, change=lambda past: None):
        directory.join("tristan.yml").write(SETTINGS)
        loaded = settings.load(str(directory.join("tristan.yml")))
        super(Controller, self).__init__(loaded, state.State(str(directory.join("state"))))
        self.change = change

    def past_request(self, build):
        if build not in BUILD:
            raise errors.BuildNotFound("no build %s" % build)
        planned = self.plan("shop", tag="v1")
        past = copy.deepcopy(self.preview(planned).request)
        past["build_id"] = BUILD
        self.change(past)
        return "builder-1", {"request": past, "status": {}, "provenance": None}


@pytest.fixture
def preview(tristan, tmpdir):
    def run(*words, **given):
        controller = given.get("controller") or Controller(tmpdir)
        return tristan("preview", *words, controller=controller)

    return run


def rows(text):
    """:returns: dict of label to value, of the facts above the first heading."""
    facts = text.split("\n\n")[0].splitlines()
    return dict((line[:15].strip(), line[15:]) for line in facts)


def section(text, name):
    return text.split("==> %s <==" % name)[1].split("\n==> ")[0]


def test_the_facts_are_aligned(preview):
    result = preview("shop", "--branch", "fix")
    assert (result.code, result.err) == (0, "")
    facts = rows(result.out)
    assert facts["project"] == "shop (python)"
    assert facts["repository"] == "https://git.example.com/group/shop"
    assert facts["ref"] == "branch fix"
    assert facts["machine"] == "builder-1 or builder-2"
    assert facts["published as"].startswith("h:1/team/shop-fix:2")
    assert facts["published as"].endswith(" as robot, from python:3.12-slim")
    assert facts["proxy"] == "http://10.0.0.1:3128, but for localhost"
    assert facts["time"] == "asked to end after 59m 00s, ended after 1h 00m"
    assert facts["artifacts"] == "dist/*"
    assert len(facts["release"]) == 64


def test_every_script_stands_under_its_name(preview):
    out = preview("shop").out
    assert section(out, "compile_to_execute.sh") == (
        "  build_profiles.app.compile_to_execute\n# make it\nmake 'di st'\n"
    )
    assert "FROM python:3.12\n" in section(out, "build_image.Dockerfile")
    assert section(out, "environment") == "\nEMPTY=\nLEVEL=a b\n"


def test_secrets_are_masked(preview, monkeypatch):
    monkeypatch.setenv(str("GIT_PASSWORD"), str("hunter2"))
    out = preview("shop").out
    assert "git_password       \u2022\u2022\u2022\u2022  from the environment variable GIT_P" in out
    assert "registry_password  \u2022\u2022\u2022\u2022  from the environment variable P\n" in out
    assert "hunter2" not in out


def test_json_is_the_request(preview):
    request = json.loads(preview("shop", "--tag", "v1", "--json").out)
    assert request["ref"] == {"kind": "tag", "name": "v1", "commit": ""}
    assert request["scripts"]["compile_to_execute.sh"] == "# make it\nmake 'di st'\n"
    named = json.loads(preview("shop", "--json", "--machine", "builder-2").out)
    assert (named["machine"], named["ref"]["name"]) == ("builder-2", "main")
    given = json.loads(preview("shop", "--json", "--param", "A=b").out)
    assert given["environment"] == {"A": "b", "LEVEL": "a b", "EMPTY": ""}


def test_nothing_differs_is_said_in_words(preview):
    result = preview("shop", "--diff", "9c1e4f2a")
    assert result.out == "Nothing differs from what build 9c1e4f2a on builder-1 ran.\n"
    compared = json.loads(preview("shop", "--diff", "9c1e4f2a", "--json").out)
    assert (compared["keys"], compared["texts"]) == ([], [])
    assert compared["request"]["ref"]["name"] == compared["past"]["ref"]["name"] == "v1"


def test_what_differs(preview, tmpdir):
    def change(past):
        past["environment"]["LEVEL"] = "\x1b]0;x\x07debug"
        past["scripts"]["compile_to_execute.sh"] = "# make it\nmake dist\x1b[2J\n"

    controller = Controller(tmpdir, change)
    out = preview("shop", "--diff", "9c1e4f2a", controller=controller).out
    assert section(out, "keys").split() == ("KEY PAST NOW environment.LEVEL ]0;xdebug a b".split())
    assert section(out, "compile_to_execute.sh").splitlines()[3:] == [
        "@@ -1,3 +1,3 @@",
        " # make it",
        "-make dist[2J",
        "+make 'di st'",
        " ",
    ]
    found = json.loads(preview("shop", "--diff", BUILD, "--json", controller=controller).out)
    assert [one["key"] for one in found["keys"]] == ["environment.LEVEL"]
    assert [one["name"] for one in found["texts"]] == ["compile_to_execute.sh"]
    assert found["build_id"] == BUILD


def test_a_ref_that_is_named_goes_before_the_past_one_s(preview):
    out = preview("shop", "--diff", BUILD, "--branch", "main").out
    assert "ref.name" in section(out, "keys")


def test_a_past_tree_has_no_ref_to_compare_with(preview, tmpdir):
    def change(past):
        past["ref"] = {"kind": "tree", "name": "x", "commit": ""}

    result = preview("shop", "--diff", BUILD, controller=Controller(tmpdir, change))
    assert result.code == 2
    assert "name a --branch" in result.err


def test_what_can_not_be_is_told(preview):
    assert preview("shop", "--diff", "nothing").code == 2
    assert "no project" in preview("shelf").err


def test_a_wrong_template_stops_it(preview, tmpdir, tristan):
    controller = Controller(tmpdir)
    project = controller.settings.projects["shop"]._replace(compile_to_execute="{{.Id}}")
    controller.settings = controller.settings._replace(projects={"shop": project})
    result = preview("shop", controller=controller)
    assert result.code == 2
    assert "projects.shop.compile_to_execute  line 1: unexpected '.'" in result.err


@pytest.mark.once
def test_a_terminal_gets_bold_headings_and_dim_comments(tmpdir):
    tmpdir.join("tristan.yml").write(SETTINGS)
    environment = dict(os.environ, TERM="xterm", PYTHONPATH=REPOSITORY, LC_ALL="C.UTF-8")
    environment.pop("NO_COLOR", None)
    words = ["-m", "controller", "preview", "shop"]
    out = pexpect.run(
        " ".join([sys.executable] + words),
        cwd=str(tmpdir),
        env=environment,
        encoding="utf-8",
        timeout=120,
    )
    assert "\x1b[1m==> compile_to_execute.sh <==\x1b[0m" in out
    assert "\x1b[2m# make it\x1b[0m\r\nmake 'di st'\r\n" in out
    plain = pexpect.run(
        " ".join([sys.executable] + words),
        cwd=str(tmpdir),
        env=dict(environment, NO_COLOR="1"),
        encoding="utf-8",
        timeout=120,
    )
    assert "\x1b" not in plain and "==> compile_to_execute.sh <==" in plain
