"""Planning: what is built where, and every refusal before anything is sent."""

from __future__ import absolute_import, print_function, unicode_literals

import pytest

from business_hyper_fusion import grammar, names
from controller import errors, plan, settings
from controller.secrets import SecretReference
from tests.controller.settings.authority import CERTIFICATE

MOMENT = plan.Moment(1795243712.1239, "9c1e4f2a", "alice@laptop")
SETTINGS = """
machines:
  builder-1:
    executors: 2
    labels: [linux, big]
    engine:
      kind: docker
      command: [sudo, docker]
      selinux: private
      run_options: ["--ulimit=nofile=1024:4096"]
  builder-2:
    labels: [linux]
    isolation: [docker, host]
    proxy: http://10.0.0.1
    no_proxy: [localhost, 10.0.0.0/8]
    ca_file: ca.pem
git_servers:
  main:
    address: https://git.example.com
    username: robot
    password: {env: GIT_PASSWORD}
  deep:
    address: ssh://git@deep.example.com
    key_file: keys/deep
docker_registries:
  main:
    address: 127.0.0.1:5000
    namespace: team
    username: robot
    password: {env: REGISTRY_PASSWORD}
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
      {% raw %}docker inspect -f '{{.Id}}' x{% endraw %}
  trusted:
    isolation: host
    language: python
  app:
    image: python:3.12-slim
    language: python
    docker_registry: main
    cache: language
    proxy: http://10.0.0.2:3128
    secrets: {TOKEN: {env: TOKEN}, KEY: {env: KEY}}
projects:
  shop: {repository: group/shop, build_profile: wheel, git_server: main}
  deep: {repository: group/deep, build_profile: big, git_server: deep}
  open: {repository: "https://open.example.com/a/b.git", build_profile: trusted}
  image:
    repository: group/image
    build_profile: app
    git_server: main
    checkout: {submodules: true}
    secrets: {KEY: {env: PROJECT_KEY}}
    keep_failed: 60
"""


@pytest.fixture
def loaded(tmpdir):
    tmpdir.join("ca.pem").write(CERTIFICATE)
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
    assert request["engine"] == {
        "kind": "docker",
        "command": ["sudo", "docker"],
        "selinux": "private",
        "run_options": ["--ulimit=nofile=1024:4096"],
    }
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
    assert trusted.document["image"] == {"name": "", "recipe": "", "id": ""}


def test_no_machine_that_fits_says_why_for_each(loaded):
    only = type(loaded.machines)([("builder-2", loaded.machines["builder-2"])])
    with pytest.raises(errors.UsageError) as caught:
        make(loaded._replace(machines=only), project="deep", branch="main")
    assert "builder-2: it lacks the label big" in caught.value.remedy


def test_scripts_are_rendered(loaded):
    scripts = make(loaded, project="deep", branch="main").document["scripts"]
    assert scripts == {
        "compile_to_execute.sh": "docker inspect -f '{{.Id}}' x\n",
        "package_to_docker.sh": "echo package\n",
    }


def test_a_template_that_is_wrong_is_told_by_its_key_before_anything_is_sent(loaded):
    project = loaded.projects["shop"]._replace(dockerfile="FROM x\nRUN {{ valus.a }}\n")
    with pytest.raises(errors.SettingsError) as caught:
        make(loaded._replace(projects={"shop": project}), branch="main")
    ((key, message),) = caught.value.faults
    assert key == "projects.shop.dockerfile"
    assert message.startswith("line 2: 'valus' is undefined")


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


def test_every_secret_of_a_build_has_a_slot(loaded):
    secrets = make(loaded, project="image", branch="main").secrets
    assert secrets == {
        "git_password": SecretReference("env", "GIT_PASSWORD"),
        "registry_password": SecretReference("env", "REGISTRY_PASSWORD"),
        "build:TOKEN": SecretReference("env", "TOKEN"),
        "build:KEY": SecretReference("env", "PROJECT_KEY"),
    }


def test_where_an_image_goes(loaded):
    published = make(loaded, project="image", branch="feature/Login").document["publish"]
    repository = names.app_repository("image", "feature/Login")
    assert published == {
        "registry": "main",
        "address": "127.0.0.1:5000",
        "username": "robot",
        "image": "127.0.0.1:5000/team/%s:20261121T064832123-9c1e4f2a_202611210648" % repository,
        "project_tag": repository,
        "base_image": "",
    }
    registry = loaded.docker_registries["main"]._replace(namespace="")
    bare = loaded._replace(docker_registries={"main": registry})
    image = make(bare, project="image", branch="main").document["publish"]["image"]
    assert image.startswith("127.0.0.1:5000/image-main:2026")
    assert make(loaded, branch="main").document["publish"] is None


def test_what_is_checked_out_cached_and_kept(loaded):
    document = make(loaded, project="image", branch="main").document
    assert document["checkout"] == {"submodules": True, "lfs": False, "git_directory": False}
    assert document["cache"] == {"scope": "language"}
    assert document["limits"]["keep_failed_seconds"] == 60
    assert document["tree"] is None
    plain = make(loaded, branch="main").document
    assert plain["cache"] == {"scope": "project"}
    assert plain["limits"]["keep_failed_seconds"] == 4 * 3600


def test_a_profile_s_proxy_and_authority_go_before_the_machine_s(loaded):
    def asked(project, number):
        planned = make(loaded, project=project, branch="main")
        request = planned.request(planned.machines[number], "1", "a" * 64)
        return request["proxy"]["address"], request["proxy"]["no_proxy"], request["ca"]

    assert asked("shop", 0) == ("", "", "")
    assert asked("shop", 1) == ("http://10.0.0.1:80", "localhost,10.0.0.0/8", CERTIFICATE)
    assert asked("image", 0) == ("http://10.0.0.2:3128", "", "")
    assert asked("image", 1) == ("http://10.0.0.2:3128", "localhost,10.0.0.0/8", CERTIFICATE)


def test_a_language_without_a_pack_needs_a_script_of_its_own(loaded):
    project = loaded.projects["shop"]._replace(language="php")
    with pytest.raises(errors.UsageError) as caught:
        plan.check_language(project, ["nodejs", "python"])
    assert caught.value.message.startswith("projects.shop.language: ")
    assert "nodejs, python" in caught.value.message
    plan.check_language(project._replace(compile_to_execute="composer install\n"), ["python"])
