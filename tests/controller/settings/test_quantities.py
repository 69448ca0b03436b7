"""Durations and sizes as people write them."""

from __future__ import absolute_import, print_function, unicode_literals

import pytest

from business_hyper_fusion import grammar
from controller.settings import quantities


@pytest.mark.parametrize(
    "take, value, taken",
    [
        (quantities.seconds, "55m", 3300),
        (quantities.seconds, "1h30m", 5400),
        (quantities.seconds, "1d", 86400),
        (quantities.seconds, "90s", 90),
        (quantities.seconds, 90, 90),
        (quantities.seconds, 90.0, 90),
        (quantities.log_bytes, "64m", 67108864),
        (quantities.log_bytes, "1GiB", 1024**3),
        (quantities.log_bytes, "2048", 2048),
        (quantities.log_bytes, 4096, 4096),
        (quantities.memory, "2g", "2g"),
        (quantities.memory, "512MB", "512m"),
        (quantities.memory, 1073741824, "1073741824"),
        (quantities.cpus, 2, "2"),
        (quantities.cpus, 1.5, "1.5"),
        (quantities.cpus, "0.25", "0.25"),
        (quantities.span, "30d", 30 * 86400),
        (quantities.span, "1h30m", 5400),
        (quantities.span, "0", 0),
        (quantities.size, "20g", 20 * 1024**3),
    ],
)
def test_taken(take, value, taken):
    assert take(value) == taken


@pytest.mark.parametrize(
    "take, value",
    [
        (quantities.seconds, ""),
        (quantities.seconds, "90"),
        (quantities.seconds, "1.5h"),
        (quantities.seconds, "0s"),
        (quantities.seconds, 0),
        (quantities.seconds, -1),
        (quantities.seconds, 1.5),
        (quantities.seconds, "8d"),
        (quantities.log_bytes, "2 g"),
        (quantities.log_bytes, "1"),
        (quantities.log_bytes, "-1m"),
        (quantities.log_bytes, "17g"),
        (quantities.memory, "0"),
        (quantities.memory, "1k"),
        (quantities.memory, "2t"),
        (quantities.memory, "-2g"),
        (quantities.memory, "2g\n"),
        (quantities.cpus, 0),
        (quantities.cpus, -1),
        (quantities.cpus, "two"),
        (quantities.cpus, 1e-9),
        (quantities.span, "30"),
        (quantities.span, ""),
        (quantities.size, "0"),
        (quantities.size, "2t"),
    ],
)
def test_refused(take, value):
    with pytest.raises(grammar.Refused):
        take(value)
