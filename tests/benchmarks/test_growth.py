"""How growth curves are judged and drawn: made samples of a known shape."""

import pytest

from benchmarks import growth, growth_plot
from benchmarks.curves.subject import Curve, Subject

pytestmark = pytest.mark.once


class Made(Subject):
    name = "made"
    sizes = [0, 10, 100, 500, 1000]
    x = "things"
    curves = [Curve("cost", "s", "nothing")]


def told(cost, spread=0.001):
    samples = {("cost", x): [cost(x) - spread, cost(x), cost(x) + spread] for x in Made.sizes}
    return growth.described(Made, Made.curves[0], samples)


@pytest.mark.parametrize(
    "verdict, cost",
    [
        ("flat", lambda x: 0.1),
        ("flat", lambda x: 0.1 + x * 0.00002),
        ("flat", lambda x: 0.1 + min(x, 20) * 0.01),
        ("flat", lambda x: 0.1 - x * 0.00005),
        ("linear", lambda x: 0.1 + x * 0.001),
        ("linear", lambda x: 0.1 + x**0.5),
        ("worse", lambda x: 0.1 + x**1.5 * 0.0001),
        ("worse", lambda x: 0.1 + x**2 * 0.00001),
    ],
)
def test_a_curve_is_judged_by_its_shape(verdict, cost):
    assert told(cost)["verdict"] == verdict


def test_what_is_within_the_noise_is_flat():
    assert told(lambda x: 0.01 + x * 0.00001, spread=0.02)["verdict"] == "flat"


def test_slope_and_exponent_are_those_of_the_samples():
    found = told(lambda x: 0.1 + x * 0.001)
    assert found["slope"] == pytest.approx(0.001)
    assert found["exponent"] == pytest.approx(1)
    assert [point["x"] for point in found["points"]] == Made.sizes


def test_all_subjects_name_what_they_measure():
    for subject in growth.subjects():
        assert subject.sizes == sorted(subject.sizes) and len(subject.sizes) > 2
        assert subject.name and subject.x and subject.curves


def test_each_curve_is_written_and_drawn(tmpdir):
    curves = [told(lambda x: 0.1), told(lambda x: 0.1 + x)]
    growth.write(curves, str(tmpdir))
    drawn = tmpdir.join("growth.svg").read()
    assert drawn.count("<polyline") == 2 and "made: cost" in drawn
    assert "linear" in tmpdir.join("growth.txt").read()
    assert growth_plot.most(curves[1]) == pytest.approx(1000.101)
