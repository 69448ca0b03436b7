"""Planning: what is built where, and every refusal before anything is sent."""

from __future__ import absolute_import, print_function, unicode_literals

import pytest

from business_hyper_fusion import grammar
from controller import errors, plan, settings

MOMENT = plan.Moment(1795243712.1239, "9c1e4f2a", "alice@laptop")
SETTINGS = """
machines:
  builder-1:
    executors: 2
    labels: [linux, big]
    engine: sudo docker
  builder-2:
    labels: [linux]
    isolation: [docker, host]
git_servers:
  main:
    address: https://git.example.com
    username: robot
    password: {env: GIT_PASSWORD}
  deep:
    address: ssh://git@deep.example.com
    key_file: keys/deep
build_profiles:
  wheel:
    image: python:3.12-slim
    language: python
    environment: {LEVEL: info, "TWO": "2"}
    artifacts: ["dist/*.whl"]
  big:
    image: python:3.12-slim
    language: python
    labels: [big]
    package_to_docker: |
      echo package
    compile_to_execute: |
      docker inspect -f '{{.Id}}' x
  trusted:
    isolation: host
    language: python
projects:
  shop: {repository: group/shop, build_profile: wheel, git_server: main}
  deep: {repository: group/deep, build_profile: big, git_server: deep}
  open: {repository: "https://open.example.com/a/b.git", build_profile: trusted}
"""


@pytest.fixture
def loaded(tmpdir):
    path = tmpdir.join("tristan.yml")
    path.write(SETTINGS)
    return settings.load(str(path))


def make(loaded, project="shop", branch=None, tag=None, commit=None, machine=None, params=()):
    choices = plan.Choices(project, branch, tag, commit, machine, params)
    return plan.plan(loaded, choices, MOMENT, ["python"])


def test_a_whole_request(loaded):
    planned = make(loaded, branch="main", params=[("LEVEL", "debug; $(id)")])
    assert [machine.name for machine in planned.machines] == ["builder-1", "builder-2"]
    request = planned.request(planned.machines[0], "2", "a" * 64)
    grammar.check_request(request)
    assert request["build_id"] == "20261121T064832123-9c1e4f2a"
    assert request["requested_at"] == "2026-11-21T06:48:32.123Z"
    assert request["ref"] == {"kind": "branch", "name": "main", "commit": ""}
    assert request["environment"] == {"LEVEL": "debug; $(id)", "TWO": "2"}
    assert request["engine"] == {"kind": "docker", "command": ["sudo", "docker"]}
    assert request["repository"]["address"] == "https://git.example.com/group/shop"
    assert (request["machine"], request["executor_id"]) == ("builder-1", "2")
    assert request["image"]["name"] == "python:3.12-slim"
    assert "FROM python:3.12-slim\n" in request["image"]["recipe"]
    assert "run_script.sh" in request["scripts"]["compile_to_execute.sh"]
    assert request["artifacts"] == ["dist/*.whl"]


def test_planning_is_pure(loaded):
    assert make(loaded, tag="v1").document == make(loaded, tag="v1").document


@pytest.mark.parametrize(
    "chosen, ref",
    [
        ({"tag": "v1"}, ("tag", "v1", "")),
        ({"commit": "c0ffee7"}, ("commit", "c0ffee7", "c0ffee7")),
        ({"branch": "a;b", "commit": "c0ffee7"}, ("branch", "a;b", "c0ffee7")),
        ({"branch": "$(id)"}, ("branch", "$(id)", "")),
        ({"branch": "gr\u00fcn"}, ("branch", "gr\u00fcn", "")),
    ],
)
def test_refs(loaded, chosen, ref):
    found = make(loaded, **chosen).document["ref"]
    assert (found["kind"], found["name"], found["commit"]) == ref


