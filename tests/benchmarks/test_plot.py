"""The plot is well-formed, and has a bar for each contender."""

import xml.etree.ElementTree as xml

import pytest

from benchmarks import plot, report
from benchmarks import row as rows
from tests.benchmarks.test_report import result

pytestmark = pytest.mark.once
SPACE = "{http://www.w3.org/2000/svg}"


def drawn(*results):
    return xml.fromstring(plot.svg(report.document(list(results), [], 0)))


def test_a_bar_a_contender_and_lines_for_goal_and_aim():
    found = drawn(result((1.5,), (1.0,), (4.0,), [rows.ratio("by hand", 2, 1.25)]))
    kinds = [one.get("class") for one in found.iter(SPACE + "line")]
    assert kinds.count("goal") == 1 and kinds.count("aim") == 1
    words = [one.text for one in found.iter(SPACE + "text")]
    assert {"by hand", "Tristan", "Fabric", "1.50", "4.00"} <= set(words)


def test_longer_takes_a_longer_bar_and_nothing_leaves_the_picture():
    bars = [one for one in drawn(result((1.5,), (1.0,), (1e9,))).iter(SPACE + "rect")][1:]
    widths = [float(bar.get("width")) for bar in bars]
    assert widths == sorted(widths)
    assert float(bars[-1].get("x")) + widths[-1] <= plot.WIDTH


def test_a_name_is_text_whatever_it_holds():
    row = result((1.0,))
    row.row.title = "<script>&"
    assert "<script>&" in [one.text.partition(": ")[2] for one in drawn(row).iter(SPACE + "text")]
