"""Python projects, built by a real pip in a real container: packages and applications, and their images."""

from __future__ import absolute_import, print_function, unicode_literals

import json
import os
import sys

import pytest
from six.moves.urllib.request import urlopen

from tests.lab import process
from tests.packs import app_image
from tests.packs.bench import PACKS, SHELLS, Bench

pytestmark = pytest.mark.once

SERVER = """
import http.server, os, greeting

class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        answer = "%s uid %d pid %d" % (greeting.hello(os.environ["SW_AGENT_NAME"]), os.getuid(), os.getpid())
        self.wfile.write(answer.encode())

def main():
    http.server.HTTPServer(("", 8080), Handler).serve_forever()

if __name__ == "__main__":
    main()
"""
ANSWER = "Hello, shop-main! uid 10001 pid 1"
PACKAGE = """
[build-system]
requires = ["setuptools"]
build-backend = "setuptools.build_meta"

[project]
name = "my-shop"
version = "2.0"
dependencies = ["greeting", "shouting>=1"]
%s
[tool.setuptools]
py-modules = ["my_shop"]
"""
SCRIPT = '\n[project.scripts]\nmy-shop = "my_shop:main"\n'
NO_ISOLATION = {"PIP_NO_BUILD_ISOLATION": "0"}  # pip's way to say: use the image's setuptools


@pytest.fixture
def machine(make_pack_machine, python_image):
    return make_pack_machine(python_image, "python")


@pytest.fixture
def pins(index, machine):
    """str, a requirements.txt that pins everything; the index is known by the operator's pip.conf."""
    hello = "def hello(name):\n    return 'Hello, %s!' % name\n"
    first = index.add_wheel("greeting", "1.0", {"greeting.py": hello}, ["shouting"])
    second = index.add_wheel("shouting", "1.0", {"shouting.py": ""})
    index.add_wheel("shouting", "1.1", {"shouting.py": "newer"})
    machine.configure({"pip.conf": "[global]\nindex-url = %s/simple\n" % index.address})
    form = "greeting==1.0 --hash={0}\nshouting==1.0 \\\n    --hash={1}  # for greeting\n"
    return form.format(first, second)


def test_application_of_pinned_requirements(engine, python_image, machine, index, pins):
    machine.project("shop", {"requirements.txt": pins, "main.py": SERVER})
    status, log = machine.build("shop", network="host")
    assert status["state"] == "success", log
    assert any(request.endswith(".whl") for request in index.forget())
    status, log = machine.build("shop", script=app_image.CONTEXT, network="none")
    assert status["state"] == "success", log
    wheels = os.listdir(os.path.join(app_image.context(status), "wheels"))
    assert sorted(wheels) == ["greeting-1.0-py3-none-any.whl", "shouting-1.0-py3-none-any.whl"]
    with app_image.AppImage(engine, "python", python_image).started(status) as ask:
        assert ask("/") == ANSWER


def test_package_with_its_dependencies(engine, python_image, machine, index, pins):
    files = {"pyproject.toml": PACKAGE % SCRIPT, "my_shop.py": SERVER}
    machine.project("shop", dict(files, **{"requirements.txt": "shouting==1.0\n"}))
    build = {"network": "host", "environment": NO_ISOLATION}
    status, log = machine.build("shop", script=app_image.CONTEXT, **build)
    assert status["state"] == "success", log
    name = "my_shop-2.0-py3-none-any.whl"
    assert [artifact["name"] for artifact in status["artifacts"]] == ["dist/" + name]
    wheels = os.listdir(os.path.join(app_image.context(status), "wheels"))
    pinned = ["greeting-1.0-py3-none-any.whl", name, "shouting-1.0-py3-none-any.whl"]
    assert sorted(wheels) == pinned
    with app_image.AppImage(engine, "python", python_image).started(status) as ask:
        assert ask("/") == ANSWER


def test_module_and_startup_of_ones_own(engine, python_image, machine, index, pins):
    index_url = {"build:PIP_INDEX_URL": index.address + "/simple"}
    machine.configure({"pip.conf": "[global]\nindex-url = http://127.0.0.1:1/simple\n"})
    files = {"pyproject.toml": PACKAGE % "", "my_shop.py": SERVER}
    machine.project("shops", dict(("shops/one/" + path, text) for path, text in files.items()))
    build = {"network": "host", "environment": NO_ISOLATION, "script": app_image.CONTEXT}
    status, log = machine.build("shops", "shops/one", secrets=index_url, **build)
    assert status["state"] == "success", log
    image = app_image.AppImage(engine, "python", python_image)
    with image.started(status) as ask:
        assert ask("/") == ANSWER
    with image.started(status, ["--env", "APP_MODULE=http.server"], ["8080"]) as ask:
        assert ".package" in ask("/")


def test_builds_at_once_share_one_cache_and_leave_it_to_the_next(machine, index, pins):
    names = ["one", "two", "three"]
    for name in names:
        machine.project(name, {"requirements.txt": pins, "main.py": SERVER})
    shared = {"cache": {"scope": "language"}, "network": "host"}
    requests = [
        dict(machine.ask_for(name, **shared), executor_id=executor)
        for name, executor in zip(names, ("1", "2"))
    ]
    for request in requests:
        machine.launch(request)
    for request in requests:
        assert machine.wait(request)["state"] == "success", machine.log(request)
    status, log = machine.build("three", cache={"scope": "language"})
    assert status["state"] == "success", log
    assert "are here from an earlier build" in log


