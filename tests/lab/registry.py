"""A real Docker registry (Debian's `docker-registry`) on loopback: plain, with a login, with TLS.

In: a login to ask for, whether to speak TLS. Out: an address for image names, a stop and a start on the same port
and data for faults, and what its API tells.
"""

from __future__ import absolute_import, print_function, unicode_literals

import base64
import hashlib
import json
import os
import signal
import ssl

from tests.lab import certificates, process

try:
    from http.client import HTTPConnection, HTTPException, HTTPSConnection
except ImportError:  # Python 2
    from httplib import HTTPConnection, HTTPException, HTTPSConnection

PROGRAM = "/usr/bin/docker-registry"
MANIFESTS = ", ".join(
    [
        "application/vnd.docker.distribution.manifest.v2+json",
        "application/vnd.oci.image.manifest.v1+json",
        "application/vnd.docker.distribution.manifest.list.v2+json",
        "application/vnd.oci.image.index.v1+json",
    ]
)


class Registry(object):
    """Starts at once; use it as a context manager or call `stop()` and `remove()`.

    :param username: str, the only user; "" lets everybody in
    :param tls: bool, https with a certificate for 127.0.0.1 and localhost by a CA of its own

    .address ("127.0.0.1:PORT") .port .username .password .ca_file (path; "" without TLS) .directory .log (path)
    """

    host = "127.0.0.1"

    def __init__(self, username="", password="", tls=False):
        self.directory = process.directory("registry")
        self.port = process.free_port()
        self.address = "{0}:{1}".format(self.host, self.port)
        self.username, self.password = username, password
        self.ca_file = self._path("ca.pem") if tls else ""
        self.log = self._path("log")
        self._child = None
        try:
            self._write_configuration()
            self.start()
        except Exception:
            self.remove()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *problem):
        self.remove()

    def start(self):
        """Listen (again), on the same port and with the same data."""
        self._child = process.Child([PROGRAM, "serve", self._path("config.yml")], self.log)
        self._child.wait_for(self._answers, 60, "docker-registry")

    @property
    def pid(self):
        return self._child.pid

    def running(self):
        return self._child.running()

    def stop(self):
        """End it; the data stays."""
        if self._child is not None:
            self._child.stop()

    def kill(self):
        """End it as a power cut would."""
        self._child.signal(signal.SIGKILL)
        self._child.stop()

    def stall(self):
        """Let it hold its connections and answer nothing, until `resume()`."""
        self._child.signal(signal.SIGSTOP)

    def resume(self):
        self._child.signal(signal.SIGCONT)

    def remove(self):
        """Stop it and remove its data."""
        self.stop()
        process.remove(self.directory)

    def repositories(self):
        """:returns: list of str, every repository that ever got a manifest"""
        return self._json("/v2/_catalog?n=1000")["repositories"]

    def tags(self, repository):
        """:returns: list of str, sorted; [] for a repository that is not there"""
        status, _, body = self.ask("GET", "/v2/{0}/tags/list".format(repository))
        return sorted(json.loads(body.decode("utf-8")).get("tags") or []) if status == 200 else []

    def digest(self, repository, tag):
        """:returns: str, "sha256:..." of the manifest that a tag names, or "" where there is none"""
        status, _, body = self._manifest(repository, tag)
        return "sha256:" + hashlib.sha256(body).hexdigest() if status == 200 else ""

    def manifest(self, repository, reference):
        """:returns: dict, the manifest that a tag or digest names
        :raises LabError: there is none
        """
        status, _, body = self._manifest(repository, reference)
        if status != 200:
            raise process.LabError("no manifest {0}:{1}".format(repository, reference))
        return json.loads(body.decode("utf-8"))

    def configuration(self, repository, reference):
        """:returns: dict, what the image says of itself: its `config` (Env, Labels, ...), its `history`"""
        digest = self.manifest(repository, reference)["config"]["digest"]
        return self._json("/v2/{0}/blobs/{1}".format(repository, digest))

    def manifests(self, repository):
        """:returns: list of str, digests of all manifests the repository holds, tagged or not"""
        found = self._path("data/docker/registry/v2/repositories")
        found = os.path.join(found, repository, "_manifests", "revisions", "sha256")
        return (
            sorted("sha256:" + name for name in os.listdir(found)) if os.path.isdir(found) else []
        )

    def ask(self, method, path, body=b"", headers=None):
        """One request to its API, with the login where it wants one.

        :returns: (int status, dict of headers by lower-case name, bytes)
        """
        connection = self._connection()
        try:
            connection.request(method, path, body, self._headers(headers))
            answer = connection.getresponse()
            names = dict((name.lower(), value) for name, value in answer.getheaders())
            return answer.status, names, answer.read()
        finally:
            connection.close()

    def access_log(self):
        """:returns: list of str, one "METHOD /path status" for each request it answered since its first start"""
        with open(self.log, "rb") as log:
            lines = log.read().decode("utf-8", "replace").splitlines()
        quoted = [line.split('"') for line in lines if '"' in line and " HTTP/" in line]
        return [
            "{0} {1}".format(parts[1].rpartition(" ")[0], parts[2].split()[0])
            for parts in quoted
            if len(parts) > 2 and parts[2].split()
        ]

    def _manifest(self, repository, reference):
        path = "/v2/{0}/manifests/{1}".format(repository, reference)
        return self.ask("GET", path, headers={"Accept": MANIFESTS})

    def _json(self, path):
        return json.loads(self.ask("GET", path)[2].decode("utf-8"))

    def _connection(self):
        if not self.ca_file:
            return HTTPConnection(self.host, self.port, timeout=20)
        context = ssl.create_default_context(cafile=self.ca_file)
        return HTTPSConnection(self.host, self.port, timeout=20, context=context)

    def _headers(self, more):
        headers = dict(more or {})
        if self.username:
            login = "{0}:{1}".format(self.username, self.password).encode("utf-8")
            headers["Authorization"] = "Basic " + base64.b64encode(login).decode("ascii")
        return dict((process.native(name), process.native(headers[name])) for name in headers)

    def _answers(self):
        try:
            return self.ask("GET", "/v2/")[0] == 200
        except (EnvironmentError, HTTPException):
            return False

    def _write_configuration(self):
        http = {"addr": self.address, "secret": base64.b64encode(os.urandom(32)).decode("ascii")}
        if self.ca_file:
            http["tls"] = self._make_certificate()
        storage = {
            "filesystem": {"rootdirectory": self._path("data")},
            "delete": {"enabled": True},
        }
        log = {"level": "warn", "accesslog": {"disabled": False}}
        configuration = {"version": "0.1", "log": log, "storage": storage, "http": http}
        if self.username:
            configuration["auth"] = {"htpasswd": {"realm": "lab", "path": self._make_htpasswd()}}
        with open(self._path("config.yml"), "wb") as file:
            # JSON is YAML
            file.write(json.dumps(configuration, indent=1).encode("utf-8"))

    def _make_htpasswd(self):
        # -C 4: the cheapest bcrypt, it is computed for each request
        words = ["htpasswd", "-B", "-C", "4", "-b", "-n", self.username, self.password]
        with open(self._path("htpasswd"), "wb") as file:
            file.write(process.output(words).strip().encode("utf-8") + b"\n")
        return self._path("htpasswd")

    def _make_certificate(self):
        """:returns: dict, the `tls` part of the configuration; the CA's certificate is in .ca_file then"""
        made = certificates.make(self.directory)
        return {"certificate": made.certificate, "key": made.key}

    def _path(self, name):
        return os.path.join(self.directory, name)
