"""The starting file: valid, and never written over another."""

from __future__ import absolute_import, print_function, unicode_literals

import os
import re

import pytest

from controller import errors, settings
from controller.settings import initial, shape
from tests.controller.settings.authority import CERTIFICATE


def test_what_is_written_is_valid(tmpdir):
    path = str(tmpdir.join("tristan.yml"))
    initial.write(path)
    found = settings.load(path)
    assert list(found.projects) == ["shop"]
    assert found.git_servers["main"].default


def test_it_stays_valid_with_every_comment_made_a_key(tmpdir):
    """The commented examples are right too: those that look like keys are taken in."""
    path = str(tmpdir.join("tristan.yml"))
    initial.write(path)
    with open(path) as opened:
        lines = opened.read().splitlines()
    start = lines.index("machines:")
    lines[start:] = [
        re.sub(r"^( *)# (?=\s*([a-z0-9_-]+|[A-Z_]+):( |$)|  python -m|  - \{)", r"\1", line)
        for line in lines[start:]
    ]
    text = "\n".join(lines).replace("AAAA...", "A" * 68).replace("{file: scripts/", "{file: ")
    for name in ("package_to_docker.sh", "Dockerfile"):
        tmpdir.join(name).write("x\n")
    tmpdir.join("ca.pem").write(CERTIFICATE)
    tmpdir.join("full.yml").write(text)
    found = settings.load(str(tmpdir.join("full.yml")))
    assert sorted(found.git_servers) == ["gitlab", "main", "over-ssh"]
    assert found.build_profiles["python"].compile_to_execute == "python -m build --wheel\n"
    assert [one.kind for one in found.projects["shop"].notify] == ["mail", "webhook"]
    assert found.smtp.port == 587
    assert found.machines["builder-1"].engine.command == ("sudo", "docker")


def test_every_key_is_shown(tmpdir):
    path = tmpdir.join("tristan.yml")
    initial.write(str(path))
    text = path.read()
    definitions = shape.schema()["definitions"]
    sections = ("machine", "git_server", "docker_registry", "build_profile", "project", "smtp")
    for section in sections:
        for key in definitions[section]["properties"]:
            assert re.search(r"^ *(# +)?%s:" % key, text, re.MULTILINE), key


def test_a_file_that_is_there_stays(tmpdir):
    path = tmpdir.join("tristan.yml")
    path.write("mine\n")
    with pytest.raises(errors.UsageError) as caught:
        initial.write(str(path))
    assert "is there already" in caught.value.message
    assert path.read() == "mine\n"


def test_a_link_is_not_followed(tmpdir):
    path = tmpdir.join("tristan.yml")
    os.symlink(str(tmpdir.join("elsewhere")), str(path))
    with pytest.raises(errors.UsageError):
        initial.write(str(path))
    assert not tmpdir.join("elsewhere").check()


def test_a_directory_that_is_not_there(tmpdir):
    with pytest.raises(errors.UsageError) as caught:
        initial.write(str(tmpdir.join("no", "tristan.yml")))
    assert "can't be written: No such file" in caught.value.message
