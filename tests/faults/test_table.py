"""The tables themselves."""

from __future__ import absolute_import, print_function, unicode_literals

import json

from tests.faults import rows, table
from tests.faults.table import Result


def test_every_row_stands_in_the_table_and_the_worst_outcome_counts(tmp_path):
    found = table.documents(
        [
            Result(("fault", 3), "passed", [1.0, 2.26]),
            Result(("fault", 3), "failed", [1.5]),
            Result(("hostile", 5), "passed", [0.5]),
        ]
    )
    assert len(found) == len(rows.FAULTS) + len(rows.HOSTILE)
    by_row = dict((one["row"], one) for one in found)
    assert (by_row["fault 3"]["runs"], by_row["fault 3"]["worst_seconds"]) == (3, 2.3)
    assert by_row["fault 3"]["outcome"] == "failed" and by_row["hostile 5"]["outcome"] == "passed"
    assert by_row["fault 1"]["outcome"] == "not run" and by_row["fault 1"]["runs"] == 0
    assert not table.complete(found)
    assert table.complete([one for one in found if one["outcome"] == "passed"])
    shown = table.lines(found)
    assert len(set(len(line) for line in shown)) == 1, "the columns stand below each other"
    table.write(str(tmp_path / "table.json"), found)
    assert json.loads((tmp_path / "table.json").read_text()) == found
