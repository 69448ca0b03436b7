"""Asking Docker over its own socket, where its client would go, too: starting that one takes 20 ms.

In: the engine's command, the environment of the host's commands. Out: what Docker says, or that it was not asked.
Paths of Docker's API are those of its first versions; the newest ones still have them.
"""

from __future__ import absolute_import, print_function

import json
import os

from business_hyper_fusion import compat, files

SECONDS = 5.0
"""For an answer; then whoever asks goes on without one."""

MOST_BYTES = 4 * 1024 * 1024
"""Of an answer; what Docker tells of an image has some thousand."""


def says_gone(engine, environment, container):
    """Whether Docker says that it has no container of that name; False, too, where it can't be asked."""
    path = socket_of(engine, environment)
    return bool(path) and Question(path, "/containers/%s/json" % container).answer()[0] == b"404"


def ask_for_images(engine, environment, names):
    """:param names: of images, or ids.
    :returns: list of Question, one for each name, whose answers can wait; [] where Docker can't be asked so.
    """
    path = socket_of(engine, environment)
    return [Question(path, "/images/%s/json" % name) for name in names] if path else []


def socket_of(engine, environment):
    """:returns: path of the unix socket that a Docker client would use, "" where it may be another place."""
    host = environment.get("DOCKER_HOST") or "unix:///var/run/docker.sock"
    if len(engine) == 3 and engine[1] in ("-H", "--host"):
        host = engine[2]
    elif len(engine) != 1 or _has_context(environment):
        return ""
    is_docker = os.path.basename(engine[0]) == "docker"
    return host[len("unix://") :] if is_docker and host.startswith("unix://") else ""


def _has_context(environment):
    """Whether the client's configuration leads it elsewhere."""
    own = os.path.join(environment.get("HOME", ""), ".docker")
    path = os.path.join(environment.get("DOCKER_CONFIG") or own, "config.json")
    configured = (files.read_json(path) or {}).get("currentContext")
    return bool(environment.get("DOCKER_CONTEXT") or configured)


class Question(object):
    """Sent when it is made. Its answer can wait; it is asked for once, or never, and then `close` is called."""

    def __init__(self, path, target):
        import socket  # 2 ms, for builds in containers alone

        self._client = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        compat.close_on_exec(self._client.fileno())
        self._client.settimeout(SECONDS)
        try:
            self._client.connect(path)
            # Of this version an answer is not cut into chunks, and the connection ends with it.
            self._client.sendall(
                ("GET %s HTTP/1.0\r\nHost: docker\r\n\r\n" % target).encode("ascii")
            )
        except (IOError, OSError):
            self.close()

    def answer(self):
        """:returns: (the three digits of an HTTP answer, b"" where there is none; what came with it, bytes)."""
        try:
            head, _, body = self._received().partition(b"\r\n\r\n")
            return head.split(b" ")[1][:3], body
        except (IOError, OSError, IndexError):
            return b"", b""
        finally:
            self.close()

    def document(self):
        """:returns: the object that is the answer; {} where Docker has none of that name; None where it is not said."""
        status, body = self.answer()
        if status == b"404":
            return {}
        try:
            document = json.loads(body.decode("utf-8")) if status == b"200" else None
        except ValueError:
            return None
        return compat.native(document) if isinstance(document, dict) else None

    def close(self):
        self._client.close()

    def _received(self):
        """:raises OSError: it is silent for SECONDS, or has no end within MOST_BYTES."""
        received = bytearray()
        while len(received) <= MOST_BYTES:
            data = compat.retry_interrupted(self._client.recv, 65536)
            if not data:
                return bytes(received)
            received.extend(data)
        raise OSError("an answer of more than %d bytes" % MOST_BYTES)
