"""Where a build is tried, and in which order: spread evenly, but first where its ref is held.

Job: rank the executors of the machines that may run a plan.
In: a Plan, the journal, contacts by machine name. Out: machine, executor id and what it runs, best first.

The executor that this operator's last build of the ref went to needs no question, so that in the steady state a
build takes one round trip. Others are asked of the machines, which know of all operators' builds, or were asked a
moment ago (outlook.py): of the free executors those that hold the ref go first, then those of the machine with the
smallest share of busy ones, of these the one that has rested longest.
"""

from __future__ import absolute_import, print_function, unicode_literals

import random

import six

from controller import answer, compat, outlook, parallel


class Spread(object):
    """:param contacts: {machine name: contact.Contact}. :param journal: journal.Journal.
    :param on_event: callable(text), told of machines that are left out.
    """

    def __init__(self, contacts, journal, on_event):
        self._contacts = contacts
        self._journal = journal
        self._on_event = on_event

    def order(self, plan):
        """Yields (machine, executor id, id of the build that it is said to run, "" for none that is known).

        The machines are asked when the first one did not take the build; they may have been a moment ago, and are
        asked now before all that they said then is taken for busy.

        :raises errors.TristanError: none of several machines can be reached.
        """
        every = slots(plan.machines)
        first = self._held(plan, every)
        for machine, executor_id in first:
            yield machine, executor_id, ""
        pairs = [pair for pair in every if pair not in first]
        now = compat.monotonic()
        # an attempt that shall go elsewhere does not go back because another machine was busy a moment ago
        oldest = now if plan.avoid else now - outlook.FRESH
        ranked, since = self._ranked(plan, pairs, oldest)
        for place in ranked:
            yield place
        if since < now:
            for place in self._ranked(plan, every, now)[0]:
                yield place

    def _held(self, plan, every):
        """The executor that this operator's last build of the ref went to, where this process does not keep it busy."""
        name, executor_id = self._journal.last_place(plan.project, plan.ref)
        if plan.avoid or (name in self._contacts and self._is_busy(name, executor_id, every)):
            return []
        return [pair for pair in every if (pair[0].name, pair[1]) == (name, executor_id)]

    def _is_busy(self, name, executor_id, every):
        return len(every) > 1 and self._contacts[name].outlook.own(executor_id)

    def _ranked(self, plan, pairs, since):
        """:param since: of the monotonic clock; what a machine said before is not good enough.

        :returns: (list of what order() yields, of the monotonic clock the moment of which all that is known).
        """
        now = compat.monotonic()
        if len(pairs) < 2:
            return [pair + ("",) for pair in pairs], now
        names = sorted(set(machine.name for machine, _ in pairs))
        told, failures = {}, []
        for name, said, error in parallel.each(lambda name: self._ask(name, plan, since), names):
            if error is None:
                told[name] = said.executors
                now = min(now, said.since)
            else:
                failures.append(error)
                if len(names) > 1:
                    self._on_event("not using %s: %s" % (name, error.message))
        if not told:
            raise failures[0]
        return ranked(plan, pairs, told), now

    def _ask(self, name, plan, since):
        """outlook.Told; executors that never ran are not in it."""
        contact, held = self._contacts[name], outlook.held(plan)
        question = {"limit": 1, "build": "-"}
        question["held"] = dict(zip(("host", "path", "kind", "name"), held))

        def ask():
            return answer.believed_builds(contact.ask("builds", question) or {})["executors"]

        return contact.outlook.told(held, since, ask)


def ranked(plan, pairs, told):
    """The (machine, executor id) pairs of machines that told, best first, with the build that each runs."""
    # Of machines alike any goes first, so that many operators don't all choose the same.
    lots = dict((name, random.random()) for name in told)
    reachable = [pair for pair in pairs if pair[0].name in told]
    reachable.sort(
        key=lambda pair: (pair[0].name == plan.avoid, rank(pair, told[pair[0].name], lots))
    )
    return [pair + (running(told[pair[0].name], pair[1]),) for pair in reachable]


def running(executors, executor_id):
    """What an executor is busy with; "" also when its build has just ended: it lets go in a moment."""
    executor = executors.get(executor_id, {})
    return executor.get("build_id") or "" if executor.get("busy") else ""


def rank(pair, executors, lots):
    """A key to sort by. :param lots: {machine name: a number}, which decides between machines alike."""
    machine, executor_id = pair
    executor = executors.get(executor_id, {})
    busy = len([one for one in executors.values() if one["busy"]])
    last = executor.get("last")
    return (
        bool(executor.get("busy")),
        executor.get("holds") is not True,
        busy / float(machine.executors),
        last if isinstance(last, six.text_type) else "",
        lots[machine.name],
        int(executor_id),
    )


def slots(machines):
    """Every (machine, executor id)."""
    return [
        (machine, "%d" % number)
        for machine in machines
        for number in range(1, machine.executors + 1)
    ]
