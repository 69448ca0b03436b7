"""A pack's image for the project, from what its package_to_docker.sh leaves to its first answer.

In: an engine, a build that ran CONTEXT. Out: what the application answers. No registry stands in between: pushing
images of this size takes long, and tests/executor/test_publish.py does it with small ones.
"""

from __future__ import absolute_import, print_function, unicode_literals

import contextlib
import os

from six.moves.urllib.request import urlopen

from tests.lab import process
from tests.packs.bench import PACKS

CONTEXT = """#!/bin/sh
set -eu
sh "$TRISTAN_BUILD/build_project.sh"
export TRISTAN_CONTEXT="$HOME/context" TRISTAN_DOCKERFILE=pack
rm -rf "$TRISTAN_CONTEXT"
mkdir "$TRISTAN_CONTEXT"
sh "$TRISTAN_BUILD/package_to_docker.sh"
"""
"""What a build runs instead of its own script, so that the context of its image is there in the end."""

START_SECONDS = 120


class AppImage(object):
    """Images of one language's applications, one at a time, by .name (str).

    :param base_image: str, an image of the lab, which stands for the Dockerfile's own base
    """

    def __init__(self, engine, language, base_image):
        self._engine = engine
        self.name = "tristan-lab/app:session-{0}".format(os.getpid())
        self._options = ["--file", os.path.join(PACKS, language, "Dockerfile")]
        self._options += ["--build-arg", "BASE_IMAGE=" + base_image]
        self._options += ["--build-arg", "IMAGE_PROJECT_TAG=shop-main"]

    @contextlib.contextmanager
    def started(self, status, options=(), arguments=()):
        """Make the image of a build that ran CONTEXT, and start it; its port 8080 answers when the block begins.

        :returns: Function (str path) -> str, what it answers
        """
        words = ["build", "--force-rm", "--tag", self.name] + self._options
        self._engine.run(words + [context(status)])
        try:
            with running(self._engine, [self.name] + list(arguments), options) as ask:
                yield ask
        finally:
            self._engine.run(["rmi", self.name])


def context(status):
    """:returns: str, the directory that CONTEXT filled"""
    project = os.path.dirname(os.path.dirname(os.path.dirname(status["source"])))
    return os.path.join(project, "cache", "home", "context")


@contextlib.contextmanager
def running(engine, image_and_arguments, options):
    words = ["run", "--detach", "--publish", "127.0.0.1::8080"]
    container = engine.run(words + list(options) + image_and_arguments).strip()
    try:
        address = "http://" + engine.run(["port", container, "8080/tcp"]).split()[0]
        process.wait_until(lambda: _answers(address), START_SECONDS, Said(engine, container))
        yield lambda path: _get(address + path)
    finally:
        engine.run(["rm", "--force", container])


class Said(object):
    """What a container said, asked only when it is printed."""

    def __init__(self, engine, container):
        self._engine, self._container = engine, container

    def __format__(self, _):
        return "an image that said " + repr(self._engine.run(["logs", self._container]))


def _get(address):
    answer = urlopen(address, timeout=60)
    try:
        return answer.read().decode("utf-8")
    finally:
        answer.close()


def _answers(address):
    try:
        return bool(_get(address + "/"))
    except (IOError, OSError):
        return False
