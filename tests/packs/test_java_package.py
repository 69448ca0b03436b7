"""Which archive of a Java build becomes the image's application, told by the real `jar` of a JDK."""

from __future__ import absolute_import, print_function, unicode_literals

import io
import os

import pytest

from tests.lab import process
from tests.packs.bench import PACKS
from tests.packs.file_server import zipped

pytestmark = pytest.mark.once

ALL = """
for case in /package/cases/*; do
    export TRISTAN_SOURCE="$case/source" TRISTAN_CONTEXT="$case/context"
    TRISTAN_DOCKERFILE=$(cat "$case/dockerfile") sh "$TRISTAN_BUILD/package_to_docker.sh" >"$case/output" 2>&1 ||
        echo failed >>"$case/output"
done
"""
STARTUP = "#!/bin/sh\necho mine\n"

RUNS, DOES_NOT, TEXT = "runs", "does not", "text"
CASES = {
    "spring": {
        "target/shop.jar": RUNS,
        "target/shop.jar.original": DOES_NOT,
        "target/shop-sources.jar": RUNS,
        "target/shop-javadoc.jar": RUNS,
        "target/shop-tests.jar": RUNS,
    },
    "shaded": {"target/shop.jar": RUNS, "target/original-shop.jar": RUNS},
    "assembled": {"target/lib.jar": DOES_NOT, "target/shop-jar-with-dependencies.jar": RUNS},
    "gradle": {"build/libs/shop.jar": RUNS, "build/libs/shop-plain.jar": RUNS},
    "war": {"target/shop.war": RUNS},
    "jar-before-war": {"target/shop.jar": RUNS, "target/shop.war": RUNS},
    "no-jar": {"README.md": TEXT},
    "servlets": {"target/shop.war": DOES_NOT},
    "two": {"target/a.jar": RUNS, "target/b.jar": RUNS},
    "own-startup": {"target/shop.jar": RUNS, "startup.sh": STARTUP},
    "operator": {"target/shop.jar": RUNS, "target/shop-sources.jar": RUNS, "conf/a": TEXT},
    "operator-servlets": {"target/shop.war": DOES_NOT},
    "operator-two": {"target/a.jar": RUNS, "target/b.jar": RUNS},
}


@pytest.fixture(scope="module")
def packaged(engine, java_image):
    """Function (name of a case) -> Packaged; all were packaged by one container."""
    place = process.directory("package")
    try:
        package_all(engine, java_image, place)
        yield lambda name: Packaged(os.path.join(place, "cases", name))
    finally:
        process.remove(place)


def package_all(engine, image, place):
    for name, files in CASES.items():
        for path, kind in files.items():
            write(os.path.join(place, "cases", name, "source", path), content(path, kind))
        os.makedirs(os.path.join(place, "cases", name, "context"))
        kind = "operator" if name.startswith("operator") else "pack"
        write(os.path.join(place, "cases", name, "dockerfile"), kind.encode("ascii"))
    # As on a machine, where the pack's files take the place of the common ones.
    build = os.path.join(place, "build")
    for directory in ("common", "java"):
        process.output(["cp", "-R", os.path.join(PACKS, directory) + "/.", build])
    words = ["run", "--rm", "--network", "none", "--volume", place + ":/package"]
    words += ["--env", "TRISTAN_BUILD=/package/build", "--env", "TRISTAN_MODULE_PATH="]
    engine.run(words + [image, "sh", "-c", ALL])


def write(path, data):
    if not os.path.isdir(os.path.dirname(path)):
        os.makedirs(os.path.dirname(path))
    with io.open(path, "wb") as target:
        target.write(data)


def content(path, kind):
    if kind not in (RUNS, DOES_NOT):
        return kind.encode("ascii")
    main = "Main-Class: shop.Main\n" if kind == RUNS else ""
    manifest = "Manifest-Version: 1.0\n" + main
    return zipped({"META-INF/MANIFEST.MF": manifest, "name": path})


class Packaged(object):
    """.output (str) .files (sorted list of str, of the context)"""

    def __init__(self, place):
        self._place = place
        with io.open(os.path.join(place, "output"), encoding="utf-8") as source:
            self.output = source.read()
        context = os.path.join(place, "context")
        self.files = sorted(
            os.path.relpath(os.path.join(directory, name), context)
            for directory, _, names in os.walk(context)
            for name in names
        )

    def same(self, in_context, in_source):
        """:returns: bool, whether the two files have the same content"""
        return self._read("context", in_context) == self._read("source", in_source)

    def mode(self, in_context):
        return os.stat(os.path.join(self._place, "context", in_context)).st_mode & 0o777

    def _read(self, *names):
        with io.open(os.path.join(self._place, *names), "rb") as source:
            return source.read()


@pytest.mark.parametrize(
    "case, application",
    [
        ("spring", "target/shop.jar"),
        ("shaded", "target/shop.jar"),
        ("assembled", "target/shop-jar-with-dependencies.jar"),
        ("gradle", "build/libs/shop.jar"),
        ("war", "target/shop.war"),
        ("jar-before-war", "target/shop.jar"),
    ],
)
def test_the_one_archive_that_runs_is_the_application(packaged, case, application):
    found = packaged(case)
    assert found.output == "java: %s is the application\n" % application
    assert found.files == ["startup.sh", "target/app.jar"]
    assert found.same("target/app.jar", application)
    assert found.mode("startup.sh") == 0o755


@pytest.mark.parametrize(
    "case, words",
    [
        ("no-jar", "in target or build/libs of the repository runs by itself (there is no jar)"),
        ("servlets", "runs by itself (target/shop.war): no manifest names a Main-Class"),
        ("two", "more than one runnable archive (target/a.jar target/b.jar); set module_path"),
    ],
)
def test_else_it_is_said_why_not(packaged, case, words):
    found = packaged(case)
    assert words in found.output and found.output.endswith("\nfailed\n")


def test_a_startup_script_of_the_project_s_own_counts(packaged):
    found = packaged("own-startup")
    assert found.same("startup.sh", "startup.sh") and found.mode("startup.sh") == 0o755


@pytest.mark.parametrize(
    "case, files",
    [
        ("operator", ["conf/a", "startup.sh", "target/shop.jar"]),
        ("operator-servlets", ["startup.sh", "target/shop.war"]),
        ("operator-two", ["startup.sh", "target/a.jar", "target/b.jar"]),
    ],
)
def test_an_operator_s_dockerfile_has_all_files_and_one_jar(packaged, case, files):
    assert packaged(case).files == files
