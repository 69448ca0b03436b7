"""Times as text and back, without the modules of the standard library that take long to import."""

from __future__ import absolute_import, print_function

import calendar
import random

import pytest

from business_hyper_fusion import compat


def test_seconds_of_a_time_are_those_it_was_written_from():
    dice = random.Random(5)
    for seconds in [0, 951782400, 1709208000] + [dice.randrange(1 << 32) for _ in range(5000)]:
        assert compat.seconds_of(compat.iso_time(seconds)) == seconds


@pytest.mark.parametrize("day", [(1970, 1, 1), (2000, 2, 29), (2100, 3, 1), (2023, 12, 31)])
def test_seconds_of_days_around_a_leap_year_s(day):
    text = "%04d-%02d-%02dT12:34:56.000Z" % day
    assert compat.seconds_of(text) == calendar.timegm(day + (12, 34, 56))


@pytest.mark.parametrize("text", ["", "soon", "2026-13-01T00:00:00Z", "2026-01-01"])
def test_what_is_no_time_is_0(text):
    assert compat.seconds_of(text) == 0
