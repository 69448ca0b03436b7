"""The page's tables are Markdown, and say what the others say."""

import pytest

from benchmarks import page, report
from benchmarks import row as rows
from tests.benchmarks.test_report import result

pytestmark = pytest.mark.once


def test_goals_contenders_and_who_is_missing_stand_in_tables(tmp_path):
    found = result((1.5,), (1.0,), goals=[rows.ratio("by hand", 2, 1.25)], peak=120)
    page.write(report.document([found], [], 0), str(tmp_path))
    text = (tmp_path / "results.md").read_text(encoding="utf-8")
    assert "| sample | against by hand | 1.50 x | 2.00 x | 1.25 x | met |" in text
    assert "| Tristan | 1.50 s | 1.50 s | 1.50 s | 0.010 | 1.50 |" in text
    assert "| Tristan | 120 MiB |" in text
    assert "Ansible is missing: no such version." in text
