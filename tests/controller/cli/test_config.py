"""``tristan config check``: counts what is there, and renders every template."""

from __future__ import absolute_import, print_function, unicode_literals

import json

from controller import settings

TEXT = """\
machines: {builder-1: {}, builder-2: {}}
git_servers: {main: {address: "https://git.example.com"}}
build_profiles: {app: {image: "python:3", language: python, values: {a: b}}}
projects:
  shop: {repository: a, build_profile: app, compile_to_execute: "echo {{ values.%s }}"}
  shelf: {repository: b, build_profile: app}
"""


def load(tmpdir, text):
    tmpdir.join("tristan.yml").write(text)
    return settings.load(str(tmpdir.join("tristan.yml")))


def test_a_file_without_faults(tristan, tmpdir):
    loaded = load(tmpdir, TEXT % "a")
    result = tristan("config", "check", settings=loaded)
    assert result.code == 0
    counted = "2 machines, 1 git server, 0 docker registries, 1 build profile, 2 projects"
    assert result.out == "\u2714 %s: %s\n" % (loaded.path, counted)
    named = json.loads(tristan("config", "check", "--json", settings=loaded).out)
    assert named["machines"] == ["builder-1", "builder-2"]


def test_every_template_is_rendered(tristan, tmpdir):
    loaded = load(tmpdir, (TEXT % "b").replace("language: python", "language: perl"))
    result = tristan("config", "check", settings=loaded)
    assert (result.code, result.out) == (2, "")
    assert "tristan.yml has 2 faults" in result.err
    assert "projects.shop.compile_to_execute  line 1: values has no b; there is: a" in result.err
    assert "projects.shelf.language           there is no language pack perl" in result.err
    document = json.loads(tristan("config", "check", "--json", settings=loaded).out)
    assert len(document["error"]["faults"]) == 2
