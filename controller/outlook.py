"""What this process knows of one machine's executors: what it said a moment ago, and what came of launches since.

In: answers to `builds`, launches and their answers, ends that were seen. Out: the executors as they are likely to be.

Asking a machine costs it as much as half a launch, so two hundred builds that are launched in a row shall not ask each
machine two hundred times, nor try executors that this process itself has given something to do. What is known here is a
hint: an executor that it takes for free may answer that it is busy, and before a build is refused the machine is asked.
A build whose end nobody here has seen is taken to run until its machine is asked, so the next one of its ref may go to
an executor that has yet to fetch it.
"""

from __future__ import absolute_import, print_function, unicode_literals

import collections
import threading

from controller import compat
from controller.together import Together

FRESH = 10.0
"""Seconds for which an answer is good enough to choose by."""

TRYING, RUNNING, ENDED = "trying", "running", "ended"

Own = collections.namedtuple("Own", "build_id held state")
"""What this process launched on an executor. `held`: see held(); `state`: TRYING until the machine has answered."""

Told = collections.namedtuple("Told", "since executors")
"""`since`: of the monotonic clock, when the machine was asked; `executors`: {id: dict as of answer.believed_builds}."""


class Outlook(object):
    def __init__(self):
        self._asking = Together()
        self._lock = threading.Lock()
        self._executors = {}
        self._holders = {}  # {held: (when the machine was asked, ids of the executors that hold it)}
        self._own = {}

    def told(self, held, since, ask):
        """What the machine says, with what this process did since. :returns: Told.

        :param held: see held(). :param since: of the monotonic clock; an older answer is not good enough.
        :param ask: callable, gives {executor id: dict}. Of threads that want it at once, one asks.
        """
        with self._asking.turn():
            when = self._holders.get(held, (None,))[0]
            if when is None or when < since:
                when = self._ask(held, ask)
            with self._lock:
                return Told(when, self._likely(held))

    def own(self, executor_id):
        """Whether a launch of this process's is, for all it knows, on that executor now."""
        with self._lock:
            own = self._own.get(executor_id)
            return own is not None and own.state != ENDED

    def take(self, executor_id, plan):
        """Before a launch is tried. :returns: the id of a build that another thread tries there, "" for none."""
        with self._lock:
            own = self._own.get(executor_id)
            if own is not None and own.state == TRYING:
                return own.build_id
            self._own[executor_id] = Own(plan.build_id, held(plan), TRYING)
            return ""

    def settle(self, executor_id, said):
        """What came of that. :param said: the machine's answer, None when there was none."""
        with self._lock:
            own = self._own.pop(executor_id)
            if said is not None and said["answer"] == "started":
                self._own[executor_id] = own._replace(state=RUNNING)
            elif said is not None:
                busy = {"busy": True, "build_id": said.get("build_id")}
                self._executors[executor_id] = dict(self._executors.get(executor_id, {}), **busy)

    def ended(self, executor_id, build_id):
        """The end of a build was seen."""
        with self._lock:
            own = self._own.get(executor_id)
            # who tries to launch it has yet to settle that, be it another attempt or one that was over at once
            if own is not None and own.build_id == build_id and own.state != TRYING:
                self._own[executor_id] = own._replace(state=ENDED)
            executor = self._executors.get(executor_id, {})
            if executor.get("build_id") == build_id:
                self._executors[executor_id] = dict(executor, busy=False, build_id=None)

    def _ask(self, held, ask):
        """The machine knows what became of launches that it had answered before. :returns: when it was asked."""
        with self._lock:
            answered = [pair for pair in self._own.items() if pair[1].state != TRYING]
        when = compat.monotonic()
        executors = ask()
        with self._lock:
            for executor_id, own in answered:
                if self._own.get(executor_id) is own:
                    del self._own[executor_id]
            self._executors = executors
            self._forget(when - FRESH)
            self._holders[held] = (
                when,
                frozenset(name for name, one in executors.items() if one.get("holds") is True),
            )
        return when

    def _forget(self, before):
        """What is too old to be used, lest it grow with the number of refs."""
        for held in [one for one, (when, _) in self._holders.items() if when < before]:
            del self._holders[held]

    def _likely(self, held):
        """{executor id: dict}; the lock is held."""
        holders = self._holders[held][1]
        found = dict(
            (name, dict(one, holds=name in holders)) for name, one in self._executors.items()
        )
        for name, own in self._own.items():
            holds = name in holders or own.held == held
            running = own.build_id if own.state != ENDED else None
            found[name] = {
                "busy": running is not None,
                "build_id": running,
                "last": own.build_id,
                "holds": holds,
            }
        return found


def held(plan):
    """What an executor may hold of a plan's: (host, path, kind, name) of its ref."""
    repository, ref = plan.document["repository"], plan.ref
    return repository["host"], repository["path"], ref["kind"], ref["name"]
