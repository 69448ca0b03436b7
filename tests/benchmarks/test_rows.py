"""Each row runs on real parts: Tristan and the scripts by hand, one small round, without peers."""

import pytest

from benchmarks import lab as labs
from benchmarks import measure, report, rows
from benchmarks.rows import artifact, log_throughput, many_builds, watching

pytestmark = [pytest.mark.once, pytest.mark.lab]

ROWS = rows.every()
SMALL = [
    (artifact, {"SMALL": 10**5, "LARGE": 10**6}),
    (log_throughput, {"SMALL": 10**5, "LARGE": 10**6}),
    (many_builds, {"MACHINES": 2, "BRANCHES": 2, "ALL": 4}),
    (watching, {"MACHINES": 2, "EXECUTORS": 2, "SECONDS": 2}),
]


@pytest.fixture
def small(monkeypatch):
    """What takes long is little here."""
    for module, values in SMALL:
        for name, value in values.items():
            monkeypatch.setattr(module, name, value)


@pytest.mark.parametrize("name", sorted(ROWS))
@pytest.mark.usefixtures("small")
def test_a_row_measures_tristan_beside_what_is_written_by_hand(name, monkeypatch):
    row = ROWS[name]
    monkeypatch.setattr(row, "rounds", 1)
    monkeypatch.setattr(row, "warm_up", 1)
    with labs.Lab(with_peers=False) as lab:
        told = report.described(measure.run(row, lab, 1, lambda text: None))
    assert all(one["figures"] for one in told["contenders"])
    assert "Tristan" in [one["name"] for one in told["contenders"]]
    missing = {one["name"] for one in told["missing"]}
    assert all(
        goal["value"] is not None for goal in told["goals"] if goal["against"] not in missing
    )
