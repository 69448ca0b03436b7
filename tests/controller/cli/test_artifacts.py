"""``tristan artifacts``, ``provenance``, ``rebuild`` and ``shell`` as commands, on a fake controller."""

from __future__ import absolute_import, print_function, unicode_literals

import contextlib
import json

import pytest

from controller import errors
from tests.controller.cli import fake

FILES = [
    {"name": "dist/a.whl", "size": 2048, "sha256": "a" * 64},
    {"name": "dist/\x1b]0;evil", "size": 1, "sha256": "b" * 64},
]


class Controller(fake.Controller):
    """:param files: what the build made."""

    files = FILES

    def artifacts(self, build):
        self._called("artifacts", build)
        return self.files

    def fetch_artifacts(self, build, directory, names, force, on_progress, on_event):
        self._called("fetch", build, directory, names, force)
        on_progress(10, 2049, "dist/a.whl")
        on_event("cut; connecting again")
        return [dict(one, path="/here/" + one["name"], received=one["size"]) for one in self.files]

    def provenance(self, build):
        self._called("provenance", build)
        return {"_type": "https://in-toto.io/Statement/v1"}

    def plan_again(self, build, machine, current_scripts, notify):
        self._called("plan again", build, machine, current_scripts, notify)
        return fake.Plan(fake.BUILD_ID)

    @contextlib.contextmanager
    def shell(self, build, words, with_secrets, *terminal):
        self._called("shell", build, words, with_secrets)
        raise errors.BuildNotFound("no build %s" % build)
        yield


@pytest.fixture
def controller():
    return Controller()


def test_a_list_for_people_and_for_programs(tristan, controller):
    result = tristan("artifacts", "9c1e4f2a", controller=controller)
    assert result.code == 0
    heading, first, second = result.out.splitlines()
    assert first.split() == ["2.0", "KiB", "a" * 64, "dist/a.whl"]
    assert "\x1b" not in second
    result = tristan("artifacts", "9c1e4f2a", "--json", controller=controller)
    assert json.loads(result.out) == FILES
    controller.files = []
    assert "made no files" in tristan("artifacts", "9c1e4f2a", controller=controller).err


def test_fetching_in_a_pipe_draws_no_bar(tristan, controller):
    words = ["artifacts", "9c1e4f2a", "--get", "here", "*.whl", "--force"]
    result = tristan(*words, controller=controller)
    assert controller.calls == [("fetch", "9c1e4f2a", "here", ("*.whl",), True)]
    assert result.out.splitlines()[0] == "/here/dist/a.whl" and "\x1b" not in result.out
    assert result.err.splitlines() == [
        "tristan: cut; connecting again",
        "2 files, 2.0 KiB fetched.",
    ]


@pytest.mark.parametrize("words", [["name"], ["--force"]])
def test_what_means_nothing_without_a_directory(tristan, controller, words):
    result = tristan("artifacts", "9c1e4f2a", *words, controller=controller)
    assert result.code == 2 and "--get DIR" in result.err


def test_ctrl_c_says_how_to_go_on(tristan, controller):
    controller.raises["fetch"] = KeyboardInterrupt()
    result = tristan("artifacts", "9c1e4f2a", "--get", "here", controller=controller)
    assert result.code == 130 and "goes on where this one stopped" in result.err


def test_provenance_is_json_whatever_is_asked(tristan, controller):
    for words in ([], ["--json"]):
        result = tristan("provenance", "9c1e4f2a", *words, controller=controller)
        assert json.loads(result.out)["_type"].startswith("https://in-toto.io/")


def test_rebuild_is_launched_and_watched_like_a_build(tristan, controller):
    words = ["rebuild", "9c1e", "--machine", "builder-2", "--current-scripts", "--wait"]
    result = tristan(*words, controller=controller)
    assert result.code == 0 and "success" in result.err
    assert controller.calls == [
        ("plan again", "9c1e", "builder-2", True, []),
        ("build", True, True),
        ("watch", fake.BUILD_ID, 0),
    ]
    result = tristan("rebuild", "9c1e", "--detach", controller=controller)
    assert (result.code, result.out) == (0, fake.BUILD_ID + "\n")
    assert tristan("rebuild", "9c1e", "--detach", "--timeout", "1", controller=controller).code == 2


@pytest.mark.parametrize(
    "words, command",
    [
        (["b"], []),
        (["b", "ls", "-l", "--all"], ["ls", "-l", "--all"]),
        (["b", "--", "--with-secrets"], ["--with-secrets"]),
        (["b", "sh", "--with-secrets"], ["sh", "--with-secrets"]),
    ],
)
def test_a_command_is_handed_on_unread(tristan, controller, words, command):
    result = tristan("shell", *words, controller=controller)
    assert controller.calls == [("shell", "b", command, False)]
    assert result.code == 2 and "no build b" in result.err
    tristan("shell", "--with-secrets", *words, controller=controller)
    assert controller.calls[-1] == ("shell", "b", command, True)
