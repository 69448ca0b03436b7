"""A project's own scripts: what they see, whose they are, and how they travel."""

from __future__ import absolute_import, print_function, unicode_literals

import io
import json
import os

import pytest

from controller import errors, settings, templates

PAGE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "docs", "templates.md")
SETTINGS = """\
machines: {b: {}}
git_servers: {g: {address: "https://git.example.com"}}
docker_registries: {main: {address: "h:1", namespace: team}}
build_profiles:
  app:
    image: python:3.12
    language: python
    docker_registry: main
    environment: {LEVEL: "it's", MODE: a}
    values: {jobs: 4, modules: [a, b c], target: dist}
    compile_to_execute: |
      make -j{{ values.jobs }} {{ values.modules }} {{ values.target }} {{ environment.MODE }}
    package_to_docker: {file: package.sh}
    dockerfile: |
      FROM {{ image }}
      LABEL of={{ project.name }} by={{ profile.name }}
  plain: {image: "node:20", language: nodejs}
projects:
  shop:
    repository: group/shop
    build_profile: app
    description: the web shop
    module_path: services/web
    environment: {MODE: "b c"}
    values: {target: out dir}
  bare: {repository: group/bare, build_profile: plain}
  page:
    repository: group/page
    build_profile: plain
    compile_to_execute: echo {{ values.nothing }}
"""


@pytest.fixture
def load(tmpdir):
    """Function: settings of a text, with package.sh beside it."""

    def loaded(text=SETTINGS, package=b"cp caf\xe9 {{ values.target }}\r\n"):
        tmpdir.join("package.sh").write_binary(package)
        tmpdir.join("tristan.yml").write(text)
        return settings.load(str(tmpdir.join("tristan.yml")))

    return loaded


def test_scripts_are_rendered_and_bytes_that_are_no_text_travel_as_they_are(load):
    loaded = load()
    assert templates.scripts(loaded, loaded.projects["shop"]) == {
        "compile_to_execute.sh": "make -j4 a 'b c' 'out dir' 'b c'\n",
        "package_to_docker.sh": {
            "encoding": "latin-1",
            "text": "cp caf\u00e9 {{ values.target }}\n",
        },
        "Dockerfile": "FROM python:3.12\nLABEL of=shop by=app\n",
    }


def test_a_project_without_scripts_has_the_default_alone(load):
    loaded = load()
    (name,) = scripts = templates.scripts(loaded, loaded.projects["bare"])
    assert name == "compile_to_execute.sh"
    assert "build_project.sh" in scripts[name]


def test_what_a_template_sees(load):
    loaded = load()
    seen = templates.facts(loaded, loaded.projects["shop"])
    assert json.loads(json.dumps(seen)) == {
        "project": {
            "name": "shop",
            "language": "python",
            "module_path": "services/web",
            "description": "the web shop",
        },
        "profile": {"name": "app"},
        "image": "python:3.12",
        "registry": {"address": "h:1", "namespace": "team"},
        "environment": {"LEVEL": "it's", "MODE": "b c"},
        "values": {"jobs": 4, "modules": ["a", "b c"], "target": "out dir"},
    }
    assert templates.facts(loaded, loaded.projects["bare"])["registry"] is None


@pytest.mark.once
def test_the_page_names_all_that_a_template_sees(load):
    loaded = load()
    with io.open(PAGE, encoding="utf-8") as opened:
        page = opened.read()
    for name, value in templates.facts(loaded, loaded.projects["shop"]).items():
        assert "`%s`" % name in page or "`%s." % name in page
        for key in value if name in ("project", "profile", "registry") else ():
            assert "`%s.%s`" % (name, key) in page


def test_a_fault_is_told_by_the_key_where_the_template_is(load):
    loaded = load(SETTINGS.replace("values.jobs", "values.job"), b"echo {{ valus }}\n")
    with pytest.raises(errors.SettingsError) as caught:
        templates.scripts(loaded, loaded.projects["shop"])
    assert [tuple(fault) for fault in caught.value.faults] == [
        (
            "build_profiles.app.compile_to_execute",
            "line 1: values has no job; there is: jobs, modules, target",
        ),
        ("build_profiles.app.package_to_docker", "line 1: 'valus' is undefined"),
    ]
    with pytest.raises(errors.SettingsError) as caught:
        templates.scripts(loaded, loaded.projects["page"])
    assert [key for key, _ in caught.value.faults] == ["projects.page.compile_to_execute"]


def test_a_template_must_leave_a_script(load):
    loaded = load(SETTINGS.replace("echo {{ values.nothing }}", "'{% if false %}x{% endif %}'"))
    ((_, message),) = templates.rendered(loaded, loaded.projects["page"])[1]
    assert message == "a script must not be empty"


def test_a_line_break_in_a_dockerfile_is_a_fault(load):
    loaded = load(SETTINGS.replace("by={{ profile.name }}", "by={{ 'a\\n' }}"))
    ((key, message),) = templates.rendered(loaded, loaded.projects["shop"])[1]
    assert key == "build_profiles.app.dockerfile"
    assert message == "line 2: a value for a Dockerfile holds a line break"
