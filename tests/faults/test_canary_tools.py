"""Each language's tools get their secrets, use them, and show them to nobody: no process, no file on the disk."""

from __future__ import absolute_import, print_function, unicode_literals

import json

import pytest

from tests.faults import rows
from tests.faults.canary import Sampler, files_with
from tests.faults.vault import Vault
from tests.lab import process
from tests.packs import java_projects, nodejs_projects, php_projects
from tests.packs.file_server import FileServer
from tests.packs.index import Index

BACKEND = """import os, zipfile
def build_wheel(directory, config_settings=None, metadata_directory=None):
    import greeting
    name = "shop-1.0-py3-none-any.whl"
    about = "shop-1.0.dist-info/"
    files = {"shop.py": "", about + "METADATA": "Metadata-Version: 2.1\\nName: shop\\nVersion: 1.0\\n"}
    files[about + "WHEEL"] = "Wheel-Version: 1.0\\nGenerator: lab\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n"
    files[about + "RECORD"] = ""
    with zipfile.ZipFile(os.path.join(directory, name), "w") as wheel:
        for path, text in files.items():
            wheel.writestr(path, text)
    return name
"""
PYPROJECT = """[build-system]
requires = ["backend", "greeting"]
build-backend = "backend"
[project]
name = "shop"
version = "1.0"
"""


@pytest.fixture
def make_vault(engine, executor_python):
    """Function (language, image) -> Vault."""
    made = []

    def make(language, image):
        made.append(Vault(engine, executor_python, {language: image, "python": image}))
        made[-1].enroll()
        return made[-1]

    yield make
    for vault in made:
        vault.stop()


@pytest.fixture
def index():
    found = Index()
    yield found
    found.stop()


@pytest.fixture
def files():
    found = FileServer()
    yield found
    found.stop()


def check(vault, language, injections):
    """Build, and look at all processes meanwhile, at the machine's disk afterwards."""
    with injections.measured():
        with Sampler(vault.canaries) as sampler:
            built = vault.run("--debug", "build", language, "--branch", "main", "--json")
        status = json.loads(built.out)
        assert status.get("state") == "success", built
    assert sampler.found == set() and sampler.rounds > 20
    assert (
        files_with(vault.canaries, [vault.sshd.directory, vault.home], but=vault.own_places()) == []
    )
    for text in vault.shown:
        assert vault.canaries.seen_in(text) == [], text


@rows.hostile(12)
@rows.thorough
def test_pip_with_a_login_in_an_address(make_vault, python_image, index, injections):
    """It fetches what makes the wheel by a process of its own, which it tells of its indexes in arguments."""
    vault = make_vault("python", python_image)
    index.add_wheel("backend", "1.0", {"backend.py": BACKEND})
    index.add_wheel("greeting", "1.0", {"greeting.py": ""})
    password = vault.canaries.text("pip") + "/%\\x"
    index.login = "robot:" + password
    escaped = password.replace("%", "%25").replace("/", "%2F").replace("\\", "%5C")
    vault.add({"PIP_INDEX_URL": "http://robot:%s@%s/simple" % (escaped, index.host)})
    vault.repository("python", {"pyproject.toml": PYPROJECT})
    check(vault, "python", injections)
    assert len([one for one in index.requests if one.endswith(".whl")]) == 2


@rows.hostile(12)
@rows.thorough
@pytest.mark.parametrize("manager", ["npm", "berry", "pnpm", "yarn"])
def test_npm_and_its_like_with_a_token_in_the_project_s_own_file(
    make_vault, engine, nodejs_image, index, injections, manager
):
    vault = make_vault("nodejs", nodejs_image)
    nodejs_projects.publish(index)
    found = nodejs_projects.locked(engine, index, manager, nodejs_projects.project(manager))
    own = nodejs_projects.configuration(index)
    found[".npmrc"] = own[".npmrc"]
    found[".yarnrc.yml"] = found.get(".yarnrc.yml", "") + own[".yarnrc.yml"]
    vault.repository("nodejs", found)
    index.token = vault.canaries.text("NPM_TOKEN")
    check(vault, "nodejs", injections)
    assert len([one for one in index.requests if one.endswith(".tgz")]) >= 2


@rows.hostile(12)
@rows.thorough
def test_maven_with_a_login_in_its_settings(make_vault, engine, java_image, injections):
    directory = process.directory("maven")
    try:
        java_projects.unpack_repository(engine, directory)
        server = FileServer(directory)
        try:
            vault = make_vault("java", java_image)
            server.login = "robot:" + vault.canaries.text("MAVEN_PASSWORD")
            login = "<username>robot</username><password>${env.MAVEN_PASSWORD}</password>"
            servers = "<servers><server><id>lab</id>%s</server></servers></settings>" % login
            text = java_projects.settings(server.address).replace("</settings>", servers)
            vault.settings("java", {"settings.xml": text})
            vault.repository("java", java_projects.single())
            check(vault, "java", injections)
            assert server.requests
        finally:
            server.stop()
    finally:
        process.remove(directory)


@rows.hostile(12)
@rows.thorough
def test_composer_with_a_login(make_vault, engine, php_image, files, injections):
    vault = make_vault("php", php_image)
    php_projects.publish(files)
    vault.repository("php", php_projects.locked(engine, files, php_projects.project()))
    vault.settings("php", php_projects.configuration(files))
    password = vault.canaries.text("composer")
    login = {"http-basic": {files.host: {"username": "robot", "password": password}}}
    vault.add({"COMPOSER_AUTH": json.dumps(login)})
    files.login = "robot:" + password
    files.forget()
    check(vault, "php", injections)
    assert files.requests == ["GET /lab/greeting.zip"]
