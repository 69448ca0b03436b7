"""``tristan build PROJECT --from DIR``: uncommitted work, over a real sshd, in Docker."""

from __future__ import absolute_import, print_function, unicode_literals

import io
import os
import re

import pytest

from tests.lab import process

pytestmark = pytest.mark.once

SHOW = "cat new.txt; readlink outside; git --version >/dev/null 2>&1; ls -A | tr '\\n' ' '"


@pytest.fixture
def directory(operator, tmp_path):
    """A clone of the shop with work that is not committed."""
    path = str(tmp_path / "shop")
    process.output(["git", "clone", "-q", operator.shop.path, path])
    with io.open(os.path.join(path, "new.txt"), "w", encoding="utf-8") as new:
        new.write("f\u00fcr die Katz\n")
    with io.open(os.path.join(path, ".gitignore"), "a") as ignore:
        ignore.write("*.secret\n")
    with io.open(os.path.join(path, "my.secret"), "w") as secret:
        secret.write("stays\n")
    os.symlink("/etc/shadow", os.path.join(path, "outside"))
    return path


def test_uncommitted_work_is_built_and_the_status_says_which(operator, directory):
    words = ("build", "script", "--from", directory, "--param", "SCRIPT=" + SHOW)
    result = operator.run(*words)
    assert result.code == 0, result
    assert "f\u00fcr die Katz\n/etc/shadow\n" in result.out
    assert "my.secret" not in result.out and ".git " not in result.out
    status = operator.json("status", "--limit", "1")[0]
    base = process.output(["git", "-C", directory, "rev-parse", "HEAD"]).strip()
    assert (status["commit"], status["tree"]["base"]) == (base, base)
    assert re.match("[0-9a-f]{64}$", status["tree"]["difference"])
    assert status["app_image"] is None
    again = operator.json(*words)
    assert again["tree"] == status["tree"]


def test_a_bar_shows_how_far_the_files_are(operator, directory):
    with open(os.path.join(directory, "large"), "wb") as large:
        large.write(os.urandom(8 * 1024 * 1024))
    child = operator.on_terminal(
        "build", "script", "--from", directory, "--param", "SCRIPT=ls -l large"
    )
    text = child.read().decode("utf-8")
    child.close()
    assert child.exitstatus == 0, text
    assert "100%" in text and "8.0 MiB" in text and "8388608" in text


def test_what_can_not_be_sent_is_said_before_anything_is(operator, directory):
    result = operator.run("build", "script", "--from", directory + "/none")
    assert result.code == 2 and "no directory" in result.err
    result = operator.run("build", "script", "--from", directory, "--branch", "main")
    assert result.code == 2 and "--from can't be combined" in result.err
