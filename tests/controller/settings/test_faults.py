"""Faults: in the file's order, counted, their keys printable."""

from __future__ import absolute_import, print_function, unicode_literals

from controller.settings.faults import Faults, written


def test_they_are_told_in_the_order_of_the_file():
    faults = Faults()
    faults.places = {(): (1, 1), ("b",): (2, 1), ("a",): (5, 1), ("a", "x"): (6, 3)}
    faults.add(("a", "x", "y"), "third")
    faults.add(("a",), "second")
    faults.add(("b",), "first")
    assert [fault.message for fault in faults.listed()] == [
        "first (line 2)",
        "second (line 5)",
        "third (line 6)",
    ]


def test_a_fault_is_told_once():
    faults = Faults()
    faults.add(("a",), "x")
    faults.add(("a",), "x")
    assert len(faults) == 1


def test_a_flood_is_cut_and_counted():
    faults = Faults()
    for number in range(250):
        faults.add(("a", number), "x")
    assert len(faults.listed()) == 101
    assert faults.listed()[-1] == ("...", "and 150 more")


def test_a_key_knows_of_faults_inside_it():
    faults = Faults()
    faults.add(("a", "b", "c"), "x")
    assert ("a",) in faults and ("a", "b", "c") in faults
    assert ("a", "b", "d") not in faults and ("b",) not in faults


def test_key_paths_are_written_as_users_write_them():
    assert written(("machines", "builder-1", "labels", 0)) == "machines.builder-1.labels[0]"
    assert written(("a b", "\x1b[31m")) == '"a b"."\\x1b[31m"'
    assert len(written(("x" * 1000,))) < 100
