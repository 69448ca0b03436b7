"""Whose Dockerfile counts, and what comes into the directory that the image is built from."""

from __future__ import absolute_import, print_function

import os
import subprocess

import pytest

from business_hyper_fusion import compat, package
from tests.executor.machine import phase
from tests.faults import rows

PUBLISH = {
    "registry": "lab",
    "address": "127.0.0.1:9",
    "username": "",
    "image": "127.0.0.1:9/team/shop-main:1",
    "project_tag": "shop-main",
    "base_image": "",
}

STOP = 42
"""Exit status of scripts that end a build behind the package step: nothing is to be pushed here."""

LOOK = """
echo "dockerfile $TRISTAN_DOCKERFILE"
cd "$TRISTAN_CONTEXT"
find . ! -name . | sort | sed 's/^/has /'
exit %d
""" % (STOP)

WHOLE = 'sh "$TRISTAN_BUILD/package_module.sh"\n' + LOOK


@pytest.fixture
def package_request(machine, address):
    """Function: a request that ends behind the package step; nothing of it needs an engine."""

    def make(scripts=None, compile_to_execute="true", language="none", module_path="", **changes):
        made = {"compile_to_execute.sh": compile_to_execute, "package_to_docker.sh": LOOK}
        made.update(scripts or {})
        project = {"name": "shop", "language": language, "module_path": module_path}
        return machine.request(address, project=project, publish=PUBLISH, scripts=made, **changes)

    return make


def lines_of(machine, request, word):
    """:returns: list of what the log's lines say behind a word."""
    found = [line.partition(" ") for line in machine.log(request).splitlines()]
    return [rest for first, _, rest in found if first == word]


def test_the_operators_dockerfile_counts_most(machine, shop, package_request):
    shop.commit({"Dockerfile": "FROM repository\n"})
    request = package_request({"Dockerfile": "FROM operator\n"}, language="packed")
    add_pack(machine, "packed", {"Dockerfile": "FROM pack\n"})
    status = machine.run(request)
    assert (status["cause"], status["exit"]) == ("script_failed", STOP)
    assert "package_to_docker.sh ended with exit status 42" in status["message"]
    assert phase(status, "package")["state"] == "failed"
    assert phase(status, "publish")["state"] == "skipped"
    assert lines_of(machine, request, "dockerfile") == ["operator"]


def test_the_repositorys_dockerfile_counts_more_than_the_packs(machine, shop, package_request):
    shop.commit({"Dockerfile": "FROM repository\n"})
    add_pack(machine, "packed", {"Dockerfile": "FROM pack\n"})
    request = package_request(language="packed")
    machine.run(request)
    assert lines_of(machine, request, "dockerfile") == ["repository"]


def test_the_packs_dockerfile_is_the_last_resort(machine, address, package_request):
    add_pack(machine, "packed", {"Dockerfile": "FROM pack\n"})
    request = package_request(language="packed")
    machine.run(request)
    assert lines_of(machine, request, "dockerfile") == ["pack"]


def add_pack(machine, language, files):
    """A new pack is a new folder."""
    directory = os.path.join(machine.release, "business_hyper_fusion", language)
    os.mkdir(directory)
    for name, content in files.items():
        with open(os.path.join(directory, name), "w") as file:
            file.write(content)


def test_no_dockerfile_at_all(machine, address, package_request):
    status = machine.run(package_request(module_path=""))
    assert (status["state"], status["cause"]) == ("failed", "no_dockerfile")
    assert "the repository" in status["message"] and "dockerfile" in status["message"]


@rows.hostile(4)
@pytest.mark.parametrize(
    "make, told",
    [
        ("ln -s /etc/shadow Dockerfile", "a link"),
        ("mkdir real; echo FROM x >real/D; ln -s real/D Dockerfile", "a link"),
        ("mkfifo Dockerfile", "no regular file"),
        ("mkdir Dockerfile", "no regular file"),
        ("head -c 1048577 /dev/zero >Dockerfile", "larger than"),
    ],
)
def test_dockerfile_that_is_none(machine, package_request, make, told):
    status = machine.run(package_request(compile_to_execute=make))
    assert (status["state"], status["cause"]) == ("failed", "no_dockerfile")
    assert told in status["message"]
    assert "root:" not in status["message"]


@rows.hostile(4)
def test_module_behind_a_link_has_no_dockerfile_of_the_host(machine, package_request):
    script = 'mkdir "$TRISTAN_CACHE/m"; echo FROM host >"$TRISTAN_CACHE/m/Dockerfile"; ln -s "$TRISTAN_CACHE/m" m'
    status = machine.run(package_request(compile_to_execute=script, module_path="m"))
    assert (status["state"], status["cause"]) == ("failed", "no_dockerfile")


@pytest.mark.once
def test_whole_module_is_the_context_of_the_repositorys_dockerfile(machine, shop, package_request):
    shop.commit({"web/Dockerfile": "FROM x\n", "web/.env": "a\n", "web/deep/run.sh": "#!/bin/sh\n"})
    script = "cd web; ln -s /etc/passwd link; echo made >built; ln -s none dangling"
    request = package_request({"package_to_docker.sh": WHOLE}, script, module_path="web")
    machine.run(request)
    assert lines_of(machine, request, "has") == [
        "./" + name
        for name in (".env", "Dockerfile", "built", "dangling", "deep", "deep/run.sh", "link")
    ]


@pytest.mark.parametrize(
    "origin, operators_own, script",
    [
        ("repository", False, "package_module.sh"),
        ("repository", True, "package_to_docker.sh"),
        ("operator", False, "package_to_docker.sh"),
        ("pack", False, "package_to_docker.sh"),
    ],
)
def test_which_script_fills_the_context(origin, operators_own, script):
    scripts = {"package_to_docker.sh": ""} if operators_own else {}
    assert package.script_for(origin, scripts) == script


