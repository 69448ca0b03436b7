"""Files that anybody could have written to, on both sides: unknown where they are none of ours, never a crash."""

from __future__ import absolute_import, print_function, unicode_literals

import io
import json
import os
import shutil

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.controller.cli import ecma48
from tests.executor.machine import Machine
from tests.faults import hostile, rows, table
from tests.faults.small import is_left_alone
from tests.faults.test_hostile_machine import EXIT_CODES, Stage, quick  # noqa: F401
from tests.lab import git_server

FUZZED = {"phases": (Phase.generate,), "deadline": None, "suppress_health_check": list(HealthCheck)}
WORDS = [
    ("status",),
    ("status", "{build}"),
    ("logs", "{build}"),
    ("cancel", "{build}"),
    ("build", "shop", "--branch", "main", "--detach"),
    ("machines",),
]


def forged(draw, content):
    """:returns: bytes, what somebody made of a file."""
    how = draw(st.sampled_from(["value"] * 4 + ["raw", "cut", "noise", "twice"]))
    if how == "raw":
        return draw(st.sampled_from(hostile.RAW))
    if how == "cut":
        return content[: draw(st.integers(0, len(content)))]
    if how == "noise":
        return draw(st.binary(max_size=40))
    if how == "twice":
        return content * 2
    try:
        document = json.loads(content.decode("utf-8"))
    except ValueError:
        return content + draw(st.sampled_from(hostile.RAW))
    path = draw(st.sampled_from(sorted(hostile.paths_in(document), key=repr)))
    value = draw(st.sampled_from(hostile.NASTY + [Ellipsis] * bool(path)))
    return json.dumps(hostile.replaced(document, path, value)).encode("utf-8")


def files_below(directory):
    return sorted(
        os.path.join(folder, name) for folder, _, names in os.walk(directory) for name in names
    )


def forge(draw, path):
    with io.open(path, "rb") as source:
        content = source.read()
    with io.open(path, "wb") as target:
        target.write(forged(draw, content))


@pytest.fixture(scope="module")
def stage():
    made = Stage()
    yield made
    made.remove()


@rows.hostile(9)
@settings(max_examples=table.Injections.count(40, 600), **FUZZED)
@given(data=st.data(), words=st.sampled_from(WORDS))
def test_a_controllers_own_files_forged_are_as_none(stage, capfdbinary, data, words):
    def damage(directory):
        files = [path for path in files_below(directory) if not path.endswith(".lock")]
        for path in data.draw(
            st.lists(st.sampled_from(files), min_size=1, max_size=3, unique=True)
        ):
            forge(data.draw, path)

    capfdbinary.readouterr()
    code = stage.play(words, lambda kind, recorded: recorded, damage)
    out, err = capfdbinary.readouterr()
    assert code in EXIT_CODES, (code, err)
    assert b"internal error" not in err and b"Traceback" not in err, err
    assert not ecma48.harm(err), err


class Place(object):
    """A machine that built once: .machine .request"""

    def __init__(self, python):
        self._repositories = git_server.Repositories()
        self._server = git_server.GitOverHttp(self._repositories)
        shop = self._repositories.create("group/shop")
        shop.commit({"README": "shop\n"}, "First")
        self.address = self._server.address("group/shop")
        self.machine = Machine(interpreter=python)
        self.request = self.machine.request(self.address, ": >out", artifacts=["out"])
        assert self.machine.run(self.request)["state"] == "success"
        self._run = self.machine.business.run
        is_left_alone(self.machine, self.request)
        shutil.copytree(self._run, self._run + ".kept", symlinks=True)

    def restore(self):
        shutil.rmtree(self._run)
        shutil.copytree(self._run + ".kept", self._run, symlinks=True)

    def files(self):
        """What Tristan wrote and reads again."""
        names = ("status", "request.json", "provenance.json", "data_data.json", "launched", "log")
        found = files_below(self._run)
        return [
            path for path in found if os.path.basename(path) in names and not os.path.islink(path)
        ]

    def ask_everything(self):
        """Every verb answers, by the shape of its answers, and complains of nothing."""
        which = {"build_id": self.request["build_id"], "attempt": 1}
        ask = self.machine.ask
        assert ask("builds", {"limit": 5})["answer"] == "builds"
        assert ask("cancel", dict(which, reason="why"))["answer"] in (
            "ended",
            "absent",
            "cancelling",
        )
        assert ask("request", which)["answer"] in ("request", "absent")
        assert ask("artifact", dict(which, name="out", offset=0))["answer"] in (
            "absent",
            "artifact",
        )
        gc = {
            "dry_run": True,
            "older_than_seconds": 0,
            "most_bytes": None,
            "what": None,
            "engine": ["docker"],
        }
        assert ask("gc", gc)["answer"] == "gc"
        assert ask("refresh", {"look": True, "within_seconds": 86400})["answer"] == "held"

    def remove(self):
        self.machine.remove()
        self._server.stop()
        self._repositories.remove()


@pytest.fixture(scope="module")
def place(executor_python):
    made = Place(executor_python)
    yield made
    made.remove()


@rows.hostile(9)
@settings(max_examples=table.Injections.count(5, 25), **FUZZED)
@given(data=st.data())
def test_a_machines_own_files_forged_are_as_none(place, data):
    try:
        for path in place.files():
            if data.draw(st.booleans()):
                forge(data.draw, path)
        place.ask_everything()
    finally:
        place.restore()


@rows.hostile(9)
def test_names_that_are_none_of_ours_are_in_nobodys_way(place):
    """Directories that a build with isolation `host`, or a person, could have made."""
    try:
        executor = place.machine.business.executor("1")
        build = os.path.join(executor.builds, place.request["build_id"])
        for directory in (place.machine.business.run, executor.builds, build):
            for name in (
                "\u00b2",
                "\u0661",
                "zzz",
                "00000000000000000000",
                "99999999999999999999",
                "a\nb",
            ):
                os.mkdir(os.path.join(directory, name))
            os.mkdir(os.path.join(directory.encode("utf-8"), b"\xff"))
        place.ask_everything()
        found = place.machine.ask("builds", {"limit": 5})
        assert [one["build_id"] for one in found["builds"]] == [place.request["build_id"]]
        again = place.machine.request(place.address, "true")
        assert place.machine.run(again)["state"] == "success"
        is_left_alone(place.machine, again)
    finally:
        place.restore()
