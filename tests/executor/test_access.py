"""Behind a proxy and with a CA of the operator's: host-side git, the build container and the dependency tools.

The servers have names that only the proxy knows, and certificates of a CA that nobody knows.
"""

from __future__ import absolute_import, print_function, unicode_literals

import io
import json
import os

import pytest

from business_hyper_fusion import access
from tests.executor.machine import Machine
from tests.lab import answering, certificates
from tests.lab.git_server import GitOverHttp
from tests.lab.proxy import Proxy
from tests.packs.file_server import zipped
from tests.packs.index import Index

NAME, COMPOSER = "packages.lab.invalid", "composer.lab.invalid"


class Work(object):
    """What access.py asks of one."""

    def __init__(self, directory, address="", no_proxy="", ca=""):
        self.request = {"proxy": {"address": address, "no_proxy": no_proxy}, "ca": ca}
        self._directory = directory

    def scratch(self, name):
        return os.path.join(self._directory, name)


def test_nothing_without_proxy_and_ca(tmpdir):
    work = Work(str(tmpdir))
    assert (access.variables(work, True), access.git_variables(work), access.mounts(work)) == (
        {},
        {},
        [],
    )
    assert tmpdir.listdir() == []


def test_variables_of_a_proxy(tmpdir):
    values = access.variables(Work(str(tmpdir), "http://proxy:3128", "a.example,127.0.0.1"), True)
    assert values["http_proxy"] == values["HTTPS_PROXY"] == "http://proxy:3128"
    assert values["no_proxy"] == values["NO_PROXY"] == "a.example,127.0.0.1,localhost"


def test_the_machines_own_list_goes_on_counting(tmpdir, monkeypatch):
    """A bundle that replaces the usual one holds the usual one, and the login's choice is the usual one."""
    usual = tmpdir.join("usual.pem")
    usual.write("USUAL")
    monkeypatch.delenv(str("GIT_SSL_CAINFO"), raising=False)
    monkeypatch.setenv(str("SSL_CERT_FILE"), str(usual))
    work = Work(str(tmpdir), ca="OWN")
    inside, outside = access.variables(work, True), access.variables(work, False)
    assert inside["TRISTAN_CA_FILE"] == "/tristan/ca/ca.pem"
    assert inside["SSL_CERT_FILE"] == "/tristan/ca/bundle.pem"
    assert access.mounts(work) == [(str(tmpdir.join("ca")), "/tristan/ca", True)]
    assert tmpdir.join("ca", "ca.pem").read() == "OWN\n"
    with open(outside["PIP_CERT"]) as bundle:
        assert bundle.read() == "USUAL\nOWN\n"
    assert access.git_variables(work) == {"GIT_SSL_CAINFO": outside["SSL_CERT_FILE"]}


@pytest.fixture
def trust(tmpdir):
    """Certificates for NAME."""
    return certificates.make(
        str(tmpdir.mkdir("trust")), certificates.NAMES + ",DNS:" + NAME + ",DNS:" + COMPOSER
    )


@pytest.fixture
def proxy():
    with Proxy({}) as running:
        yield running


@pytest.fixture
def https(repositories, shop, trust, proxy):
    """The project's git server, by https; .away is its address for who goes through the proxy."""
    both = os.path.join(os.path.dirname(trust.key), "both.pem")
    with io.open(both, "wb") as target:
        for path in (trust.key, trust.certificate):
            with io.open(path, "rb") as source:
                target.write(source.read())
    server = GitOverHttp(repositories, certificate=both)
    proxy.ports[NAME] = server.port
    server.away = server.address("group/shop").replace("127.0.0.1", NAME)
    yield server
    server.stop()


def read(path):
    with io.open(path, encoding="utf-8") as source:
        return source.read()


def behind(proxy, trust):
    """:returns: dict, what a request says of them."""
    return {"proxy": {"address": proxy.address, "no_proxy": ""}, "ca": read(trust.ca_file)}


def test_git_on_the_host_and_in_the_build(machine, https, proxy, trust):
    script = 'cat "$TRISTAN_CA_FILE" && git ls-remote %s' % https.away
    request = machine.request(https.away, script, **behind(proxy, trust))
    status = machine.run(request)
    assert status["state"] == "success", machine.log(request)
    assert "BEGIN CERTIFICATE" in machine.log(request) and "refs/heads/main" in machine.log(request)
    assert set(proxy.requests) == {"CONNECT %s:%d" % (NAME, https.port)}
    assert len(proxy.requests) > 1


def test_a_server_that_is_reached_directly(machine, https, proxy, trust):
    """127.0.0.1 is never behind the proxy; the CA counts there, too."""
    request = machine.request(https.address("group/shop"), "true", **behind(proxy, trust))
    assert machine.run(request)["state"] == "success", machine.log(request)
    assert proxy.requests == []


def test_without_the_ca_the_cause_is_told(machine, https, proxy, trust):
    request = machine.request(https.away, "true", **dict(behind(proxy, trust), ca=""))
    status = machine.run(request)
    assert (status["state"], status["cause"]) == ("error", "repository_unavailable")
    assert "certificate" in status["message"]


def test_a_proxy_that_is_not_there(machine, https, trust):
    proxy = {"address": "http://127.0.0.1:1", "no_proxy": ""}
    request = machine.request(https.away, "true", proxy=proxy, ca=read(trust.ca_file))
    status = machine.run(request)
    assert status["cause"] == "repository_unavailable" and "127.0.0.1" in status["message"]


