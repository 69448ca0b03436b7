"""What a registry is taken to be like, by its answers: real ones, one with another server for logins, none."""

from __future__ import absolute_import, print_function

import errno
import shutil
import socket

import pytest

from business_hyper_fusion import registry
from tests.lab import certificates, process
from tests.lab.answering import Server
from tests.lab.relay import Relay
from tests.lab.token_registry import TokenRegistry

ANSWERS = [(200, {}, b"{}")]


def test_plain_registry(make_registry):
    assert registry.ask(make_registry().address) == (True, True, False)


def test_registry_with_a_login(make_registry):
    assert registry.ask(make_registry("robot", "secret").address) == (True, True, True)


def test_registry_with_a_certificate(make_registry, monkeypatch, tmpdir):
    monkeypatch.setattr(registry, "CERTIFICATES", str(tmpdir))
    made = make_registry("robot", "secret", tls=True)
    assert registry.ask(made.address) == (True, False, True)
    directory = tmpdir.mkdir(made.address)
    directory.join("broken.crt").write("no certificate")
    shutil.copy(made.ca_file, str(directory.join("ca.crt")))
    assert registry.ask(made.address) == (True, True, True)


def test_registry_whose_logins_are_anothers():
    with TokenRegistry("robot", "secret") as made:
        assert registry.ask(made.address) == (True, True, True)


@pytest.mark.parametrize("realm", ["http://127.0.0.1:9/token", "https://127.0.0.1:9"])
def test_registry_whose_login_server_is_away(realm):
    wants = {"WWW-Authenticate": 'Bearer realm="%s",service="lab"' % realm}
    with Server([(401, wants, b"")]) as server:
        assert registry.ask(server.address) == registry.UNAVAILABLE


@pytest.mark.parametrize("status", [500, 502, 503])
def test_registry_with_an_error_of_its_own(status):
    with Server([(status, {}, b"")]) as server:
        assert registry.ask(server.address) == registry.UNAVAILABLE


def test_nobody_there():
    assert registry.ask("127.0.0.1:%d" % process.free_port()) == registry.UNAVAILABLE


def test_a_signal_while_it_connects(monkeypatch):
    """On 2.7 that ends a call: an orphan's end, or a cancellation, is no answer of the registry's."""
    connect, told = socket.create_connection, []

    def connect_late(*arguments, **options):
        if not told:
            told.append(errno.EINTR)
            raise socket.error(errno.EINTR, "Interrupted system call")
        return connect(*arguments, **options)

    with Server(ANSWERS) as server:
        monkeypatch.setattr(socket, "create_connection", connect_late)
        assert registry.ask(server.address) == (True, True, False)
    assert told


def test_no_password_is_asked_for_or_sent(tmpdir):
    made = certificates.make(str(tmpdir))
    with Server(ANSWERS, (made.certificate, made.key)) as server:
        registry.ask(server.address)
        assert [request.path for request in server.requests] == ["/v2/"]
        assert "authorization" not in server.requests[0].headers


def test_server_that_hangs_up(make_registry):
    with Relay(make_registry().port) as relay:
        relay.lose_answer(b"GET /v2/")
        assert registry.ask(relay.address) == registry.UNAVAILABLE
        assert relay.lost == 1