@pytest.mark.parametrize(
    "argument, chosen",
    [
        ("--branch", {"branch": "--upload-pack=x"}),
        ("--branch", {"branch": ""}),
        ("--branch", {"branch": "a\0b"}),
        ("--branch", {"branch": "x" * 300}),
        ("--tag", {"tag": "../x"}),
        ("--tag", {"tag": "x.lock"}),
        ("--commit", {"commit": "-x"}),
        ("--param", {"branch": "main", "params": [("LD_PRELOAD", "x")]}),
        ("--param", {"branch": "main", "params": [("A=b", "x")]}),
        ("--param LEVEL", {"branch": "main", "params": [("LEVEL", "a\nb")]}),
    ],
)
def test_a_bad_value_is_refused_with_its_argument(loaded, argument, chosen):
    with pytest.raises(errors.Refused) as caught:
        make(loaded, **chosen)
    assert caught.value.message.startswith(argument)
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    "chosen, said",
    [
        ({}, "nothing to build"),
        ({"tag": "v1", "branch": "main"}, "--tag"),
        ({"tag": "v1", "commit": "c0ffee7"}, "--tag"),
        ({"project": "shoop", "branch": "main"}, "no project"),
        ({"machine": "builder-9", "branch": "main"}, "no machine"),
        ({"machine": "builder-2", "branch": "main", "project": "deep"}, "lacks the label big"),
        ({"machine": "builder-1", "branch": "main", "project": "open"}, "isolation host"),
    ],
)
def test_what_can_not_be_is_a_usage_error(loaded, chosen, said):
    with pytest.raises(errors.UsageError) as caught:
        make(loaded, **chosen)
    assert said in caught.value.message


def test_labels_and_isolation_select_machines(loaded):
    deep = make(loaded, project="deep", branch="main")
    assert [machine.name for machine in deep.machines] == ["builder-1"]
    trusted = make(loaded, project="open", branch="main")
    assert [machine.name for machine in trusted.machines] == ["builder-2"]
    assert trusted.document["image"] == {"name": "", "recipe": ""}


def test_no_machine_that_fits_says_why_for_each(loaded):
    only = type(loaded.machines)([("builder-2", loaded.machines["builder-2"])])
    with pytest.raises(errors.UsageError) as caught:
        make(loaded._replace(machines=only), project="deep", branch="main")
    assert "builder-2: it lacks the label big" in caught.value.remedy


def test_a_profile_s_scripts_travel_as_they_are_written(loaded):
    scripts = make(loaded, project="deep", branch="main").document["scripts"]
    assert scripts == {
        "compile_to_execute.sh": "docker inspect -f '{{.Id}}' x\n",
        "package_to_docker.sh": "echo package\n",
    }


def test_only_the_secret_that_the_repository_s_scheme_uses_is_needed(loaded, tmpdir):
    assert list(make(loaded, branch="main").secrets) == ["git_password"]
    assert make(loaded, project="open", branch="main").secrets == {}
    deep = make(loaded, project="deep", branch="main").secrets
    assert list(deep) == ["git_key"]
    key = tmpdir.mkdir("keys").join("deep")
    key.write("-----BEGIN-----\n")
    key.chmod(0o600)
    assert deep["git_key"].resolve().reveal() == "-----BEGIN-----\n"


def test_secrets_are_not_read_by_planning(loaded, monkeypatch):
    monkeypatch.delenv(str("GIT_PASSWORD"), raising=False)
    planned = make(loaded, branch="main")
    with pytest.raises(errors.SecretUnavailable):
        planned.secrets["git_password"].resolve()


def test_a_script_that_is_not_utf_8_travels_byte_for_byte():
    form = plan.script_form(b"echo \xe9\xff\n")
    assert form == {"encoding": "latin-1", "text": "echo \u00e9\u00ff\n"}
    assert plan.script_form("echo \u00e9\n") == "echo \u00e9\n"


def test_a_language_without_a_pack_needs_a_script_of_its_own(loaded):
    profile = loaded.build_profiles["wheel"]
    project = loaded.projects["shop"]._replace(language="php")
    with pytest.raises(errors.UsageError) as caught:
        plan.check_language(project, profile, ["nodejs", "python"])
    assert caught.value.message.startswith("projects.shop.language: ")
    assert "nodejs, python" in caught.value.remedy
    own = profile._replace(compile_to_execute="composer install\n")
    plan.check_language(project, own, ["python"])
