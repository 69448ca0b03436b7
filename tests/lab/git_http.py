"""Serves bare git repositories over http: `git_http.py BASE PORT`, one thread a request.

In: requests of git clients; the login wanted in LAB_GIT_LOGIN ("user:password", empty: none); for https a file
with key and certificate in LAB_GIT_CERTIFICATE.
Out: what `git http-backend` answers. On stderr a line a request, "login given" for one that came with any,
"sent N" for each answer's bytes. A program of its own, so a test can stop, stall and kill it by its pid.
"""

from __future__ import absolute_import, print_function

import base64
import os
import ssl
import subprocess
import sys

try:
    from http.server import BaseHTTPRequestHandler, HTTPServer
    from socketserver import ThreadingMixIn
except ImportError:  # Python 2
    from BaseHTTPServer import BaseHTTPRequestHandler, HTTPServer
    from SocketServer import ThreadingMixIn

LOGIN = os.environ.get("LAB_GIT_LOGIN", "")
CERTIFICATE = os.environ.get("LAB_GIT_CERTIFICATE", "")
SCHEME = "https" if CERTIFICATE else "http"
BASE = sys.argv[1]


class Server(ThreadingMixIn, HTTPServer):
    daemon_threads = True
    request_queue_size = 256  # hundreds of builds may fetch at once


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        if self.headers.get("Authorization"):
            self.log_message("login given")
        if LOGIN and not self._login_fits():
            self.send(401, {"WWW-Authenticate": 'Basic realm="lab"'}, b"")
        else:
            self.answer()

    do_POST = do_GET

    def _login_fits(self):
        wanted = "Basic " + base64.b64encode(LOGIN.encode("utf-8")).decode("ascii")
        return self.headers.get("Authorization") == wanted

    def send(self, status, headers, body):
        self.log_message("sent %d", len(body))  # who has it all may look at once
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def answer(self):
        backend = subprocess.Popen(
            ["git", "http-backend"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=self._environment(),
        )
        answer, _ = backend.communicate(self.body())
        head, _, body = answer.partition(b"\r\n\r\n")
        headers = dict(line.split(": ", 1) for line in head.decode("latin-1").split("\r\n"))
        status = headers.pop("Status", "200 OK")
        self.send(int(status.split()[0]), headers, body)

    def _environment(self):
        path, _, query = self.path.partition("?")
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": "/nonexistent",
            "GIT_CONFIG_GLOBAL": os.environ.get("GIT_CONFIG_GLOBAL", ""),
            "GIT_PROJECT_ROOT": BASE,
            "GIT_HTTP_EXPORT_ALL": "1",
            "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": "safe.directory",
            "GIT_CONFIG_VALUE_0": "*",
            "REQUEST_METHOD": self.command,
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
            "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
            "REMOTE_ADDR": self.client_address[0],
        }
        return environment

    def body(self):
        if self.headers.get("Transfer-Encoding", "") == "chunked":
            return b"".join(self._chunks())
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def _chunks(self):
        while True:
            size = int(self.rfile.readline().split(b";")[0], 16)
            chunk = self.rfile.read(size)
            self.rfile.readline()
            if not size:
                return
            yield chunk

    def log_message(self, form, *values):
        sys.stderr.write("%s\n" % (form % values))
        sys.stderr.flush()


def serve(handler):
    server = Server(("127.0.0.1", int(sys.argv[2])), handler)
    if CERTIFICATE:
        context = ssl.SSLContext(ssl.PROTOCOL_SSLv23)
        context.load_cert_chain(CERTIFICATE)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    server.serve_forever()


if __name__ == "__main__":
    serve(Handler)
