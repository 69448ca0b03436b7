"""PHP projects, built by a real Composer in a real container, and served by a real Apache."""

from __future__ import absolute_import, print_function, unicode_literals

import tarfile

import pytest
from six.moves.urllib.error import HTTPError

from tests.packs import app_image
from tests.packs import php_projects as projects
from tests.packs.file_server import FileServer

pytestmark = pytest.mark.once


@pytest.fixture
def machine(make_pack_machine, php_image):
    return make_pack_machine(php_image, "php")


@pytest.fixture
def packages():
    """A repository of packages over HTTP."""
    server = FileServer()
    projects.publish(server)
    yield server
    server.stop()


def members(status):
    """:returns: set of str, the files of app.tar.gz"""
    assert [artifact["name"] for artifact in status["artifacts"]] == ["app.tar.gz"]
    with tarfile.open(status["artifacts"][0]["path"]) as archive:
        return set(archive.getnames())


def test_built_twice_downloaded_once_and_the_image_answers(engine, php_image, machine, packages):
    machine.project("shop", projects.locked(engine, packages, projects.project()))
    machine.configure(projects.configuration(packages))
    packages.forget()
    status, log = machine.build("shop", network="host")
    assert status["state"] == "success", log
    assert packages.forget() == ["GET /lab/greeting.zip"]
    status, log = machine.build("shop", script=app_image.CONTEXT, network="none")
    assert status["state"] == "success", log
    assert not packages.requests
    found = members(status)
    assert {"./vendor/lab/greeting/code.php", "./vendor/lab/clock/clock.php", "./built"} <= found
    assert "./vendor/lab/testing" not in found
    with app_image.AppImage(engine, "php", php_image).started(status) as ask:
        assert ask("/world") == "shop-main Hello, world! tick built"
        assert ask("/style.css") == "a { color: red }\n"
        with pytest.raises(HTTPError) as refused:
            ask("/.env")
        assert refused.value.code == 403
