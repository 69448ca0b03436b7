"""The wheel carries all that is pushed, and works from an empty environment on 2.7 and on 3."""

from __future__ import absolute_import, print_function, unicode_literals

import os
import subprocess
import sys
import zipfile

import pytest

from controller import release
from tests.lab import interpreters, process

pytestmark = pytest.mark.once

REPOSITORY = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
CARRIED = ("business_hyper_fusion", "cache", "controller", "data_data", "startup.py", "templates")


def tracked():
    """:returns: set of str, paths of the repository's files that a machine or the controller
    needs"""
    listing = ["git", "-c", "safe.directory=*", "ls-files", "--cached", "--others"]
    words = listing + ["--exclude-standard", "--"] + list(CARRIED)
    names = process.output(words, directory=REPOSITORY).splitlines()
    return {name for name in names if os.path.isfile(os.path.join(REPOSITORY, name))}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """str, path of a wheel built from a copy of the repository's files"""
    base = tmp_path_factory.mktemp("wheel")
    source = str(base / "source")
    extra = ["pyproject.toml", "MANIFEST.in", "LICENSE", "README.md", "CHANGELOG.md"]
    for name in sorted(tracked()) + extra:
        target = os.path.join(source, name)
        os.makedirs(os.path.dirname(target), exist_ok=True)
        process.output(["cp", os.path.join(REPOSITORY, name), target])
    pip = [sys.executable, "-m", "pip", "--quiet", "wheel", "--no-deps"]
    process.output(pip + ["--wheel-dir", str(base / "dist"), source])
    (built,) = os.listdir(str(base / "dist"))
    return str(base / "dist" / built)


@pytest.fixture(scope="module", params=["2.7", "3.8", "3.13"])
def environment(request, wheel, tmp_path_factory):
    """str, a fresh virtual environment with nothing but the wheel and what it depends on"""
    path = str(tmp_path_factory.mktemp("environment") / request.param)
    python = interpreters.find(request.param)
    if request.param == "2.7":
        virtualenv = os.path.join(os.path.dirname(sys.executable), "virtualenv")
        process.output([virtualenv, "--quiet", "--python", python, path])
    else:
        process.output([python, "-m", "venv", path])
    process.output([os.path.join(path, "bin", "python"), "-m", "pip", "--quiet", "install", wheel])
    return path


def run(environment, arguments, directory):
    """:returns: tuple (exit status, output with errors), run from a directory without sources"""
    running = subprocess.Popen(
        [os.path.join(environment, "bin", "tristan")] + arguments,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        cwd=str(directory),
        env={"PATH": os.environ["PATH"], "HOME": str(directory), "LC_ALL": "C.UTF-8"},
    )
    out, _ = running.communicate()
    return running.returncode, out.decode("utf-8")


def test_one_wheel_for_2_and_3_that_carries_each_file(wheel):
    assert wheel.endswith("-py2.py3-none-any.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    assert tracked() - names == set()
    assert not [name for name in names if name.endswith(".pyc") or name.startswith("tests/")]


def test_what_is_pushed_is_the_same_from_the_wheel_as_from_the_sources(environment, tmp_path):
    program = "from controller import release; print(release.collect().hash)"
    python = os.path.join(environment, "bin", "python")
    carried = process.output([python, "-c", program], directory=str(tmp_path))
    assert carried.strip() == release.collect(root=REPOSITORY).hash


def test_the_command_line_works_from_another_directory(environment, tmp_path):
    status, version = run(environment, ["--version"], tmp_path)
    assert (status, version.split()[-1]) == (0, "0.1.0")
    status, said = run(environment, ["init"], tmp_path)
    assert status == 0, said
    assert (tmp_path / "tristan.yml").is_file()
    status, said = run(environment, ["config", "check"], tmp_path)
    assert status == 0, said
