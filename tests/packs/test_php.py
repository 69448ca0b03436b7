"""PHP projects, built by a real Composer in a real container, and served by a real Apache."""

from __future__ import absolute_import, print_function, unicode_literals

import io
import tarfile

import pytest
from six.moves.urllib.error import HTTPError

from tests.lab.proxy import Proxy
from tests.packs import app_image
from tests.packs import php_projects as projects
from tests.packs.bench import shipped
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


def test_composer_goes_through_a_proxy_to_a_server_of_an_own_authority(
    engine, machine, packages, certificates
):
    files = projects.locked(engine, packages, projects.project())
    there = "https://repo.example"
    lock = files["composer.lock"].replace(packages.address, there)
    machine.project("shop", dict(files, **{"composer.lock": lock}))
    machine.configure({"config.json": shipped("php", "config.json")})
    server = FileServer(certificates=certificates)
    projects.publish(server)
    with io.open(certificates.ca_file) as source, Proxy({"repo.example": server.port}) as proxy:
        access = {"address": proxy.address, "no_proxy": ""}
        status, log = machine.build("shop", network="host", proxy=access, ca=source.read())
    server.stop()
    assert status["state"] == "success", log
    assert server.requests == ["GET /lab/greeting.zip"]
    assert proxy.requests == ["CONNECT repo.example:443"]
