"""A whole tristan.yml as Settings, and what the values are when it says nothing."""

from __future__ import absolute_import, print_function, unicode_literals

from controller import settings
from controller.secrets import SecretReference

WHOLE = """\
machines:
  builder-1:
    host: 10.0.0.5
    port: 2222
    username: build
    key_file: keys/id
    password: {command: [pass, show, builder]}
    executors: 3
    labels: [linux, fast]
    root: /srv/tristan
    python: /opt/python/bin/python3
    engine: sudo docker
    isolation: [docker, host]
    description: the one under the desk
  plain:
git_servers:
  main:
    kind: gitlab
    address: https://git.example.com/
    username: robot
    password: {file: git-password}
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
    description: our images
build_profiles:
  wheels:
    image: python:3.12-slim
    language: python
    isolation: docker
    network: none
    environment: {A: "$(id)", B: ""}
    artifacts: ["dist/*.whl"]
    compile_to_execute: |
      python -m build
    package_to_docker: {file: scripts/package.sh}
    dockerfile: {file: Dockerfile}
    docker_registry: main
    labels: [linux]
    limits: {soft: 10m, hard: 20m, memory: 2g, cpus: 1.5, pids: 512, log: 8m}
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
  web: {repository: group/web, build_profile: bare}
"""


def loaded(written):
    written.directory.join("scripts").mkdir().join("package.sh").write_binary(b"cp a b\r\n")
    written.directory.join("Dockerfile").write("FROM x\n")
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
        executors=3,
        labels=("linux", "fast"),
        root="/srv/tristan",
        python="/opt/python/bin/python3",
        engine=settings.Engine("docker", ("sudo", "docker")),
        isolation=("docker", "host"),
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
        executors=1,
        labels=(),
        root="/data/tristan",
        python=None,
        engine=settings.Engine("docker", ("docker",)),
        isolation=("docker",),
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
        default=True,
        description="where our code is",
    )
    assert found["old"].username == "git"
    assert found["old"].key_file == "/keys/old"
    assert found["old"].host_key.splitlines()[1].startswith("ssh-rsa ")
    assert (found["old"].kind, found["old"].default) == ("plain", False)


def test_docker_registries(written):
    assert loaded(written).docker_registries["main"] == settings.DockerRegistry(
        name="main",
        address="registry.example.com:5000",
        namespace="team/tools",
        username="robot$shop",
        password=SecretReference("env", "REGISTRY_PASSWORD"),
        description="our images",
    )


def test_build_profiles(written):
    assert loaded(written).build_profiles["wheels"] == settings.BuildProfile(
        name="wheels",
        image="python:3.12-slim",
        language="python",
        isolation="docker",
        network="none",
        environment={"A": "$(id)", "B": ""},
        artifacts=("dist/*.whl",),
        compile_to_execute="python -m build\n",
        package_to_docker="cp a b\n",
        dockerfile="FROM x\n",
        docker_registry="main",
        labels=("linux",),
        limits=settings.Limits(600, 1200, "2g", "1.5", 512, 8 * 1024**2),
        description="wheels",
    )


def test_a_build_profile_that_says_little(written):
    found = loaded(written).build_profiles["bare"]
    assert (found.isolation, found.network, found.docker_registry) == ("docker", "bridge", None)
    assert found.compile_to_execute == found.package_to_docker == found.dockerfile == ""
    assert found.limits == settings.Limits(3540, 3600, "", "", 4096, 67108864)


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
    )
    assert found["web"].language == "nodejs"
    assert found["web"].artifacts == found["web"].labels == ()


def test_where_it_came_from_and_when(written):
    written.load(
        WHOLE.replace("{file: scripts/package.sh}", "x").replace("{file: Dockerfile}", "x")
    )
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
