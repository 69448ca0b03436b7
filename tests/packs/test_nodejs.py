"""Node.js projects, built by npm, yarn 1, yarn 4 and pnpm in real containers."""

from __future__ import absolute_import, print_function, unicode_literals

import json
import os

import pytest

from tests.packs import app_image
from tests.packs import nodejs_projects as projects
from tests.packs.bench import PACKS, SHELLS, Bench

pytestmark = pytest.mark.once

SECRETS = {"build:NPM_TOKEN": "s3cret-token"}

IMAGE_CONTEXT = (
    app_image.CONTEXT
    + """
ls "$TRISTAN_CONTEXT/node_modules" | sed 's/^/kept: /'
"$TRISTAN_CONTEXT/startup.sh" image
"""
)


@pytest.fixture
def machine(make_pack_machine, nodejs_image):
    return make_pack_machine(nodejs_image, "nodejs")


@pytest.fixture(params=projects.MANAGERS)
def manager(request):
    """str, each package manager; yarn from version 2 on is called berry"""
    return request.param


@pytest.fixture
def page(engine, index, machine, manager):
    """The files of a locked project, whose packages are on an index that wants a token."""
    projects.publish(index)
    files = projects.locked(engine, index, manager, projects.project(manager))
    machine.configure(projects.configuration(index))
    index.token = SECRETS["build:NPM_TOKEN"]
    index.forget()
    return files


def test_builds_at_once_share_one_cache_and_the_next_downloads_nothing(
    machine, index, page, manager
):
    names = ["one", "two", "three"]
    for name in names:
        machine.project(name, page)
    shared = {"cache": {"scope": "language"}, "network": "host"}
    requests = [
        dict(machine.ask_for(name, **shared), executor_id=executor)
        for name, executor in zip(names, ("1", "2"))
    ]
    for request in requests:
        machine.launch(request, SECRETS)
    for request in requests:
        status, log = machine.wait(request), machine.log(request)
        assert status["state"] == "success", log
        assert "HELLO" in log and SECRETS["build:NPM_TOKEN"] not in log
        (artifact,) = status["artifacts"]
        with open(artifact["path"]) as built:
            assert (artifact["name"], built.read()) == ("dist/page.txt", "Hello, world!\n")
    if manager == "yarn":
        cache = os.path.dirname(os.path.dirname(app_image.context(status)))
        assert os.listdir(os.path.join(cache, "mirror"))  # .yarnrc says so
    assert index.forget()
    status, log = machine.build(
        "three", script=IMAGE_CONTEXT, secrets=SECRETS, cache={"scope": "language"}
    )
    assert status["state"] == "success", log
    assert "kept: greeting\n" in log and "kept: shouting" not in log
    assert "started: Hello, image!" in log
    assert not index.requests


@pytest.mark.parametrize("manager", ["npm"], indirect=True)
def test_second_build_of_a_project_finds_its_own_downloads(machine, index, page):
    machine.project("page", page)
    status, log = machine.build("page", secrets=SECRETS, network="host")
    assert status["state"] == "success", log
    assert index.forget()
    status, log = machine.build("page", secrets=SECRETS)
    assert status["state"] == "success", log


@pytest.mark.parametrize("manager", ["berry"], indirect=True)
def test_a_cache_that_is_committed_is_all_that_yarn_needs(engine, index, machine, manager):
    projects.publish(index)
    files = projects.project(manager)
    files[".yarnrc.yml"] += "enableGlobalCache: false\n"
    files = projects.locked(engine, index, manager, files)
    assert any(name.endswith(".zip") for name in files)
    machine.project("page", files)
    status, log = machine.build("page")
    assert status["state"] == "success", log


