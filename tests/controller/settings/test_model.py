"""A whole tristan.yml as Settings, and what the values are when it says nothing."""

from __future__ import absolute_import, print_function, unicode_literals

import re

from controller import settings
from controller.secrets import SecretReference
from tests.controller.settings.authority import CERTIFICATE

WHOLE = """\
machines:
  builder-1:
    host: 10.0.0.5
    port: 2222
    username: build
    key_file: keys/id
    password: {command: [pass, show, builder]}
    jump_hosts: [gate, "me@[::1]:2200"]
    executors: 3
    lost_after: 10m
    disk: {builds: 200, history: 1g, caches: 2GiB, keep_free: 0}
    labels: [linux, fast]
    root: /srv/tristan
    python: /opt/python/bin/python3
    engine: sudo docker
    isolation: [docker, host]
    proxy: http://proxy.example.com
    no_proxy: [localhost, .example.com]
    ca_file: ca.pem
    description: the one under the desk
  plain:
git_servers:
  main:
    kind: gitlab
    address: https://git.example.com/
    username: robot
    password: {file: git-password}
    token: {env: GITLAB_TOKEN}
    default: true
    description: >
      where our code
      is
  old:
    address: ssh://git@old.example.com:2222
    key_file: /keys/old
    host_key: |
      old.example.com ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIO9
      ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQ==
docker_registries:
  main:
    address: registry.example.com:5000
    namespace: team/tools
    username: robot$shop
    password: {env: REGISTRY_PASSWORD}
    insecure: false
    ca_file: ca.pem
    moving_tags: [branch]
    description: our images
  plain: {address: "localhost:5000", insecure: true}
build_profiles:
  wheels:
    image: python:3.12-slim
    language: python
    isolation: docker
    network: none
    environment: {A: "$(id)", B: ""}
    values: {target: dist, jobs: 2.0, modules: [a, b c]}
    secrets: {PYPI_TOKEN: {env: PYPI_TOKEN}, KEY: {file: key}}
    cache: language
    proxy: http://10.0.0.1:3128
    no_proxy: [10.0.0.0/8]
    ca_file: ca.pem
    keep_failed: 1d
    requeue: 1
    artifacts: ["dist/*.whl"]
    compile_to_execute: |
      python -m build
    package_to_docker: {file: scripts/package.sh}
    dockerfile: {file: Dockerfile}
    docker_registry: main
    labels: [linux]
    limits: {soft: 10m, hard: 20m, memory: 2g, cpus: 1.5, pids: 512, log: 8m, stall: 90s}
    description: wheels
  bare: {image: node, language: nodejs}
projects:
  shop:
    repository: group/shop
    git_server: main
    description: the shop
    language: python
    module_path: services/web
    build_profile: wheels
    artifacts: [out/x]
    labels: [fast, linux]
    image: python:3.11
    environment: {B: "2", C: "3"}
    values: {target: out}
    secrets: {KEY: {env: KEY}}
    compile_to_execute: make
    docker_registry: plain
    checkout: {submodules: true, git_directory: true}
    keep_failed: 0
    requeue: never
  web: {repository: group/web, build_profile: bare}
  plain: {repository: group/plain, build_profile: wheels}
"""
WITHOUT_FILES = re.sub(
    " +ca_file: .*\n", "", re.sub(r"\{file: (scripts/package.sh|Dockerfile)\}", "x", WHOLE)
)


def loaded(written):
    written.directory.join("scripts").mkdir().join("package.sh").write_binary(b"cp a b\r\n")
    written.directory.join("Dockerfile").write("FROM x\n")
    written.directory.join("ca.pem").write(CERTIFICATE)
    return written.load(WHOLE)


def test_machines(written):
    found = loaded(written).machines
    assert list(found) == ["builder-1", "plain"]
    assert found["builder-1"] == settings.Machine(
        name="builder-1",
        host="10.0.0.5",
        port=2222,
        username="build",
        key_file=str(written.directory.join("keys", "id")),
        password=SecretReference("command", ("pass", "show", "builder")),
        jump_hosts=("gate", "me@[::1]:2200"),
        executors=3,
        labels=("linux", "fast"),
        root="/srv/tristan",
        python="/opt/python/bin/python3",
        engine=settings.Engine("docker", ("sudo", "docker")),
        lost_after=600,
        disk=settings.Disk(200, 1 << 30, 2 << 30, 0),
        isolation=("docker", "host"),
        proxy="http://proxy.example.com:80",
        no_proxy="localhost,.example.com",
        ca_file=str(written.directory.join("ca.pem")),
        ca=CERTIFICATE,
        description="the one under the desk",
    )


def test_a_machine_of_nothing_but_its_name(written):
    assert loaded(written).machines["plain"] == settings.Machine(
        name="plain",
        host="plain",
        port=None,
        username=None,
        key_file=None,
        password=None,
        jump_hosts=(),
        executors=1,
        labels=(),
        root="/data/tristan",
        python=None,
        engine=settings.Engine("docker", ("docker",)),
        lost_after=180,
        disk=settings.Disk(50, 10 << 30, 20 << 30, 200 << 20),
        isolation=("docker",),
        proxy="",
        no_proxy="",
        ca_file=None,
        ca="",
        description="",
    )


