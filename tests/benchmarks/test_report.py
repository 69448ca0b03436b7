"""What is said of samples: ratios round by round, goals, the table."""

import json

import pytest

from benchmarks import measure, report
from benchmarks import row as rows

pytestmark = pytest.mark.once


class Sample(rows.Row):
    name = "sample"
    title = "a sample"
    figures = {"seconds": rows.SECONDS, "peak": rows.MEBIBYTES}


def result(ours, floor=(1.0, 1.0, 1.0), peer=None, goals=(), **figures):
    row = Sample()
    row.goals = list(goals)
    samples = {"by hand": timed(floor), "Tristan": timed(ours, **figures)}
    roles = {"by hand": rows.FLOOR, "Tristan": rows.TRISTAN}
    if peer:
        samples["Fabric"], roles["Fabric"] = timed(peer), rows.PEER
    return measure.Result(row, samples, roles, [rows.Missing("Ansible", "no such version")])


def timed(seconds, **figures):
    return [dict(figures, seconds=value, cpu=0.01) for value in seconds]


def goal(found):
    (only,) = report.described(found)["goals"]
    return only


def test_a_machine_that_slows_down_in_between_changes_no_ratio():
    told = report.described(result((1.5, 15.0, 150.0), (1.0, 10.0, 100.0)))
    ours = told["contenders"][1]["figures"]["seconds"]
    assert (ours["median"], ours["min"], ours["max"]) == (15.0, 1.5, 150.0)
    assert ours["ratio"] == pytest.approx(1.5)


@pytest.mark.parametrize("seconds, outcome", [(1.1, "aim reached"), (1.9, "met"), (2.1, "missed")])
def test_a_goal_is_judged_by_the_median_ratio(seconds, outcome):
    told = goal(result((seconds,) * 3, goals=[rows.ratio("by hand", 2, 1.25)]))
    assert (told["outcome"], told["value"]) == (outcome, pytest.approx(seconds))


def test_so_many_times_as_fast_as_a_peer():
    assert goal(result((1,), (1,), (6,), [rows.faster("Fabric", 5)]))["outcome"] == "aim reached"
    assert goal(result((1,), (1,), (4,), [rows.faster("Fabric", 5)]))["outcome"] == "missed"


def test_a_missing_peer_is_no_win():
    found = result((1,), (1,), goals=[rows.faster("Ansible", 15)])
    assert goal(found)["outcome"] == "unknown"
    assert "Ansible" in "\n".join(report.table(report.described(found)))
    assert "missing: no such version" in "\n".join(report.table(report.described(found)))


def test_a_bound_on_a_figure_of_its_own():
    found = result((1,), (1,), goals=[rows.bound("peak", 150, 80, "memory")], peak=120)
    assert goal(found)["outcome"] == "met"
    assert "memory: 120 MiB, at most 150 MiB, aim 80 MiB: met" in report.goals(
        report.described(found)
    )


def test_the_document_is_json_and_the_table_stands_beside_it(tmp_path):
    found = report.document([result((1, 2, 3))], [("other", "it broke")], 0)
    report.write(found, str(tmp_path))
    assert json.loads((tmp_path / "results.json").read_text()) == json.loads(json.dumps(found))
    assert "failed: other: it broke" in (tmp_path / "results.txt").read_text()
