"""A machine that answers what it likes: the command line says one line of text, and never what it does not believe."""

from __future__ import absolute_import, print_function, unicode_literals

import json
import os
import shutil

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from controller import artifacts, offer, service
from controller import settings as configuration
from controller.cli import main
from controller.cli.session import Session
from controller.state import State
from tests.controller.cli import ecma48
from tests.controller.local_transport import LocalTransport
from tests.controller.workshop import Sink, Workshop
from tests.faults import hostile, rows, table
from tests.lab import git_server

SCRIPT = "mkdir -p dist; echo one >dist/one; echo two >dist/two; echo built"
EXAMPLES = settings(
    max_examples=table.Injections.count(80, 1200),
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
EXIT_CODES = (0, 2, 3, 4, 5, 6, 7, 8)
"""All that are documented but 1, the one of a script that failed: no build here did."""

WORDS = [
    ("status",),
    ("status", "{build}"),
    ("status", "--json"),
    ("machines",),
    ("machines", "--json"),
    ("logs", "{build}"),
    ("artifacts", "{build}"),
    ("artifacts", "{build}", "--get", "{directory}"),
    ("provenance", "{build}"),
    ("cancel", "{build}"),
    ("rebuild", "{build}", "--detach"),
    ("build", "shop", "--branch", "main", "--detach"),
    ("gc", "--dry-run"),
    ("refresh",),
    ("preview", "shop", "--branch", "main", "--diff", "{build}"),
    ("uninstall", "builder-1", "--yes"),
]


class Stage(object):
    """What one real machine answered: .kept .build .directory"""

    def __init__(self):
        self.kept = {}
        self._repositories = git_server.Repositories()
        self._server = git_server.GitOverHttp(self._repositories)
        shop = self._repositories.create("group/shop")
        shop.commit({"README": "shop\n"}, "First")
        self._workshop = Workshop(self._server.address("group/shop"), shop)
        self.directory = self._workshop.directory
        self._record()

    def _record(self):
        transport = LocalTransport()
        self._workshop.use("builder-1", hostile.Recorder(transport, self.kept))
        controller = self._workshop.controller(SCRIPT, project="artifacts: [dist]")
        launched = controller.build(controller.plan("shop", branch="main"))
        self.build = launched.build_id
        controller.watch(self.build, sink=Sink())
        self.state = os.path.join(self.directory, "state")
        shutil.copytree(self.state, self.state + ".kept")
        for words in WORDS[:-1]:
            main(self.words(words), Session(controller=controller, settings=controller.settings))
        transport.close()

    def words(self, words):
        place = os.path.join(self.directory, "fetched")
        return [word.format(build=self.build, directory=place) for word in words]

    def play(self, words, change, damage=None):
        """Run one command against the machine. :returns: its exit code.

        :param damage: function(directory), what becomes of this user's own files before that.
        """
        for name in (self.state, os.path.join(self.directory, "fetched")):
            shutil.rmtree(name, ignore_errors=True)
        shutil.copytree(self.state + ".kept", self.state)
        if damage is not None:
            damage(self.state)
        loaded = configuration.load(os.path.join(self.directory, "tristan.yml"))
        player = hostile.Player(self.kept, change)
        played = service.Controller(loaded, State(self.state), connect=lambda machine: player)
        return main(self.words(words), Session(controller=played, settings=loaded))

    def remove(self):
        self._workshop.remove()
        self._server.stop()
        self._repositories.remove()


@pytest.fixture(scope="module")
def stage():
    made = Stage()
    yield made
    made.remove()


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """Nobody waits for a machine that only plays."""
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    monkeypatch.setattr(offer, "LOST_PAUSES", ())
    monkeypatch.setattr(artifacts, "TRIES", 1)


class Change(object):
    """One change of all that a machine says, drawn by hypothesis."""

    def __init__(self, draw):
        self._draw = draw

    def __call__(self, kind, recorded):
        lines = recorded.splitlines(True)
        if not lines or self._draw(st.integers(0, 4)) == 0:
            lines.insert(
                self._draw(st.integers(0, len(lines))), self._draw(st.sampled_from(hostile.RAW))
            )
            return b"".join(lines)
        number = self._draw(st.integers(0, len(lines) - 1))
        how = self._draw(
            st.sampled_from(["value", "value", "value", "value", "cut", "drop", "twice"])
        )
        if how == "value":
            lines[number] = self._with_another_value(lines[number])
        elif how == "cut":
            data = b"".join(lines)
            return data[: self._draw(st.integers(0, len(data)))]
        else:
            lines[number : number + 1] = [lines[number]] * (2 if how == "twice" else 0)
        return b"".join(lines)

    def _with_another_value(self, line):
        try:
            document = json.loads(line.decode("utf-8"))
        except ValueError:
            return line
        path = self._draw(st.sampled_from(sorted(hostile.paths_in(document), key=repr)[1:] or [()]))
        value = self._draw(st.sampled_from(hostile.NASTY + [Ellipsis]))
        changed = hostile.replaced(document, path, value) if path else document
        return json.dumps(changed).encode("utf-8") + b"\n"


@rows.hostile(9)
@rows.hostile(11)
@EXAMPLES
@given(data=st.data(), words=st.sampled_from(WORDS))
def test_whatever_a_machine_answers_is_one_line_of_text_and_a_documented_code(
    stage, capfdbinary, data, words
):
    capfdbinary.readouterr()
    code = stage.play(words, Change(data.draw))
    out, err = capfdbinary.readouterr()
    assert code in EXIT_CODES, (code, err)
    assert b"internal error" not in err and b"Traceback" not in err, err
    assert not ecma48.harm(err), err
    if words[0] != "logs":  # in a pipe a log is what it is, byte for byte
        assert not ecma48.harm(out), out


@rows.hostile(9)
@pytest.mark.parametrize("words", WORDS, ids=" ".join)
def test_what_was_recorded_is_believed(stage, capfdbinary, words):
    """So that the other test does not end at the first line of everything."""
    assert stage.kept["watch"] and stage.kept["builds"]
    code = stage.play(words, lambda kind, recorded: recorded)
    assert code in (0, 3, 8), capfdbinary.readouterr()
