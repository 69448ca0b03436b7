"""A project's image from the command line: built on the machine, pushed to a real registry, named, started."""

from __future__ import absolute_import, print_function, unicode_literals

import io
import os
import re

import pytest

from tests.end_to_end.operator import PASSWORD
from tests.lab import process
from tests.lab.registry import Registry

pytestmark = pytest.mark.once

REPOSITORY = "team/served-main"


@pytest.fixture(scope="module")
def registry(operator):
    """A registry that lets in ``robot`` alone, and that the operator's file knows."""
    with Registry("robot", PASSWORD) as made:
        operator.configure(registry_port=made.port)
        yield made


@pytest.fixture(scope="module")
def built(operator, registry):
    """The result of a build, without --json."""
    return operator.run("build", "served", "--branch", "main")


@pytest.fixture(scope="module")
def status(operator, built):
    return operator.json("status", "--limit", "1")[0]


def test_the_image_is_in_the_registry_and_named_at_the_end(operator, registry, built, status):
    assert built.code == 0, built
    app_image = status["app_image"]
    name = "%s/%s:%s_" % (registry.address, REPOSITORY, status["build_id"])
    assert re.match(re.escape(name) + r"20\d{10}\Z", app_image["image"])
    tag = app_image["image"].rpartition(":")[2]
    assert registry.digest(REPOSITORY, tag) == app_image["digest"]
    for text in (built.err, operator.log(status).decode("utf-8")):
        assert app_image["image"] in text and app_image["digest"] in text


def test_the_moving_tags_are_set_once_by_the_controller(operator, registry, built, status):
    digest = status["app_image"]["digest"]
    for tag in ("latest", "main"):
        assert registry.digest(REPOSITORY, tag) == digest
        puts = "PUT /v2/%s/manifests/%s 201" % (REPOSITORY, tag)
        assert registry.access_log().count(puts) == 1
    operator.run("status")
    assert registry.access_log().count("PUT /v2/%s/manifests/latest 201" % REPOSITORY) == 1


def test_json_gives_the_image_and_its_tags(operator, registry, built):
    result = operator.json("build", "served", "--branch", "main")
    assert sorted(result["app_image"]) == ["digest", "id", "image", "tags"]
    assert sorted(tag.rpartition(":")[2] for tag in result["app_image"]["tags"]) == [
        "latest",
        "main",
    ]
    assert registry.digest(REPOSITORY, "latest") == result["app_image"]["digest"]


def test_the_image_is_gone_from_the_machine(operator, status):
    assert not operator.engine.has_image(status["app_image"]["image"])
    mine = "label=tristan.build_id=" + status["build_id"]
    assert operator.engine.run(["images", "--quiet", "--filter", mine]) == ""


def test_the_password_is_nowhere_on_the_machine(operator, status):
    assert PASSWORD.encode("utf-8") not in operator.log(status)
    for directory, _, names in os.walk(operator.sshd.root):
        for name in names:
            path = os.path.join(directory, name)
            if os.path.isfile(path):
                with io.open(path, "rb") as source:
                    assert PASSWORD.encode("utf-8") not in source.read(), path


def test_the_image_starts_and_answers(operator, registry, status):
    engine = operator.engine
    login = ["login", "--username", "robot", "--password-stdin", registry.address]
    engine.run(login, PASSWORD.encode("utf-8"))
    name = "tristan-lab-served-%d" % os.getpid()
    try:
        # Loopback of its own: the question is asked inside, whatever the engine's network is.
        engine.run(
            ["run", "--detach", "--name", name, "--network", "none", status["app_image"]["image"]]
        )
        ask = (
            "import urllib.request as u; print(u.urlopen('http://127.0.0.1:8080/').read().decode())"
        )
        process.wait_until(lambda: _answer(engine, name, ask), 120, "the image's server")
        assert _answer(engine, name, ask).strip() == "it's; $(id)"
        variables = engine.run(["exec", name, "env"]).splitlines()
        assert "SW_AGENT_NAME=served-main" in variables
    finally:
        engine.run(["rm", "--force", name])
        engine.run(["rmi", "--force", status["app_image"]["image"]])
        engine.run(["logout", registry.address])


def _answer(engine, name, program):
    try:
        return engine.run(["exec", name, "python3", "-c", program])
    except process.LabError:
        return ""


def test_a_wrong_password_is_an_error_of_the_registry(operator, registry):
    operator.configure(registry_username="nobody")
    try:
        result = operator.json("build", "served", "--branch", "main")
    finally:
        operator.configure(registry_username="robot")
    assert (result["state"], result["cause"]) == ("error", "registry_denied")
    assert result["app_image"] is None