def workspaces(manager):
    """:returns: dict of path -> text: a package `page` that needs its neighbour `greeting`"""
    version = {"npm": "*", "yarn": "1.0.0"}.get(manager, "workspace:*")
    page = projects.project(manager, dependencies={"greeting": version}, devDependencies={})
    page["package.json"] = page["package.json"].replace("shout && ", "")
    files = dict(("packages/page/" + path, text) for path, text in page.items())
    files[".yarnrc.yml"] = files.pop("packages/page/.yarnrc.yml", "")
    top = {"name": "top", "version": "1.0.0", "private": True, "workspaces": ["packages/*"]}
    greeting = {"name": "greeting", "version": "1.0.0"}
    files.update(
        {
            "package.json": json.dumps(top),
            "pnpm-workspace.yaml": "packages: ['packages/*']\n",
            "packages/greeting/package.json": json.dumps(greeting),
            "packages/greeting/index.js": projects.GREETING,
        }
    )
    return files


def test_module_of_a_workspace(engine, index, machine, manager):
    files = projects.locked(engine, index, manager, workspaces(manager))
    machine.project("top", files)
    status, log = machine.build("top", "packages/page", IMAGE_CONTEXT)
    assert status["state"] == "success", log
    assert [artifact["name"] for artifact in status["artifacts"]] == ["dist/page.txt"]
    assert "kept: greeting\n" in log or manager == "pnpm"  # which keeps it in the module's own
    assert "started: Hello, image!" in log


def test_corepack_fetches_what_package_json_names(machine, index):
    program = "#!/usr/bin/env node\nconsole.log(process.argv[2] === '--version' ? '1.22.5' : 'fetched');\n"
    index.add_npm("yarn", "1.22.5", {"bin/yarn.js": program}, bin={"yarn": "bin/yarn.js"})
    package = {"name": "page", "packageManager": "yarn@1.22.5"}
    machine.project("page", {"package.json": json.dumps(package), "yarn.lock": ""})
    script = '#!/bin/sh\nPATH=/opt/corepack/bin:$PATH exec sh "$TRISTAN_BUILD/build_project.sh"\n'
    environment = {"COREPACK_NPM_REGISTRY": index.address, "COREPACK_INTEGRITY_KEYS": "0"}
    first = {"script": script, "environment": environment}
    status, log = machine.build("page", network="host", **first)
    assert status["state"] == "success", log
    assert "nodejs: yarn 1.22.5\nfetched\n" in log
    status, log = machine.build("page", **first)
    assert "nodejs: yarn 1.22.5\nfetched\n" in log


NPM_LOCK = {"name": "page", "version": "1.0.0", "lockfileVersion": 3, "packages": {"": {}}}
NPM = {"package.json": "{}", "package-lock.json": json.dumps(NPM_LOCK)}
YARN = {"package.json": "{}", "yarn.lock": ""}
RULES = {
    "no_package": ({"yarn.lock": ""}, "no package.json in the repository; set module_path"),
    "no_lock": ({"package.json": "{}"}, "pnpm-lock.yaml in the repository, or above; commit one"),
    "two_locks": (dict(NPM, **YARN), "there are lock files of npm yarn; keep one"),
    "one_of_two": (
        dict(NPM, **dict(YARN, **{"package.json": '{"packageManager": "npm@1.2.3"}'})),
        'has no script "build"; nothing more to do',
    ),
    "other_lock": (
        dict(NPM, **{"package.json": '{"packageManager": "yarn@1.22.22"}'}),
        "package.json names yarn@1.22.22, and the lock file is of npm",
    ),
    "unknown": (
        dict(NPM, **{"package.json": '{"packageManager": "bun@1.2.0"}'}),
        "package.json names bun@1.2.0, and the lock file is of npm; this pack knows",
    ),
    "newer_yarn": (
        dict(YARN, **{"yarn.lock": "__metadata:\n  version: 8\n"}),
        "yarn.lock is of yarn 2 or later, and the build image has yarn 1",
    ),
    "no_pnpm": ({"package.json": "{}", "pnpm-lock.yaml": ""}, "no pnpm in the build image"),
}
RUN_RULES = """
mkdir /both
cp /common/* /pack/* /both/
rm /usr/local/bin/pnpm
for rule in /rules/*; do
    echo "== ${rule##*/}"
    mkdir /tmp/home
    HOME=/tmp/home TRISTAN_BUILD=/both TRISTAN_SOURCE=$rule TRISTAN_MODULE_PATH= TRISTAN_DOWNLOADS=/tmp/home \
        TRISTAN_DEPENDENCY_LIB=/none TRISTAN_SECRETS=/none TRISTAN_PRIVATE=/none \
        sh /both/build_project.sh 2>&1 || echo failed
    rm -r /tmp/home
done
"""


