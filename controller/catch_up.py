"""Finds the ends that nobody watched: asks machines for the builds that are open in the journal.

In: an Acceptance, a function that asks a machine. Out: nothing; what has ended is accepted.
"""

from __future__ import absolute_import, print_function, unicode_literals

from controller import parallel


def catch_up(acceptance, ask, machines, seen):
    """Machines are asked side by side, each for all of its builds in one question.

    :param ask: function(machine name, build ids) that gives (statuses, ids of which nothing is known there).
    :param machines: names. :param seen: ids of builds whose status was seen just now.
    """
    waiting = acceptance.waiting()

    def ask_all(name):
        return ask(name, [one for one in sorted(waiting[name]) if one not in seen])

    found, nothing = [], ([], [])
    for name, told, _ in parallel.each(ask_all, [one for one in machines if one in waiting]):
        statuses, absent = told or nothing  # a machine that is out of reach comes later
        found.extend((name, status) for status in statuses)
        for build_id in absent:
            acceptance.absent(name, build_id, waiting[name][build_id])
    acceptance.take(found)
