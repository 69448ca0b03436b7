"""Fixtures on real parts; see tests/lab."""

from __future__ import absolute_import, print_function, unicode_literals

import os
import sys

import pytest

from tests.faults import rows, table
from tests.lab import engine as lab_engine
from tests.lab import git_server, images, interpreters
from tests.lab.registry import Registry
from tests.lab.sshd import Sshd

HERE = os.path.dirname(os.path.abspath(__file__))
NO_TESTS_RAN = 5
LAB_PARTS = frozenset(["engine", "sshd", "make_sshd", "repositories", "make_registry"])

# the controller does not run on 3.6 and 3.7; the executor's side does. Faults and benchmarks are for
# 3.11, whose libraries are today's
collect_ignore = ["benchmarks", "faults"] if sys.version_info < (3, 8) else []
if (3, 0) < sys.version_info < (3, 8):
    collect_ignore += ["controller", "end_to_end", "test_imports.py", "test_wheel.py"]
    collect_ignore += [
        "packs/test_private.py"
    ]  # what it writes is read by libraries of the controller's


RESULTS = []
"""table.Result of each test that shows a row of tests/faults/rows.py."""


def pytest_collection_modifyitems(items):
    """Mark what is below tests/end_to_end, what needs parts of the lab, and write the rows down."""
    for item in items:
        item.user_properties.extend((table.ROW, row) for row in rows.of(item))
        if str(item.fspath).startswith(os.path.join(HERE, "end_to_end")):
            item.add_marker(pytest.mark.end_to_end)
        if str(item.fspath).startswith(os.path.join(HERE, "faults")):
            item.add_marker(pytest.mark.once)
        if LAB_PARTS.intersection(item.fixturenames):
            item.add_marker(pytest.mark.lab)
            if str(item.fspath).startswith(os.path.join(HERE, "executor")):
                item.add_marker(pytest.mark.executor_lab)


def pytest_runtest_logreport(report):
    RESULTS.extend(table.results(report))


def pytest_terminal_summary(terminalreporter):
    """With TRISTAN_FAULT_TABLE, the file's name, the tables of faults and hostile input."""
    path = os.environ.get("TRISTAN_FAULT_TABLE")
    if path:
        found = table.documents(RESULTS)
        table.write(path, found)
        terminalreporter.section("faults and hostile input")
        for line in table.lines(found):
            terminalreporter.write_line(line)


def pytest_sessionfinish(session, exitstatus):
    """Chosen tests need not exist on each Python; the summary fails when none ran on any. Each row must be shown."""
    some = os.environ.get("TRISTAN_SOME_TESTS")
    if exitstatus == NO_TESTS_RAN and some:
        session.exitstatus = 0
    wanted = os.environ.get("TRISTAN_FAULT_TABLE") and not some
    main = not hasattr(session.config, "workerinput")  # xdist's own processes know a part only
    if exitstatus == 0 and wanted and main and not table.complete(table.documents(RESULTS)):
        session.exitstatus = 1


@pytest.fixture(scope="session", autouse=True)
def cache_home(tmpdir_factory):
    """What a test finds remembered is of this session, and nothing goes to the tester's own."""
    os.environ[str("XDG_CACHE_HOME")] = str(tmpdir_factory.mktemp("cache"))


@pytest.fixture
def injections(request):
    """table.Injections: counts and times what a test of a row injects."""
    return table.Injections(request.node.user_properties)


@pytest.fixture
def make_sshd():
    """Function with the parameters of `Sshd`; what it started is stopped after the test."""
    started = []

    def start(**parameters):
        started.append(Sshd(**parameters))
        return started[-1]

    yield start
    for sshd in started:
        sshd.stop()


@pytest.fixture
def sshd(make_sshd):
    """A plain lab sshd."""
    return make_sshd()


@pytest.fixture(scope="session")
def executor_python():
    """str, path of the Python that a build machine has: TRISTAN_EXECUTOR_PYTHON, else this
    one's."""
    here = "{0}.{1}".format(*sys.version_info[:2])
    return interpreters.find(os.environ.get("TRISTAN_EXECUTOR_PYTHON", here))


@pytest.fixture(scope="session")
def engine():
    """The container engine; the session fails rather than skips without one."""
    found = lab_engine.find_or_start()
    os.environ["TRISTAN_LAB_ENGINE"] = " ".join(found.command)
    yield found
    found.stop()


@pytest.fixture(scope="session")
def tagged(engine):
    """Function (Recipe) -> str, an image name of this session's own.

    Sessions under several Pythons share an engine; what one makes of its image is no other's.
    """
    tag = "session-{0}".format(os.getpid())

    def own(recipe):
        name = "{0}:{1}".format(recipe.name.partition(":")[0], tag)
        engine.run(["tag", images.make(engine, recipe).name, name])
        return name

    yield own
    listing = engine.run(["images", "--format", "{{.Repository}}:{{.Tag}}"]).split()
    mine = [name for name in listing if tag in name.rpartition(":")[2].replace("-u", " ").split()]
    for name in mine:
        engine.run(["rmi", "--force", name])


@pytest.fixture(scope="session")
def python_image(tagged):
    """str, name of a base image with python3, pip, setuptools, wheel"""
    return tagged(images.PYTHON)


@pytest.fixture(scope="session")
def nodejs_image(tagged):
    """str, name of a base image with nodejs and npm"""
    return tagged(images.NODEJS)


@pytest.fixture
def make_registry():
    """Function with the parameters of `Registry`; what it started is removed after the test."""
    started = []

    def start(*parameters, **named):
        started.append(Registry(*parameters, **named))
        return started[-1]

    yield start
    for registry in started:
        registry.remove()


@pytest.fixture
def registry(make_registry):
    """A plain lab registry."""
    return make_registry()


@pytest.fixture(scope="session")
def java_image(tagged):
    """str, name of a base image with a JDK, Maven, and Debian's Maven repository"""
    return tagged(images.JAVA)


@pytest.fixture(scope="session")
def php_image(tagged):
    """str, name of a base image with php, composer and Apache"""
    return tagged(images.PHP)


@pytest.fixture
def repositories():
    """Factory of bare git repositories: `repositories.create("group/shop")`."""
    made = git_server.Repositories()
    yield made
    made.remove()


@pytest.fixture
def git_over_ssh(repositories):
    """The repositories, served over ssh."""
    server = git_server.GitOverSsh(repositories)
    yield server
    server.stop()


@pytest.fixture
def git_over_http(repositories):
    """The repositories, served over http to everybody."""
    server = git_server.GitOverHttp(repositories)
    yield server
    server.stop()