@pytest.mark.once
def test_pack_without_a_script_gets_the_module_and_its_startup(machine, address, tmpdir):
    source, build, context = [tmpdir.mkdir(name) for name in ("source", "build", "context")]
    source.join("app.jar").write("x")
    build.join("startup.sh").write("#!/bin/sh\n")
    common = os.path.join(machine.release, "business_hyper_fusion", "common")
    for name in ("package_module.sh", "package_to_docker.sh"):
        with open(os.path.join(common, name)) as file:
            build.join(name).write(file.read())
    environment = {
        "PATH": os.environ["PATH"],
        "TRISTAN_SOURCE": str(source),
        "TRISTAN_MODULE_PATH": "",
        "TRISTAN_BUILD": str(build),
        "TRISTAN_CONTEXT": str(context),
    }
    for _ in range(2):
        subprocess.check_call(["sh", str(build.join("package_to_docker.sh"))], env=environment)
    assert sorted(os.listdir(str(context))) == ["app.jar", "startup.sh"]
    source.join("startup.sh").write("the project's own")
    subprocess.check_call(["sh", str(build.join("package_to_docker.sh"))], env=environment)
    assert context.join("startup.sh").read() == "the project's own"


@rows.hostile(4)
def test_pipes_and_sockets_are_left_out(tmpdir):
    tmpdir.join("deep", "file").write("x", ensure=True)
    os.mkfifo(str(tmpdir.join("deep", "pipe")))
    os.symlink("/etc/passwd", str(tmpdir.join("link")))
    os.symlink("/etc", str(tmpdir.join("directory")))
    os.mkfifo(str(tmpdir.join(".dockerignore")))
    assert sorted(package.tidy(str(tmpdir))) == [".dockerignore", "deep/pipe"]
    assert sorted(os.listdir(str(tmpdir))) == ["deep", "directory", "link"]
    assert os.path.exists("/etc/passwd")


@rows.hostile(4)
@pytest.mark.parametrize("name", [".dockerignore", ".containerignore"])
def test_ignore_file_that_is_a_link_is_refused(machine, shop, package_request, name):
    shop.commit({"Dockerfile": "FROM x\n"})
    script = "ln -s /etc/shadow %s" % name
    whole = 'sh "$TRISTAN_BUILD/package_module.sh"'
    request = package_request({"package_to_docker.sh": whole}, script)
    status = machine.run(request)
    assert (status["state"], status["cause"]) == ("failed", "bad_context")
    assert name in status["message"]
    assert not os.path.exists(machine.attempt(request).context)


def test_names_that_are_not_utf8_are_packed(machine, shop, package_request):
    shop.commit({"Dockerfile": "FROM x\n"})
    script = "printf x >\"$(printf 'caf\\351')\"; mkfifo \"$(printf 'p\\351')\""
    look = 'sh "$TRISTAN_BUILD/package_module.sh"; mkfifo "$TRISTAN_CONTEXT/$(printf "q\\351")"'
    machine.engine = ["no-such-engine"]
    request = package_request({"package_to_docker.sh": look}, script)
    # Behind it only the engine is missing.
    assert machine.run(request)["cause"] == "no_engine"
    assert "left out of the context" in machine.log(request)


@rows.hostile(4)
@pytest.mark.once
def test_package_container_is_as_unprivileged_as_the_builds(docker_machine, shop, address):
    shop.commit({"Dockerfile": "FROM x\n"})
    look = """
touch "$TRISTAN_CONTEXT/a" "$TRISTAN_SOURCE/b" && echo writable
touch "$TRISTAN_BUILD/c" || echo build read-only
ls /var/run/docker.sock || echo no socket
grep CapEff /proc/self/status
echo "context $TRISTAN_CONTEXT $TRISTAN_DOCKERFILE"
exit 3
"""
    compiling = 'echo "context ${TRISTAN_CONTEXT:-none}"; ls /tristan/context || true'
    scripts = {"compile_to_execute.sh": compiling, "package_to_docker.sh": look}
    request = docker_machine.request(address, isolation="docker", publish=PUBLISH, scripts=scripts)
    status = docker_machine.run(request)
    log = docker_machine.log(request)
    assert (status["cause"], status["exit"]) == ("script_failed", 3)
    assert lines_of(docker_machine, request, "context") == ["none", "/tristan/context repository"]
    for line in ("writable", "build read-only", "no socket", "CapEff:\t0000000000000000"):
        assert "\n%s\n" % line in log
    assert not os.path.exists(docker_machine.attempt(request).context)
    assert containers(docker_machine, request) == []


def containers(machine, request):
    label = "label=tristan.build_id=" + request["build_id"]
    words = machine.engine + ["ps", "--all", "--quiet", "--filter", label]
    return compat.to_native(subprocess.check_output(words)).split()


@pytest.mark.once
def test_cancel_in_the_package_step(docker_machine, shop, address):
    shop.commit({"Dockerfile": "FROM x\n"})
    scripts = {"compile_to_execute.sh": "true", "package_to_docker.sh": "echo begun; sleep 60"}
    request = docker_machine.request(address, isolation="docker", publish=PUBLISH, scripts=scripts)
    docker_machine.launch(request)
    docker_machine.wait_for_log(request, "begun")
    docker_machine.ask("cancel", {"build_id": request["build_id"], "reason": ""})
    assert docker_machine.wait(request)["state"] == "cancelled"
    assert containers(docker_machine, request) == []
    assert not os.path.exists(docker_machine.attempt(request).context)
