"""A git server that sends on to another host, another protocol, a local file: the password goes nowhere else."""

from __future__ import absolute_import, print_function, unicode_literals

import base64
import os
import threading

import pytest
from six.moves.BaseHTTPServer import BaseHTTPRequestHandler, HTTPServer

from tests.executor.machine import Machine
from tests.faults import rows

PASSWORD = "s3cret;$(id)"
LOGIN = "Basic " + base64.b64encode(("robot:" + PASSWORD).encode("ascii")).decode("ascii")


class Server(object):
    """An HTTP server that asks for a login, and then answers with a redirect, or refuses: .port .seen"""

    def __init__(self, location=None, asks_first=True):
        self.seen = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                login = self.headers.get("Authorization")
                outer.seen.append((self.path, login))
                if asks_first and login is None:
                    self.send_response(401)
                    self.send_header("WWW-Authenticate", 'Basic realm="git"')
                elif location is not None:
                    self.send_response(302)
                    self.send_header("Location", location + self.path)
                else:
                    self.send_response(404)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *words):
                """Quiet."""

        self._server = HTTPServer(("127.0.0.1", 0), Handler)
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()

    def stop(self):
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture
def serve():
    started = []

    def start(*arguments, **named):
        started.append(Server(*arguments, **named))
        return started[-1]

    yield start
    for server in started:
        server.stop()


@pytest.fixture
def machine(executor_python):
    made = Machine(interpreter=executor_python)
    yield made
    made.remove()


def build(machine, server):
    """:returns: (status, log) of a build from a server that has an account."""
    address = "http://127.0.0.1:%d" % server.port
    machine.configure_git_server({"main": {"address": address, "username": "robot"}})
    request = machine.request(address + "/group/shop")
    request["repository"]["git_server"] = "main"
    status = machine.run(request, {"git_password": PASSWORD})
    return status, machine.log(request)


@rows.hostile(3)
@pytest.mark.parametrize("asks_first", [True, False])
def test_a_redirect_to_another_host_takes_no_login_along(machine, serve, injections, asks_first):
    elsewhere = serve()
    server = serve("http://localhost:%d" % elsewhere.port, asks_first=asks_first)
    with injections.measured():
        status, log = build(machine, server)
    assert (status["state"], status["cause"]) == ("error", "repository_unavailable")
    assert [login for _, login in elsewhere.seen if login] == []
    if asks_first:
        assert LOGIN in [login for _, login in server.seen], "the account was used where it belongs"
    assert PASSWORD not in log and PASSWORD not in str(status)


@rows.hostile(3)
@pytest.mark.parametrize(
    "location",
    [
        "file:///",
        "ext::sh -c touch% {canary} ",
        "ftp://127.0.0.1:1/",
        "ssh://-oProxyCommand=touch {canary}/",
        "git://127.0.0.1:1",
    ],
)
def test_a_redirect_to_another_protocol_is_not_followed(
    machine, serve, injections, tmp_path, location
):
    canary = str(tmp_path / "canary")
    with injections.measured():
        status, log = build(machine, serve(location.format(canary=canary)))
    assert (status["state"], status["cause"]) == ("error", "repository_unavailable")
    assert not os.path.exists(canary)
    assert PASSWORD not in log and PASSWORD not in str(status)