def test_git_servers(written):
    found = loaded(written).git_servers
    assert found["main"] == settings.GitServer(
        name="main",
        kind="gitlab",
        address="https://git.example.com",
        username="robot",
        password=SecretReference("file", str(written.directory.join("git-password"))),
        key_file=None,
        host_key="",
        token=SecretReference("env", "GITLAB_TOKEN"),
        ca_file=None,
        default=True,
        description="where our code is",
    )
    assert found["old"].username == "git"
    assert found["old"].key_file == "/keys/old"
    assert found["old"].host_key.splitlines()[1].startswith("ssh-rsa ")
    assert (found["old"].kind, found["old"].default) == ("plain", False)


def test_docker_registries(written):
    found = loaded(written).docker_registries
    assert found["main"] == settings.DockerRegistry(
        name="main",
        address="registry.example.com:5000",
        namespace="team/tools",
        username="robot$shop",
        password=SecretReference("env", "REGISTRY_PASSWORD"),
        insecure=False,
        ca_file=str(written.directory.join("ca.pem")),
        moving_tags=("branch",),
        description="our images",
    )
    assert found["plain"].insecure
    assert found["plain"].ca_file is None
    assert found["plain"].moving_tags == ("latest", "branch")


def test_the_password_is_the_token_of_a_git_server_that_has_no_other(written):
    found = written.load(WITHOUT_FILES.replace("    token: {env: GITLAB_TOKEN}\n", ""))
    assert found.git_servers["main"].token == found.git_servers["main"].password
    assert found.git_servers["old"].token is None


def test_build_profiles(written):
    assert loaded(written).build_profiles["wheels"] == settings.BuildProfile(
        name="wheels",
        image="python:3.12-slim",
        language="python",
        isolation="docker",
        network="none",
        environment={"A": "$(id)", "B": ""},
        values={"target": "dist", "jobs": 2, "modules": ("a", "b c")},
        secrets={
            "PYPI_TOKEN": SecretReference("env", "PYPI_TOKEN"),
            "KEY": SecretReference("file", str(written.directory.join("key"))),
        },
        cache="language",
        proxy="http://10.0.0.1:3128",
        no_proxy="10.0.0.0/8",
        ca_file=str(written.directory.join("ca.pem")),
        ca=CERTIFICATE,
        artifacts=("dist/*.whl",),
        compile_to_execute="python -m build\n",
        package_to_docker="cp a b\n",
        dockerfile="FROM x\n",
        base_image="",
        docker_registry="main",
        labels=("linux",),
        limits=settings.Limits(600, 1200, "2g", "1.5", 512, 8 * 1024**2, 90),
        keep_failed=86400,
        requeue=1,
        description="wheels",
    )


def test_a_build_profile_that_says_little(written):
    found = loaded(written).build_profiles["bare"]
    assert (found.isolation, found.network, found.docker_registry) == ("docker", "bridge", None)
    assert found.compile_to_execute == found.package_to_docker == found.dockerfile == ""
    assert found.limits == settings.Limits(3540, 3600, "", "", 4096, 67108864, 60)
    assert (found.cache, found.keep_failed, found.requeue) == ("project", 4 * 3600, 3)
    assert (found.values, found.secrets, found.proxy, found.ca) == ({}, {}, "", "")


def test_projects(written):
    found = loaded(written).projects
    assert found["shop"] == settings.Project(
        name="shop",
        repository="https://git.example.com/group/shop.git",
        git_server="main",
        description="the shop",
        language="python",
        module_path="services/web",
        build_profile="wheels",
        artifacts=("out/x",),
        labels=("linux", "fast"),
        image="python:3.11",
        compile_to_execute="make",
        package_to_docker="cp a b\n",
        dockerfile="FROM x\n",
        base_image="",
        docker_registry="plain",
        environment={"A": "$(id)", "B": "2", "C": "3"},
        values={"target": "out", "jobs": 2, "modules": ("a", "b c")},
        secrets={
            "PYPI_TOKEN": SecretReference("env", "PYPI_TOKEN"),
            "KEY": SecretReference("env", "KEY"),
        },
        keep_failed=0,
        requeue=0,
        checkout=settings.Checkout(submodules=True, lfs=False, git_directory=True),
        notify=(),
    )
    assert found["web"].language == "nodejs"
    assert found["web"].artifacts == found["web"].labels == ()


def test_what_a_project_does_not_say_is_its_profile_s(written):
    found = loaded(written)
    profile, project = found.build_profiles["wheels"], found.projects["plain"]
    for key in set(profile._fields) & set(project._fields) - {"name", "description"}:
        assert getattr(project, key) == getattr(profile, key), key
    assert project.checkout == settings.Checkout(False, False, False)


def test_where_it_came_from_and_when(written):
    written.load(WITHOUT_FILES)
    written.path.setmtime(1700000000)
    found = settings.load(str(written.path))
    assert found.path == str(written.path)
    assert found.update_time == 1700000000.0


def test_one_limit_sets_the_other(written):
    text = "machines: {b: {}}\nbuild_profiles: {p: {image: x, limits: {%s}}}\n"

    def limits(said):
        return written.load(text % said).build_profiles["p"].limits[:2]

    assert limits("hard: 10m") == (590, 600)
    assert limits("soft: 10m") == (600, 3600)
    assert limits("soft: 2h") == (7200, 7260)
    assert limits("hard: 2") == (1, 2)


def test_a_password_never_shows_in_the_settings(written, monkeypatch):
    monkeypatch.setenv(str("REGISTRY_PASSWORD"), str("hunter2"))
    found = loaded(written)
    secret = found.docker_registries["main"].password.resolve()
    assert secret.reveal() == "hunter2"
    assert "hunter2" not in repr(found) + repr(secret) + "%s" % secret
