"""The container engine (docker or podman): its argument lists, and what its refusals mean. Runs nothing.

``engine`` is the command's words throughout, e.g. ["sudo", "docker"]: what an operator's configuration says.
"""

from __future__ import absolute_import, print_function

import errno

from business_hyper_fusion import outcome

JSON_LINE = '{{json .}}{{""}}'
"""One line of JSON each; ``{{json .}}`` alone is to Podman the word ``json``: one pretty list over many lines."""


def image_inspect(engine, images):
    """One line of JSON for each image, in the given order."""
    return engine + ["image", "inspect", "--format", JSON_LINE] + images


def pull(engine, image):
    return engine + ["pull", image]


def build_image(engine, name, labels, arguments, kind="docker"):
    """``docker build`` with the Dockerfile on stdin and no context; needs no network."""
    # --force-rm: the classic builder would leave the container of a step that failed.
    words = engine + ["build", "--network", "none", "--force-rm", "--tag", name]
    # Podman would keep each step as an image without a name.
    words += ["--layers=false"] if kind == "podman" else []
    for key, value in sorted(labels.items()):
        words += ["--label", "%s=%s" % (key, value)]
    for key, value in sorted(arguments.items()):
        words += ["--build-arg", "%s=%s" % (key, value)]
    return words + ["-"]


def tag(engine, image, name):
    return engine + ["tag", image, name]


def remove_image(engine, image):
    return engine + ["image", "rm", image]


def kill(engine, container, signal_number):
    return engine + ["kill", "--signal", str(int(signal_number)), container]


def version(engine):
    return engine + ["version", "--format", "{{.Server.Version}}"]


def client_version(engine):
    return engine + ["version", "--format", "{{.Client.Version}}"]


def buildx_version(engine):
    return engine + ["buildx", "version"]


def unavailable(engine, environment, last_line):
    """Tell a missing right from a daemon that is down, by asking its socket rather than reading its message.

    :param last_line: what the engine said last, for the message.
    :returns: outcome.Ended.
    """
    number = None if "sudo" in engine[:1] else _connect(_socket_path(engine, environment))
    if number in (errno.EACCES, errno.EPERM):
        remedy = "add the SSH user to the engine's group or set `engine: sudo %s`" % engine[-1]
        return outcome.error(
            "engine_denied", "%s: access to the engine is denied; %s" % (engine[0], remedy)
        )
    words = " ".join(engine)
    message = "%s does not answer (%s); start it, then `tristan doctor` checks it" % (
        words,
        last_line,
    )
    return outcome.error("engine_unavailable", message)


def _socket_path(engine, environment):
    """The unix socket that the command talks to, or "" when it talks to something else."""
    host = environment.get("DOCKER_HOST", "unix:///var/run/docker.sock")
    for option in ("-H", "--host"):
        if option in engine[:-1]:
            host = engine[engine.index(option) + 1]
    return host[len("unix://") :] if host.startswith("unix://") else ""


def _connect(path):
    """:returns: errno of connecting to a unix socket, or None when that works or there is no path."""
    if not path:
        return None
    import socket  # 2 ms, and only an engine that does not answer is asked this way

    client = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        client.settimeout(5)
        client.connect(path)
    except socket.error as error:
        return error.errno
    finally:
        client.close()
    return None
