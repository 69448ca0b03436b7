"""Java projects, built by a real Maven in a real container from Debian's repository, and by wrappers."""

from __future__ import absolute_import, print_function, unicode_literals

import io
import os

import pytest

from tests.lab import process
from tests.lab.proxy import Proxy
from tests.packs import app_image
from tests.packs import java_projects as projects
from tests.packs.file_server import FileServer, zipped

pytestmark = pytest.mark.once

STORES = """
ls "$TRISTAN_CACHE/java_trust"
keytool -list -storepass changeit -keystore "$TRISTAN_CACHE"/java_trust/[0-9]*[0-9] | grep -c '^tristan-'
"""
CLEAN = (
    """#!/bin/sh
set -eu
. "$TRISTAN_BUILD/environment.sh"
run_maven clean
"""
    + STORES
)
TOOL = '#!/bin/sh\necho "the distribution\'s tool:" "$@"\n'
WRAPPER = """#!/bin/sh
# As Maven's and Gradle's own do: the distribution is fetched once, into the home that the environment names.
set -eu
tool=$%s/wrapper/dists/lab
if [ ! -d "$tool" ]; then
    mkdir -p "$tool"
    wget -q -O "$HOME/tool.zip" %s/tool.zip
    unzip -q "$HOME/tool.zip" -d "$tool"
fi
exec "$tool/bin/tool" "$@"
"""
WRAPPERS = {
    "mvnw": ("MAVEN_USER_HOME", "pom.xml", "clean package -DskipTests"),
    "gradlew": ("GRADLE_USER_HOME", "build.gradle", "--no-daemon --console=plain assemble"),
}


@pytest.fixture
def machine(make_pack_machine, java_image):
    return make_pack_machine(java_image, "java")


@pytest.fixture(scope="session")
def maven_files(engine, java_image):
    """str, directory of Debian's Maven repository"""
    directory = process.directory("maven")
    try:
        projects.unpack_repository(engine, directory)
        yield directory
    finally:
        process.remove(directory)


@pytest.fixture
def repository(maven_files):
    """The repository over HTTP."""
    server = FileServer(maven_files)
    yield server
    server.stop()


def names(status):
    return [artifact["name"] for artifact in status["artifacts"]]


def test_built_twice_downloaded_once_and_the_image_answers(engine, java_image, machine, repository):
    machine.project("shop", projects.single())
    machine.configure({"settings.xml": projects.settings(repository.address)})
    status, log = machine.build("shop", network="host")
    assert status["state"] == "success", log
    assert names(status) == ["target/shop-1.0.jar"]
    assert repository.forget()
    status, log = machine.build("shop", script=app_image.CONTEXT, network="none")
    assert status["state"] == "success", log
    assert not repository.requests
    assert "java: target/shop-1.0.jar is the application" in log
    options = ["--env", "JAVA_OPTS=-Xmx64m -Dgreeting=hello"]
    image = app_image.AppImage(engine, "java", java_image)
    with image.started(status, options, ["a b", "c"]) as ask:
        assert ask("/") == "shop-main hello a b c"


def test_a_module_is_built_with_what_it_needs_and_nothing_else(machine):
    machine.project("shop", projects.reactor())
    machine.configure({"settings.xml": projects.settings("file:///usr/share/maven-repo")})
    status, log = machine.build("shop", "app")
    assert status["state"] == "success", log
    assert "java: Maven: -pl app -am clean package -DskipTests" in log
    assert names(status) == ["target/app-1.0.jar"]


@pytest.mark.parametrize("wrapper", sorted(WRAPPERS))
def test_a_wrapper_s_distribution_is_downloaded_once(machine, wrapper):
    home, file, arguments = WRAPPERS[wrapper]
    server = FileServer()
    try:
        server.add("/tool.zip", zipped({"bin/tool": TOOL}))
        machine.project("shop", {file: "", wrapper: WRAPPER % (home, server.address)})
        for network in ("host", "none"):
            status, log = machine.build("shop", network=network)
            assert status["state"] == "success", log
            assert "the distribution's tool: " in log and arguments in log
        assert server.requests == ["GET /tool.zip"]
    finally:
        server.stop()


def test_maven_goes_through_a_proxy_to_a_server_of_an_own_authority(
    machine, maven_files, certificates
):
    machine.project("shop", projects.single())
    machine.configure({"settings.xml": projects.settings("https://repo.example")})
    authority = read(certificates.ca_file)
    server = FileServer(maven_files, certificates)
    with Proxy({"repo.example": server.port}) as proxy:
        status, log = machine.build(
            "shop",
            script=CLEAN,
            network="host",
            proxy={"address": proxy.address, "no_proxy": "git.example"},
            ca=authority,
        )
    server.stop()
    assert status["state"] == "success", log
    assert server.requests
    assert set(proxy.requests) == {"CONNECT repo.example:443"}
    first = stores(log, 1)
    status, log = machine.build("shop", script=CLEAN, ca=authority + "And:\n" + authority)
    assert status["state"] == "success", log
    assert len(first) == 1 and len(stores(log, 2)) == 1 and stores(log, 2) != first


def stores(log, certificates):
    """:returns: list of str, the trust stores that STORES listed; the one has that many certificates of ours"""
    lines = log.splitlines()
    assert str(certificates) in lines, log
    return [line for line in lines if line.isdigit() and int(line) > certificates]


def test_without_a_container_the_caches_are_the_same(machine):
    machine.project("shop", {"pom.xml": "", "mvnw": 'echo "$@"\n'})
    status, log = machine.build("shop", isolation="host")
    assert status["state"] == "success", log
    cache = os.path.join(os.path.dirname(app_image.context(status)), "..", "dependency_lib/maven")
    assert "-Dmaven.repo.local=" + os.path.normpath(cache) in log


def read(path):
    with io.open(path, encoding="ascii") as source:
        return source.read()
