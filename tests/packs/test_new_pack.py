"""A new language is one new folder: once it is in an installation, its projects are built, pushed and started."""

from __future__ import absolute_import, print_function, unicode_literals

import io
import os
import shutil
import sys

import pytest

from controller.release import INSTALLED_ROOT
from tests.end_to_end.operator import PASSWORD, Operator
from tests.lab import busybox, process, python

pytestmark = [pytest.mark.once, pytest.mark.end_to_end]

PUSHED = ("business_hyper_fusion", "cache", "controller", "data_data", "templates")
PACK = {
    "build_project.sh": """#!/bin/sh
# Build a book: its chapters, one after the other.
set -eu
cd "$TRISTAN_SOURCE/$TRISTAN_MODULE_PATH"
mkdir -p dist
cat "$TRISTAN_DEPENDENCY_LIB/title" *.txt >dist/book
""",
    "artifacts": "dist/book\n",
    "startup.sh": '#!/bin/sh\nset -eu\necho "$SW_AGENT_NAME: $*"\nexec cat book\n',
    "Dockerfile": """ARG BASE_IMAGE=busybox
FROM ${BASE_IMAGE}
COPY dist/book startup.sh ./
ARG IMAGE_PROJECT_TAG
ENV SW_AGENT_NAME=${IMAGE_PROJECT_TAG}
USER 10001:10001
ENTRYPOINT ["./startup.sh"]
""",
}
PROFILE = """build_profiles:
  book: {{language: book, image: "{0}", base_image: "{0}", docker_registry: main, network: none}}
"""
PROJECT = "projects:\n  novel: {repository: group/shop, build_profile: book, module_path: novel}\n"


class Installation(Operator):
    """An operator with an installation of their own, to which packs can be added."""

    def __init__(self, *parameters, **named):
        self.root = process.directory("installation")
        shutil.copy(os.path.join(INSTALLED_ROOT, "startup.py"), self.root)
        ignored = shutil.ignore_patterns("__pycache__", "*.pyc")
        for name in PUSHED:
            source, target = os.path.join(INSTALLED_ROOT, name), os.path.join(self.root, name)
            shutil.copytree(source, target, ignore=ignored)
        Operator.__init__(self, *parameters, **named)

    def add_pack(self, language, files):
        write(os.path.join(self.root, "business_hyper_fusion", language), files)

    def environment(self):
        return dict(Operator.environment(self), PYTHONPATH=process.native(self.root))

    def command(self, *words):
        program = [sys.executable, "-m", "controller", "--config", self.configuration]
        return [process.native(word) for word in program + list(words)]

    def stop(self):
        made = ["images", "--quiet", "--filter", "label=tristan.root=" + self.sshd.root]
        for image in self.engine.run(made).split():
            self.engine.run(["rmi", image])
        Operator.stop(self)
        process.remove(self.root)


def write(directory, files):
    os.makedirs(directory)
    for name, text in files.items():
        with io.open(os.path.join(directory, name), "w", encoding="utf-8") as target:
            target.write(text)


@pytest.fixture
def image(engine):
    """str, name of an image that has a shell and little more"""
    name = busybox.make(engine, "tristan-lab/book:session-{0}".format(os.getpid()))
    yield name
    engine.run(["rmi", "--force", name])


@pytest.fixture
def operator(engine, make_registry, image):
    registry = make_registry("robot", PASSWORD)
    here = python.interpreter()
    images = {"python_image": image, "nodejs_image": image, "registry_port": registry.port}
    found = Installation(engine, python=here, **images)
    try:
        found.enroll()
        found.shop.commit({"novel/1.txt": "Once\n", "novel/2.txt": "upon a time\n"})
        with io.open(found.configuration, encoding="utf-8") as source:
            text = source.read()
        text = text.replace("build_profiles:\n", PROFILE.format(image))
        with io.open(found.configuration, "w", encoding="utf-8") as target:
            target.write(text.replace("projects:\n", PROJECT))
        yield found
    finally:
        found.stop()


def test_a_new_pack_is_one_new_folder(operator, engine, tmpdir):
    refused = operator.run("build", "novel", "--branch", "main")
    assert refused.code != 0
    assert "there is no language pack book" in refused.err
    operator.add_pack("book", PACK)
    write(os.path.join(operator.home, "cache", "dependency_lib", "book"), {"title": "A novel\n"})
    built = operator.run("build", "novel", "--branch", "main")
    assert built.code == 0, built
    status = operator.json("status")[0]
    assert [artifact["name"] for artifact in status["artifacts"]] == ["dist/book"]
    with io.open(status["artifacts"][0]["path"]) as book:
        assert book.read() == "A novel\nOnce\nupon a time\n"
    assert "Build a book" in operator.run("preview", "novel", "--branch", "main").out
    said = started(engine, status["app_image"]["image"], str(tmpdir))
    assert said == "novel-main: in print\nA novel\nOnce\nupon a time\n"


def started(engine, image, login):
    """
    :param login: str, a directory for the engine's configuration
    :returns: str, what an image of the registry says when it is started
    """
    words = ["login", "--username", "robot", "--password-stdin", image.partition("/")[0]]
    engine.run(["--config", login] + words, PASSWORD.encode("utf-8"))
    try:
        return engine.run(["--config", login, "run", "--rm", image, "in print"])
    finally:
        engine.run(["rmi", image])
