"""Asking many at once."""

from __future__ import absolute_import, print_function, unicode_literals

import threading

from controller import errors, parallel


def test_results_come_in_the_items_order_and_errors_stay_with_their_item():
    def ask(number):
        if number == 2:
            raise errors.MachineUnreachable("gone")
        return number * 10

    found = parallel.each(ask, range(40))
    assert [item for item, _, _ in found] == list(range(40))
    assert [result for _, result, error in found if error is None] == [
        number * 10 for number in range(40) if number != 2
    ]
    assert isinstance(found[2][2], errors.MachineUnreachable)


def test_they_are_really_asked_at_once():
    together = threading.Semaphore(0)

    def meet(number):
        together.release()
        if number == 0:
            for _ in range(8):
                together.acquire()
        return number

    assert len(parallel.each(meet, range(8))) == 8


def test_nobody_to_ask_is_no_answer():
    assert parallel.each(None, []) == []


def test_a_defect_in_a_thread_is_told_and_hangs_nothing():
    found = parallel.each(lambda number: 1 // number, [0, 1])
    assert found[0][2].cause == "internal"
    assert found[1][1] == 1
