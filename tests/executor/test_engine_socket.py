"""Docker is asked over its socket only where its client would go there, too."""

from __future__ import absolute_import, print_function, unicode_literals

import contextlib
import os
import socket
import threading

import pytest

from business_hyper_fusion import engine_socket
from tests.lab import process

SOCKET = "/var/run/docker.sock"


@pytest.fixture(autouse=True)
def patience(monkeypatch):
    """A busy machine's engine answers late, and is waited for here."""
    monkeypatch.setattr(engine_socket, "SECONDS", 60.0)


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


def test_images_that_are_there_and_one_that_is_not(engine, python_image):
    words = [process.native(word) for word in engine.command]
    names = [python_image, "tristan-socket-none:1"]
    there, missing = [
        question.document()
        for question in engine_socket.ask_for_images(words, dict(os.environ), names)
    ]
    told = engine.run(["image", "inspect", "--format", "{{.Id}}", python_image])
    assert (there["Id"], missing) == (told.strip(), {})


def test_images_of_an_engine_without_a_socket_are_not_asked_for():
    assert engine_socket.ask_for_images(["podman"], {}, ["any"]) == []


@contextlib.contextmanager
def answering(path, answer):
    """One who takes a question at a unix socket. :param answer: bytes; None for silence."""
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(path)
    listener.listen(1)
    done = threading.Event()

    def serve():
        connection = listener.accept()[0]
        connection.recv(65536)
        if answer is None:
            done.wait(60)
        else:
            connection.sendall(answer)
        connection.close()

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
        listener.close()


@pytest.mark.parametrize(
    "answer, document",
    [
        (b'HTTP/1.0 200 OK\r\nA: b\r\n\r\n{"Id": "sha256:1"}', {"Id": "sha256:1"}),
        (b'HTTP/1.0 404 Not Found\r\n\r\n{"message": "No such image"}', {}),
        (b'HTTP/1.0 500 Internal\r\n\r\n{"message": "no"}', None),
        (b'HTTP/1.0 200 OK\r\n\r\n{"Id": "sha', None),
        (b"HTTP/1.0 200 OK\r\n\r\n\xff", None),
        (b"HTTP/1.0 200 OK\r\n\r\n[]", None),
        (b"HTTP/1.0 200 OK\r\n\r\n" + b" " * 5000, None),
        (b"noise", None),
        (b"", None),
        (None, None),
    ],
)
def test_an_answer_that_is_none_is_no_image(tmpdir, monkeypatch, answer, document):
    if answer is None:
        monkeypatch.setattr(engine_socket, "SECONDS", 0.2)
    monkeypatch.setattr(engine_socket, "MOST_BYTES", 4000)
    path = str(tmpdir.join("engine.sock"))
    with answering(path, answer):
        (question,) = engine_socket.ask_for_images(["docker", "-H", "unix://" + path], {}, ["any"])
        assert question.document() == document


def says_gone(engine, name):
    words = [process.native(word) for word in engine.command]
    return engine_socket.says_gone(words, dict(os.environ), name)
