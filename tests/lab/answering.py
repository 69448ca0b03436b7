"""An HTTP server that gives prepared answers and keeps what it was asked.

In: a list of (status, headers, body) for the first requests, one each; the last one for all that follow.
Out: .address ("127.0.0.1:PORT"), .requests, a list of Request. In this process, in a thread of its own.
"""

from __future__ import absolute_import, print_function, unicode_literals

import collections
import ssl
import threading

try:
    from http.server import BaseHTTPRequestHandler, HTTPServer
except ImportError:  # Python 2
    from BaseHTTPServer import BaseHTTPRequestHandler, HTTPServer

from tests.lab import process

Request = collections.namedtuple("Request", "method path headers body")
"""`headers`: dict by lower-case name; `body`: bytes."""

Place = collections.namedtuple("Place", "address")
"""An address where nobody is."""


class Server(object):
    """A context manager.

    :param answers: list of (int, dict, bytes), or a function(Request) that gives one
    :param tls: pair of paths (certificate, key), or None
    """

    def __init__(self, answers, tls=None):
        self.requests = []
        self._answers = answers
        self._server = HTTPServer(("127.0.0.1", 0), self._handler())
        if tls is not None:
            context = ssl.SSLContext(
                ssl.PROTOCOL_TLS_SERVER
                if hasattr(ssl, "PROTOCOL_TLS_SERVER")
                else ssl.PROTOCOL_SSLv23
            )
            context.load_cert_chain(*tls)
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self.port = self._server.server_address[1]
        self.address = "127.0.0.1:{0}".format(self.port)
        self.url = "{0}://{1}".format("https" if tls else "http", self.address)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.daemon = True
        self._thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *problem):
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def answer(self, request):
        """:returns: (int status, dict of headers, bytes)"""
        self.requests.append(request)
        if callable(self._answers):
            return self._answers(request)
        return self._answers[min(len(self.requests), len(self._answers)) - 1]

    def _handler(server):  # noqa: N805
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                headers = dict((name.lower(), self.headers[name]) for name in self.headers.keys())
                body = self.rfile.read(int(headers.get("content-length", 0)))
                answer = server.answer(Request(self.command, self.path, headers, body))
                self._give(*answer)

            do_POST = do_PUT = do_HEAD = do_GET

            def _give(self, status, headers, body):
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(process.native(name), process.native(value))
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, form, *values):
                """What was asked is in `requests`."""

        return Handler