@pytest.mark.once
def test_files_of_lfs(machine, https, proxy, trust, shop):
    """git-lfs is a program of its own, with a way of its own."""
    shop.commit({".gitattributes": "*.bin filter=lfs -text\n", "a.bin": shop.pointer(b"large")})
    checkout = {"submodules": False, "lfs": True, "git_directory": False}
    script = 'cat "$TRISTAN_SOURCE/a.bin"'
    request = machine.request(https.away, script, checkout=checkout, **behind(proxy, trust))
    status = machine.run(request)
    assert status["state"] == "success", machine.log(request)
    assert "large" in machine.log(request).splitlines()
    assert set(proxy.requests) == {"CONNECT %s:%d" % (NAME, https.port)}


BERRY = "node /opt/berry/lib/node_modules/@yarnpkg/cli-dist/bin/yarn.js"

JAVASCRIPT = (
    """set -eu
export npm_config_registry=$INDEX YARN_REGISTRY=$INDEX YARN_NPM_REGISTRY_SERVER=$INDEX
export YARN_NODE_LINKER=node-modules YARN_ENABLE_TELEMETRY=0
for tool in "npm install" "yarn add" "pnpm add" "%s add"; do
    rm -rf /tmp/project && mkdir /tmp/project && cd /tmp/project && touch yarn.lock
    echo '{"name": "x", "version": "1.0.0"}' >package.json
    case $tool in npm* | pnpm*) rm yarn.lock ;; esac
    $tool greeting@1.0.0 && test -f node_modules/greeting/index.js && echo "got it by $tool"
done
"""
    % BERRY
)

PYTHON = """set -eu
python3 -m pip download --no-deps --dest /tmp/wheels --index-url "$INDEX/simple" greeting==1.0
echo got it by pip
python3 -c 'import urllib.request, os; urllib.request.urlopen(os.environ["INDEX"] + "/simple/greeting")'
echo got it by urllib
"""

PHP = """set -eu
mkdir /tmp/project && cd /tmp/project
cat >composer.json <<END
{"repositories": [{"type": "composer", "url": "$INDEX"}, {"packagist.org": false}]}
END
composer require --no-interaction lab/greeting:1.0.0 && test -f vendor/lab/greeting/composer.json
echo got it by composer
git ls-remote "$GIT" >/dev/null && echo got it by git
"""


@pytest.fixture
def index(trust, proxy):
    """An index with one package for each language, by https, at a name that only the proxy knows."""
    found = Index(trust)
    proxy.ports[NAME] = found.port
    found.address = "https://%s:%d" % (NAME, found.port)
    found.add_npm("greeting", "1.0.0", {"index.js": "module.exports = 'hello'\n"})
    found.add_wheel("greeting", "1.0", {"greeting.py": "text = 'hello'\n"})
    yield found
    found.stop()


@pytest.fixture
def tool_machine(engine):
    """Function (image) -> Machine."""
    made = []

    def make(image):
        made.append(Machine(engine.command, image))
        return made[-1]

    yield make
    for machine in made:
        machine.remove()


def in_the_container(machine, address, script, variables, changes):
    """:returns: list of str, what the script got, by which tool."""
    request = machine.request(
        address, script, "docker", network="host", environment=variables, **changes
    )
    machine.run(request)
    log = machine.log(request)
    got = [line[len("got it by ") :] for line in log.splitlines() if line.startswith("got it by ")]
    return got or log


@pytest.mark.once
def test_npm_yarn_and_pnpm(tool_machine, nodejs_image, address, index, proxy, trust):
    """... at last the Yarn of today, which shares its name with the one before it and nothing else."""
    got = in_the_container(
        tool_machine(nodejs_image),
        address,
        JAVASCRIPT,
        {"INDEX": index.address},
        behind(proxy, trust),
    )
    assert got == ["npm install", "yarn add", "pnpm add", BERRY + " add"]
    assert set(proxy.requests) == {"CONNECT %s:%d" % (NAME, index.port)}


@pytest.mark.once
def test_pip(tool_machine, python_image, address, index, proxy, trust):
    machine = tool_machine(python_image)
    variables = {"INDEX": index.address}
    got = in_the_container(machine, address, PYTHON, variables, behind(proxy, trust))
    assert got == ["pip", "urllib"]
    without = dict(behind(proxy, trust), ca="")
    log = in_the_container(machine, address, PYTHON, variables, without)
    assert "CERTIFICATE_VERIFY_FAILED" in log


def composer_index(address):
    """:returns: answers for a Composer repository with one package."""
    archive = zipped({"greeting/composer.json": '{"name": "lab/greeting"}'})
    dist = {"type": "zip", "url": address + "/greeting.zip"}
    package = {"name": "lab/greeting", "version": "1.0.0", "dist": dist}
    document = json.dumps({"packages": {"lab/greeting": {"1.0.0": package}}}).encode("ascii")
    pages = {"/packages.json": document, "/greeting.zip": archive}
    return lambda request: (200 if request.path in pages else 404, {}, pages.get(request.path, b""))


@pytest.mark.once
def test_composer_and_git(tool_machine, php_image, address, https, proxy, trust):
    answers = []
    with answering.Server(
        lambda asked: answers[0](asked), (trust.certificate, trust.key)
    ) as server:
        proxy.ports[COMPOSER] = server.port
        index = "https://%s:%d" % (COMPOSER, server.port)
        answers.append(composer_index(index))
        got = in_the_container(
            tool_machine(php_image),
            address,
            PHP,
            {"INDEX": index, "GIT": https.away},
            behind(proxy, trust),
        )
    assert got == ["composer", "git"]
    assert "CONNECT %s:%d" % (COMPOSER, server.port) in proxy.requests
    assert "CONNECT %s:%d" % (NAME, https.port) in proxy.requests
