"""Contenders are real processes that take turns."""

import json
import os
import sys
import textwrap

import pytest

from benchmarks import measure
from benchmarks import row as rows

pytestmark = pytest.mark.once

WORKERS = os.path.join(rows.HERE, "workers")


class Lab(object):
    """The directory of a lab is all that is needed here."""

    def __init__(self, directory):
        self.directory = directory

    def path(self, name):
        return str(self.directory / name)


class Turns(rows.Row):
    name = "turns"
    title = "who comes when"

    def __init__(self, contenders):
        self._contenders = contenders

    def contenders(self, lab):
        return self._contenders

    def before(self, contender, number):
        return {"told": "%s %d" % (contender.name, number)}


@pytest.fixture
def contender(tmp_path):
    """Function (name, body of once(order)) -> Contender."""

    def make(name, body):
        script = tmp_path / (name + ".py")
        text = "import os, worker\ndef once(order):\n%s\nworker.serve(once)\n"
        script.write_text(text % textwrap.indent(textwrap.dedent(body), "    "))
        return rows.Contender(
            name, rows.PEER, [sys.executable, str(script)], {"PYTHONPATH": WORKERS}
        )

    return make


def run(tmp_path, *contenders, **given):
    return measure.run(Turns(contenders), Lab(tmp_path), given.get("rounds", 3), lambda text: None)


def test_contenders_take_turns_and_warm_up_does_not_count(tmp_path, contender):
    body = "open(%r, 'a').write(order['told'] + '\\n')" % str(tmp_path / "turns")
    found = run(tmp_path, contender("a", body), contender("b", body), rounds=2)
    turns = (tmp_path / "turns").read_text().splitlines()
    assert turns == ["a 0", "b 0", "a 1", "b 1", "a 2", "b 2", "a 3", "b 3"]
    assert [len(samples) for samples in found.samples.values()] == [2, 2]


def test_seconds_and_cpu_are_measured_children_included(tmp_path, contender):
    spin = "worker.call(['%s', '-c', 'while __import__(\"time\").process_time() < 0.2: pass'])"
    found = run(tmp_path, contender("spin", spin % sys.executable), rounds=1)
    (sample,) = found.samples["spin"]
    assert sample["cpu"] > 0.15 and sample["seconds"] > 0.15


def test_a_round_may_have_figures_of_its_own_and_print(tmp_path, contender):
    body = "print('noise'); os.system('echo more noise'); return {'p50': 3}"
    found = run(tmp_path, contender("own", body), rounds=1)
    assert found.samples["own"][0]["p50"] == 3


@pytest.mark.parametrize(
    "body, words",
    [
        ("raise worker.Failed('no such host')", "no such host"),
        ("worker.call(['sh', '-c', 'echo out of disk >&2; exit 3'])", "out of disk"),
        ("os.write(2, b'killed by hand'); os._exit(1)", "killed by hand"),
    ],
)
def test_work_that_was_not_done_stops_the_row_with_its_words(tmp_path, contender, body, words):
    with pytest.raises(measure.RoundFailed, match=words):
        run(tmp_path, contender("broken", body))


def test_nothing_is_left_of_a_contender_that_does_not_end(tmp_path, contender, monkeypatch):
    stop = measure.Running.stop

    def stop_soon(running):
        monkeypatch.setattr(measure, "LONGEST_ROUND", 1)
        stop(running)

    monkeypatch.setattr(measure.Running, "stop", stop_soon)
    body = "open(%r, 'w').write(str(os.getpid()))" % str(tmp_path / "pid")
    body += "\nimport atexit, time; atexit.register(time.sleep, 60)"
    run(tmp_path, contender("stays", body), rounds=1)
    assert not os.path.exists("/proc/" + (tmp_path / "pid").read_text())


def test_a_missing_peer_is_told_of(tmp_path, contender):
    found = run(tmp_path, contender("here", "pass"), rows.Missing("absent", "does not install"))
    assert json.dumps(found.missing) == '[["absent", "does not install"]]'