def test_kept_wheels_that_are_broken_are_fetched_anew(machine, index, pins):
    machine.project("shop", {"requirements.txt": pins})
    status, _ = machine.build("shop", network="host")
    project = os.path.dirname(os.path.dirname(os.path.dirname(status["source"])))
    kept = os.path.join(project, "cache", "dependency_lib", "wheels")
    (key,) = os.listdir(kept)
    with open(os.path.join(kept, key, "greeting-1.0-py3-none-any.whl"), "ab") as wheel:
        wheel.write(b"spoilt")
    status, log = machine.build("shop", network="host")
    assert status["state"] == "success", log
    assert "they don't fit any more" in log
    status, log = machine.build("shop", network="none")
    assert status["state"] == "success", log


def test_without_a_container(machine, index, pins):
    """The machine's own Python is the one that runs the tests, which has pip."""
    machine.project("shop", {"requirements.txt": pins})
    script = '#!/bin/sh\nPATH=%s/bin:$PATH exec sh "$TRISTAN_BUILD/build_project.sh"\n' % sys.prefix
    for fetched in (True, False):
        status, log = machine.build("shop", script=script, isolation="host")
        assert status["state"] == "success", log
        assert bool(index.forget()) == fetched


@pytest.fixture(params=SHELLS)
def bench(request):
    made = Bench("python", request.param)
    os.symlink(sys.executable, made.path("bin", "python3"))
    yield made
    made.remove()


def test_rules(bench):
    assert bench.run() == (
        1,
        "python: neither pyproject.toml nor setup.py nor requirements.txt in the repository; set "
        "module_path, or give the build profile a compile_to_execute.sh\n",
    )
    code, said = bench.run(PATH=bench.only("grep"))
    assert (code, said) == (
        1,
        "python: the build image has no python3; choose another image in the build profile\n",
    )


@pytest.mark.parametrize(
    "files, kind",
    [
        ({"setup.py": "", "requirements.txt": ""}, "package"),
        ({"pyproject.toml": ""}, "package"),
        ({"pyproject.toml": "[project]\n", "requirements.txt": ""}, "package"),
        ({"pyproject.toml": " [ build-system ]\n", "requirements.txt": ""}, "package"),
        ({"pyproject.toml": "[tool.black]\n", "requirements.txt": ""}, "application"),
        ({"requirements.txt": ""}, "application"),
    ],
)
def test_kinds_of_project(bench, files, kind):
    bench.source(files)
    source = (
        '. "$TRISTAN_BUILD/wheels.sh"; if is_package; then echo package; else echo application; fi'
    )
    assert bench.run(script=source) == (0, kind + "\n")


def whole_context(bench):
    """:returns: set of str, the files of the context for a Dockerfile of the operator's"""
    context = bench.path("context")
    os.mkdir(context)
    environment = {
        "TRISTAN_CONTEXT": context,
        "TRISTAN_DOCKERFILE": "operator",
        "PIP_NO_INDEX": "1",
    }
    code, said = bench.run(script="package_to_docker.sh", **environment)
    assert code == 0, said
    found = [(os.path.relpath(place, context), names) for place, _, names in os.walk(context)]
    return set(
        os.path.normpath(os.path.join(place, name)) for place, names in found for name in names
    )


def test_a_dockerfile_of_the_operator_s_gets_all_of_the_module(bench, index):
    index.add_wheel("shop", "1.0", {"shop.py": ""})
    with open(bench.path("shop.whl"), "wb") as wheel:
        wheel.write(index.answer("/files/shop-1.0-py3-none-any.whl", "")[2])
    name = "shop-1.0-py3-none-any.whl"
    bench.source({"setup.py": "", "src/shop.py": "", ".git/HEAD": "", "dist/none": ""})
    os.rename(bench.path("shop.whl"), bench.path("source", "dist", name))
    files = {"setup.py", "src/shop.py", "dist/none", "dist/" + name}
    assert whole_context(bench) == files | {".wheels/" + name, ".package", "startup.sh"}


def test_a_startup_of_the_project_s_own(bench):
    bench.source({"requirements.txt": "", "startup.sh": "#!/bin/sh\necho own\n", "main.py": ""})
    assert whole_context(bench) == {"requirements.txt", "startup.sh", "main.py"}
    assert "own" in bench.read("context", "startup.sh")


def test_the_demo_s_shop_answers_until_it_is_told_to_end(tmpdir):
    environment = {"PYTHONPATH": os.path.join(os.path.dirname(PACKS), "demo", "shop", "src")}
    environment["PORT"] = str(process.free_port())
    words = [sys.executable, "-c", "import shop.server as s; s.main()"]
    shop = process.Child(words, str(tmpdir.join("log")), environment)
    shop.wait_for(lambda: "listening" in shop.log_end(), 120, "shop")
    answer = urlopen("http://127.0.0.1:%s/" % environment["PORT"])
    assert json.loads(answer.read().decode("ascii")) == {"apple": 30, "pear": 45}
    shop.stop()
    assert "GET / " in shop.log_end() and "Traceback" not in shop.log_end()
