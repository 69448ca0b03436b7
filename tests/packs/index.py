"""A package index on loopback, of npm's and of PyPI's kind, that counts what is asked of it.

In: packages, made here of a few texts. Out: an address for .npmrc and pip.conf, and every request it got.
"""

from __future__ import absolute_import, print_function, unicode_literals

import base64
import hashlib
import io
import json
import ssl
import tarfile
import threading
import zipfile

from six.moves import BaseHTTPServer, socketserver

TEXT, HTML, JSON = "application/octet-stream", "text/html", "application/json"


class Index(object):
    """Listens from the start; call `stop()`.

    .address ("http://127.0.0.1:PORT") .host ("127.0.0.1:PORT") .port .requests (list of str, "GET /path")

    .token: str; once set, files are given only to who sends it as a bearer
    .login: str, "user:password"; once set, everything is given only to who sends it (basic authentication)

    :param certificates: tests.lab.certificates.Certificates, for https
    """

    def __init__(self, certificates=None):
        self._pages = {}
        self._wheels = {}
        self.requests = []
        self.token = self.login = ""
        self._server = _Server(("127.0.0.1", 0), _handler_of(self))
        self.port = self._server.server_address[1]
        self.host = "127.0.0.1:{0}".format(self.port)
        self.address = ("https://" if certificates else "http://") + self.host
        if certificates:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificates.certificate, certificates.key)
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()

    def stop(self):
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def forget(self):
        """:returns: list of str, the requests up to now, which don't count any more"""
        seen, self.requests = self.requests, []
        return seen

    def answer(self, path, authorization):
        """:returns: (int status, str content type, bytes)"""
        kind, content = self._pages.get(path.rstrip("/"), (TEXT, None))
        if content is None:
            return 404, TEXT, b""
        wanted = kind != TEXT or not self.token or authorization == "Bearer " + self.token
        return (200, kind, content) if wanted else (401, TEXT, b"")

    def lets_in(self, authorization):
        """:returns: bool"""
        login = base64.b64encode(self.login.encode("utf-8")).decode("ascii")
        return not self.login or authorization == "Basic " + login

    def add_npm(self, name, version, files, **more):
        """Publish an npm package.

        :param files: dict of path -> text, beside package.json
        :param more: of package.json, such as bin
        """
        description = dict(more, name=name, version=version)
        content = _tar(dict(files, **{"package.json": json.dumps(description)}))
        path = "/{0}/-/{0}-{1}.tgz".format(name, version)
        digest = base64.b64encode(hashlib.sha512(content).digest()).decode("ascii")
        description["dist"] = {
            "tarball": self.address + path,
            "shasum": hashlib.sha1(content).hexdigest(),
            "integrity": "sha512-" + digest,
        }
        document = {"name": name, "versions": {version: description}}
        document["dist-tags"] = {"latest": version}
        self._pages[path] = (TEXT, content)
        self._pages["/" + name] = (JSON, json.dumps(document).encode("utf-8"))
        self._pages["/{0}/{1}".format(name, version)] = (
            JSON,
            json.dumps(description).encode("utf-8"),
        )

    def add_wheel(self, name, version, files, requires=()):
        """Publish a pure Python wheel; its place in the index is /simple.

        :param requires: iterable of str, such as "greeting==1.0"
        :returns: str, "sha256:..." as requirements have it
        """
        file_name = "{0}-{1}-py3-none-any.whl".format(name, version)
        content = _wheel(name, version, files, requires)
        digest = hashlib.sha256(content).hexdigest()
        self._pages["/files/" + file_name] = (TEXT, content)
        self._wheels.setdefault(name, []).append((file_name, digest))
        form = '<a href="/files/{0}#sha256={1}">{0}</a>\n'
        page = "<!DOCTYPE html>\n" + "".join(form.format(*wheel) for wheel in self._wheels[name])
        self._pages["/simple/" + name] = (HTML, page.encode("ascii"))
        return "sha256:" + digest


class _Server(socketserver.ThreadingMixIn, BaseHTTPServer.HTTPServer):
    daemon_threads = True


def _handler_of(index):
    class Handler(BaseHTTPServer.BaseHTTPRequestHandler):
        def do_GET(self):
            index.requests.append("{0} {1}".format(self.command, self.path))
            authorization = self.headers.get("Authorization")
            status, kind, content = index.answer(self.path, authorization)
            if not index.lets_in(authorization):
                status, kind, content = 401, TEXT, b""
            self.send_response(status)
            if status == 401 and index.login:
                self.send_header("WWW-Authenticate", 'Basic realm="lab"')
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_POST = do_GET

        def log_message(self, *_):
            pass

    return Handler


def _tar(files):
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w:gz") as archive:
        for path, text in sorted(files.items()):
            member = tarfile.TarInfo(str("package/" + path))
            data = text.encode("utf-8")
            member.size, member.mode = len(data), 0o755 if data.startswith(b"#!") else 0o644
            archive.addfile(member, io.BytesIO(data))
    return target.getvalue()


def _wheel(name, version, files, requires):
    about = "{0}-{1}.dist-info/".format(name, version)
    metadata = ["Metadata-Version: 2.1", "Name: " + name, "Version: " + version]
    metadata += ["Requires-Dist: " + wanted for wanted in requires]
    tags = ["Wheel-Version: 1.0", "Generator: lab", "Root-Is-Purelib: true", "Tag: py3-none-any"]
    content = dict(files)
    content[about + "METADATA"] = "\n".join(metadata) + "\n"
    content[about + "WHEEL"] = "\n".join(tags) + "\n"
    record = sorted(content) + [about + "RECORD"]
    content[about + "RECORD"] = "".join(path + ",,\n" for path in record)
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for path, text in sorted(content.items()):
            archive.writestr(path, text)
    return target.getvalue()
