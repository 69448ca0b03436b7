"""A real registry that wants tokens, and the token server that it trusts: `token_registry.py PORT` is that server.

In: an account. Out: a registry that answers 401 with `Bearer realm=...`; the server's log names each token it gave.

The tokens are JWTs, signed by openssl (RS256), with the certificate in their header (x5c), as the registry's
documentation of token authentication wants them.
"""

from __future__ import absolute_import, print_function, unicode_literals

import base64
import json
import os
import socket
import subprocess
import sys
import time

try:
    from http.server import BaseHTTPRequestHandler, HTTPServer
    from urllib.parse import parse_qs, urlsplit
except ImportError:  # Python 2
    from BaseHTTPServer import BaseHTTPRequestHandler, HTTPServer
    from urlparse import parse_qs, urlsplit

if __name__ == "__main__":
    # run as a program, its own directory is in front: the package is two above
    sys.path[0] = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from tests.lab import process  # noqa: E402
from tests.lab.registry import Registry  # noqa: E402

SERVICE, ISSUER = "lab registry", "lab issuer"


class TokenRegistry(Registry):
    """:param username: str, of the account that may push. `ask` logs in with a token of its own."""

    def __init__(self, username, password):
        self._account = (username, password)
        self.token_port = process.free_port()
        self._tokens = None
        super(TokenRegistry, self).__init__()

    def start(self):
        self._make_key()
        environment = {"LAB_LOGIN": "%s:%s" % self._account, "LAB_DIRECTORY": self.directory}
        words = [sys.executable, os.path.abspath(__file__).replace(".pyc", ".py")]
        words.append(str(self.token_port))
        self._tokens = process.Child(words, self._path("tokens.log"), environment)
        self._tokens.wait_for(lambda: listens(self.token_port), 60, "the token server")
        super(TokenRegistry, self).start()

    def stop(self):
        self._tokens.stop()
        super(TokenRegistry, self).stop()

    def token_log(self):
        """:returns: list of str, "scope" of each token, or "401" """
        with open(self._path("tokens.log")) as log:
            return log.read().split("\n")[:-1]

    def _headers(self, more):
        everything = [{"type": "repository", "name": "team/shop", "actions": ["pull", "push"]}]
        headers = dict(more or {})
        headers["Authorization"] = "Bearer " + make_token(self.directory, everything)
        return dict((process.native(name), process.native(headers[name])) for name in headers)

    def _make_key(self):
        words = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
        words += ["-keyout", self._path("token.key"), "-out", self._path("token.pem")]
        process.output(words + ["-subj", "/CN=lab issuer"])

    def _write_configuration(self):
        super(TokenRegistry, self)._write_configuration()
        with open(self._path("config.yml"), "rb") as file:
            configuration = json.loads(file.read().decode("utf-8"))
        token = {"realm": "http://127.0.0.1:%d/token" % self.token_port, "service": SERVICE}
        token.update(issuer=ISSUER, rootcertbundle=self._path("token.pem"))
        configuration["auth"] = {"token": token}
        with open(self._path("config.yml"), "wb") as file:
            file.write(json.dumps(configuration).encode("utf-8"))


class Handler(BaseHTTPRequestHandler):
    """GET /token?service=...&scope=repository:NAME:pull,push"""

    def do_GET(self):
        wanted = "Basic " + base64.b64encode(os.environ["LAB_LOGIN"].encode("utf-8")).decode(
            "ascii"
        )
        query = parse_qs(urlsplit(self.path).query)
        if self.headers.get("Authorization") != wanted or query.get("service") != [SERVICE]:
            self._answer(401, {}, "401")
            return
        scope = query["scope"][0]
        kind, name, actions = scope.split(":")
        access = [{"type": kind, "name": name, "actions": actions.split(",")}]
        token = make_token(os.environ["LAB_DIRECTORY"], access)
        self._answer(200, {"token": token, "expires_in": 600}, scope)

    def _answer(self, status, document, line):
        print(line)
        sys.stdout.flush()
        body = json.dumps(document).encode("ascii")
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, form, *values):
        """The log is for tokens alone."""


def listens(port):
    """:returns: bool, somebody takes calls there"""
    try:
        socket.create_connection(("127.0.0.1", port), 5).close()
    except EnvironmentError:
        return False
    return True


def make_token(directory, access):
    """:returns: str, a JWT that the registry believes for ten minutes"""
    with open(os.path.join(directory, "token.pem")) as file:
        certificate = "".join(file.read().split("-----")[2].split())
    now = int(time.time())
    header = {"typ": "JWT", "alg": "RS256", "x5c": [certificate]}
    claims = {"iss": ISSUER, "sub": "robot", "aud": SERVICE, "access": access, "jti": str(now)}
    claims.update(iat=now - 5, nbf=now - 5, exp=now + 600)
    head = (
        encoded(json.dumps(header).encode("ascii"))
        + "."
        + encoded(json.dumps(claims).encode("ascii"))
    )
    signing = subprocess.Popen(
        ["openssl", "dgst", "-sha256", "-sign", os.path.join(directory, "token.key")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    return head + "." + encoded(signing.communicate(head.encode("ascii"))[0])


def encoded(data):
    return base64.urlsafe_b64encode(data).decode("ascii").rstrip("=")


if __name__ == "__main__":
    HTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