def test_rules(engine, nodejs_image, tmpdir):
    for name, (files, _) in RULES.items():
        for path, text in files.items():
            tmpdir.join(name, path).write(text, ensure=True)
    words = ["run", "--rm", "--network", "none", "--volume", "{0}:/rules".format(tmpdir)]
    words += [
        "--volume",
        os.path.join(PACKS, "nodejs") + ":/pack:ro",
        "--volume",
        os.path.join(PACKS, "common") + ":/common:ro",
        nodejs_image,
        "sh",
        "-c",
        RUN_RULES,
    ]
    said = engine.run(words)
    for name, (_, expected) in RULES.items():
        words_of_it = said.partition("== {0}\n".format(name))[2].partition("== ")[0]
        assert expected in words_of_it, said
        assert ("failed" in words_of_it) == (name != "one_of_two"), said


def test_the_image_of_the_demo_s_web_answers(engine, nodejs_image, machine):
    demo = os.path.join(os.path.dirname(PACKS), "demo", "web")
    machine.repository("web").commit_tree(demo)
    status, log = machine.build("web", script=app_image.CONTEXT)
    assert status["state"] == "success", log
    image = app_image.AppImage(engine, "nodejs", nodejs_image)
    with image.started(status) as ask:
        assert "<p>Hello, world!</p>" in ask("/")
        (container,) = engine.containers("ancestor=" + image.name)
        look = "tr '\\0' ' ' </proc/1/cmdline; id -u; echo $SW_AGENT_NAME"
        said = engine.run(["exec", container, "sh", "-c", look])
        assert said == "node server.js 10001\nshop-main\n"
        engine.run(["stop", "--time", "120", container])
        form = ["container", "inspect", "--format", "{{.State.ExitCode}}", container]
        assert engine.run(form).strip() == "0"


NODE = """#!/bin/sh
case $1 in
-p) printf '%s\\n' "$START" ;;
*) printf '<%s>' "${MODE:-}" "$(basename "$PWD")" "$@" ;;
esac
"""


@pytest.fixture(params=SHELLS)
def bench(request):
    """A bench with an image's /app in "app", and a node that tells how it was started."""
    made = Bench("nodejs", request.param)
    with open(os.path.join(PACKS, "nodejs", "startup.sh")) as startup:
        made.write({"app/startup.sh": startup.read(), "bin/node": NODE})
    yield made
    made.remove()


def start(bench, command):
    code, said = bench.run(script="exec sh ../app/startup.sh 'a b' '$c'", START=command)
    assert code == 0, said
    return said


def test_what_is_started(bench):
    assert start(bench, "node start.js one") == "<><app><start.js><one><a b><$c>"
    assert start(bench, "MODE=x node 'y z'") == "<x><app><y z><a b><$c>"
    assert start(bench, "cd .. && node start.js") == "<><PLACE><start.js><a b><$c>".replace(
        "PLACE", os.path.basename(bench.place)
    )
    assert start(bench, "") == "<><app><.><a b><$c>"
    bench.write({"app/server.js": ""})
    assert start(bench, "") == "<><app><server.js><a b><$c>"


def test_a_module_is_started_where_it_is(bench):
    bench.write({"app/.module_path": "packages/page\n", "app/packages/page/server.js": ""})
    assert start(bench, "") == "<><page><server.js><a b><$c>"
