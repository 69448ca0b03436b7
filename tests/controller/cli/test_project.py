"""``tristan project``: against a local GitLab API, with a real tristan.yml and a real terminal."""

from __future__ import absolute_import, print_function, unicode_literals

import io
import json
import os
import sys

import pexpect
import pytest

from controller import settings
from controller.cli import main
from controller.cli.session import Session
from tests.controller.cli.conftest import Result
from tests.lab import answering, process
from tests.lab.gitlab_api import TOKEN, Api

REPOSITORIES = {
    "group/shop": {"description": "The shop", "default_branch": "trunk"},
    "group/shelf": {"description": "\x1b]0;x\x07odd"},
    "other/tool": {"description": "A tool", "default_branch": "main"},
}
TEXT = """\
machines: {{builder-1: }}
git_servers:
  lab: {{kind: gitlab, address: "{url}", token: {{env: GITLAB_TOKEN}}, default: true}}
  plain: {{address: "https://git.example.com"}}
build_profiles:
  wheel: {{language: python, image: python}}
projects:
  shop: {{repository: group/shop, build_profile: wheel}}  # ours
"""


@pytest.fixture
def gitlab():
    with answering.Server(Api(REPOSITORIES)) as server:
        yield server


@pytest.fixture
def path(tmpdir, gitlab, monkeypatch):
    monkeypatch.setenv(str("GITLAB_TOKEN"), str(TOKEN))
    path = str(tmpdir.join("tristan.yml"))
    with io.open(path, "w", encoding="utf-8") as opened:
        opened.write(TEXT.format(url=gitlab.url))
    return path


@pytest.fixture
def tristan(path, capfd):
    def run(*words):
        capfd.readouterr()
        code = main(["--config", path] + list(words), Session())
        return Result(code, *capfd.readouterr())

    return run


def test_what_the_gitlab_offers_is_listed(tristan):
    assert tristan("project", "list") == (
        0,
        "REPOSITORY   PROJECT  DESCRIPTION\n"
        "group/shelf  -        ]0;x odd\n"
        "group/shop   shop     The shop\n"
        "other/tool   -        A tool\n",
        "",
    )
    found = json.loads(tristan("project", "list", "--search", "tool", "--json").out)
    assert found == [
        {"path": "other/tool", "description": "A tool", "default_branch": "main", "project": ""}
    ]
    assert "No repositories" in tristan("project", "list", "--search", "nothing").err


def test_a_plain_git_server_can_not_be_listed(tristan):
    result = tristan("project", "list", "--git-server", "plain")
    assert result.code == 2
    assert "--repository" in result.err


def test_a_project_is_added(tristan, path):
    result = tristan("project", "add", "--repository", "other/tool")
    assert result.code == 0
    assert result.out.endswith(
        '  tool:\n    repository: other/tool\n    build_profile: wheel\n    description: "A tool"\n'
    )
    assert "tristan build tool --branch main" in result.err
    loaded = settings.load(path)
    assert loaded.projects["tool"].description == "A tool"
    with io.open(path, encoding="utf-8") as opened:
        assert "# ours\n  tool:\n" in opened.read()


def test_as_json(tristan, path):
    words = ["--repository", "group/x", "--git-server", "plain", "--json"]
    result = tristan("project", "add", "other", *words)
    assert json.loads(result.out) == {
        "name": "other",
        "repository": "group/x",
        "git_server": "plain",
        "build_profile": "wheel",
        "path": path,
    }


def test_without_a_terminal_the_repository_must_be_named(tristan, path, gitlab):
    before = os.stat(path).st_ino
    result = tristan("project", "add")
    assert result.code == 2
    assert "--repository" in result.err
    assert (os.stat(path).st_ino, gitlab.requests) == (before, [])


def test_a_refusal_of_the_gitlab_is_told(tristan, monkeypatch):
    monkeypatch.setenv(str("GITLAB_TOKEN"), str("wrong"))
    result = tristan("project", "list", "--json")
    assert result.code == 3
    assert json.loads(result.out)["error"]["cause"] == "git_server"
    assert "git_servers.lab.token" in result.err


def spawn(path, *words):
    environment = process.merged_environment({"LC_ALL": "C.UTF-8", "PYTHONPATH": os.getcwd()})
    command = ["-m", "controller", "--config", path, "project", "add"] + list(words)
    child = pexpect.spawn(sys.executable, command, env=environment, timeout=60)
    child.setwinsize(40, 120)
    return child


def test_at_a_terminal_one_is_chosen_by_number_after_a_search(path):
    child = spawn(path)
    child.expect("1  group/shelf  .*2  group/shop   shop .*3  other/tool ")
    child.expect("text to search for: ")
    child.sendline("nothing like it")
    child.expect("Nothing has this in its path")
    child.expect("text to search for: ")
    child.sendline("tool")
    child.expect("1  other/tool")
    child.expect("text to search for: ")
    child.sendline("1")
    child.expect("project tool is in")
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 0
    assert "tool" in settings.load(path).projects


def test_at_a_terminal_the_repository_of_a_plain_git_server_is_typed_in(path):
    child = spawn(path, "--git-server", "plain")
    child.expect("full address: ")
    child.sendline("group/other")
    child.expect("project other is in")
    child.expect(pexpect.EOF)
    child.close()
    assert settings.load(path).projects["other"].git_server == "plain"


def test_ctrl_c_at_the_question_changes_nothing(path):
    child = spawn(path)
    child.expect("text to search for: ")
    # Python's readline can miss a signal that comes between its prompt and its waiting for a key.
    for _ in range(5):
        child.sendintr()
        if child.expect([pexpect.EOF, pexpect.TIMEOUT], timeout=10) == 0:
            break
    child.close()
    assert child.exitstatus == 130
    assert list(settings.load(path).projects) == ["shop"]
