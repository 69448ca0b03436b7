"""Asking Docker over its own socket, where that is what its client would do, too: the client takes 20 ms to start.

In: the engine's command, the environment of the host's commands. Out: what Docker says, or that it was not asked.
"""

from __future__ import absolute_import, print_function

import os

from business_hyper_fusion import files

SECONDS = 5.0
"""For an answer; then whoever asks goes on without one."""


def says_gone(engine, environment, container):
    """Whether Docker says that it has no container of that name; False, too, where it can't be asked."""
    path = socket_of(engine, environment)
    return bool(path) and _status(path, "/containers/%s/json" % container) == b"404"


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


def _status(path, target):
    """:returns: the three digits of an HTTP answer, b"" where there is none."""
    import socket  # 2 ms, for builds in containers alone

    client = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        client.settimeout(SECONDS)
        client.connect(path)
        client.sendall(("GET %s HTTP/1.0\r\nHost: docker\r\n\r\n" % target).encode("ascii"))
        return _first_line(client).split(b" ")[1][:3]
    except (IOError, OSError, IndexError):
        return b""
    finally:
        client.close()


def _first_line(client):
    received = b""
    while b"\r\n" not in received and len(received) < 1000:
        data = client.recv(1000)
        if not data:
            break
        received += data
    return received.partition(b"\r\n")[0]
