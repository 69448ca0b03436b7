"""Docker is asked over its socket only where its client would go there, too."""

from __future__ import absolute_import, print_function, unicode_literals

import os

import pytest

from business_hyper_fusion import engine_socket
from tests.lab import process

SOCKET = "/var/run/docker.sock"


@pytest.mark.parametrize(
    "words, environment, path",
    [
        (["docker"], {}, SOCKET),
        (["/usr/bin/docker"], {}, SOCKET),
        (["docker"], {"DOCKER_HOST": "unix:///run/other.sock"}, "/run/other.sock"),
        (["docker", "-H", "unix:///run/own.sock"], {"DOCKER_CONTEXT": "far"}, "/run/own.sock"),
        (["docker", "--host", "tcp://127.0.0.1:2375"], {}, ""),
        (["docker"], {"DOCKER_HOST": "tcp://127.0.0.1:2375"}, ""),
        (["docker"], {"DOCKER_CONTEXT": "far"}, ""),
        (["docker", "--context", "far"], {}, ""),
        (["sudo", "docker"], {}, ""),
        (["podman"], {}, ""),
    ],
)
def test_the_socket_is_the_client_s(tmpdir, words, environment, path):
    assert engine_socket.socket_of(words, dict(environment, HOME=str(tmpdir))) == path


@pytest.mark.parametrize("variable", ["HOME", "DOCKER_CONFIG"])
def test_a_configured_context_leads_elsewhere(tmpdir, variable):
    home = tmpdir.mkdir("configured")
    place = home.mkdir(".docker") if variable == "HOME" else home
    place.join("config.json").write('{"currentContext": "far"}')
    environment = {"HOME": str(tmpdir), variable: str(home)}
    assert engine_socket.socket_of(["docker"], environment) == ""


def test_a_container_that_is_there_is_not_gone(engine, python_image):
    name = "tristan-socket-%d" % os.getpid()
    engine.run(["create", "--name", name, python_image, "true"])
    try:
        assert not says_gone(engine, name)
    finally:
        engine.run(["rm", "--force", name])
    assert says_gone(engine, name)


def test_nobody_who_answers_says_nothing(tmpdir):
    words = ["docker", "-H", "unix://%s" % tmpdir.join("nobody.sock")]
    assert not engine_socket.says_gone(words, {}, "any")


def says_gone(engine, name):
    words = [process.native(word) for word in engine.command]
    return engine_socket.says_gone(words, dict(os.environ), name)
