"""A forward proxy on loopback, for http and, by CONNECT, https: it alone knows where the names of the lab are.

In: the ports that names stand for. Out: .address ("http://127.0.0.1:PORT"), and every request it got. In this process,
in threads of its own.
"""

from __future__ import absolute_import, print_function, unicode_literals

import select
import socket
import threading

from six.moves import BaseHTTPServer, socketserver
from six.moves.http_client import HTTPConnection
from six.moves.urllib.parse import urlsplit

CHUNK = 65536
SECONDS = 30


class Proxy(object):
    """A context manager, or call `stop()`.

    :param ports: dict of str, a host's name -> int, the port on 127.0.0.1 where it really is

    .address .requests (list of str, such as "CONNECT repo.example:443" and "GET http://repo.example/a")
    """

    def __init__(self, ports):
        self.ports = dict(ports)
        self.requests = []
        self._server = _Server(("127.0.0.1", 0), _handler_of(self))
        self.address = "http://127.0.0.1:{0}".format(self._server.server_address[1])
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *problem):
        self.stop()

    def stop(self):
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Server(socketserver.ThreadingMixIn, BaseHTTPServer.HTTPServer):
    daemon_threads = True


def _handler_of(proxy):
    class Handler(BaseHTTPServer.BaseHTTPRequestHandler):
        def do_CONNECT(self):
            port = self._port(self.path.rpartition(":")[0])
            if port is not None:
                behind = socket.create_connection(("127.0.0.1", port), SECONDS)
                self.send_response(200)
                self.end_headers()
                self.wfile.flush()
                _carry(self.connection, behind)
            self.close_connection = True

        def do_GET(self):
            asked = urlsplit(self.path)
            port = self._port(asked.hostname)
            if port is None:
                return
            behind = HTTPConnection("127.0.0.1", port, timeout=SECONDS)
            behind.request("GET", asked.path or "/", headers={"Host": asked.netloc})
            answer = behind.getresponse()
            content = answer.read()
            behind.close()
            self.send_response(answer.status)
            self.send_header("Content-Type", answer.getheader("Content-Type"))
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def _port(self, host):
            proxy.requests.append("{0} {1}".format(self.command, self.path))
            if host not in proxy.ports:
                self.send_error(502)
            return proxy.ports.get(host)

        def log_message(self, *_):
            pass

    return Handler


def _carry(one, other):
    """Carry bytes both ways until one side ends."""
    while True:
        ready, _, _ = select.select([one, other], [], [], SECONDS)
        if not ready:
            return
        for source in ready:
            data = source.recv(CHUNK)
            if not data:
                return other.close()
            (other if source is one else one).sendall(data)
