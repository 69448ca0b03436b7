"""Builds that are played: their files grow on machines as builds write them, without the builds.

Job: hundreds of builds at once on one computer, which has no room for as many workers. For who watches them there is no
    difference: the executor side's own classes write status, events and log, and the executor's lock is held.
In: for each machine a real build, of whose request and journal entry the others are copies. Out: a Play.
"""

import copy
import os
import threading
import time

from business_hyper_fusion import files, layout, lock, order, status
from business_hyper_fusion.log import Log
from business_hyper_fusion.masker import Masker
from business_hyper_fusion.protocol import PHASES
from tests.lab import process

LINES_A_PHASE = 3

LOG_BYTES = 1024 * 1024

LONGEST_WAIT = 120
"""Seconds for whoever watches to be there."""


class Build(object):
    """One that is played. .machine .build_id: texts."""

    def __init__(self, business, executor_id, request):
        self.machine = request["machine"]
        self.build_id = request["build_id"]
        executor = business.executor(executor_id)
        attempt = executor.attempt(self.build_id, 1)
        os.makedirs(attempt.path)
        self._lock = None
        process.wait_until(lambda: self._takes(executor.lock), 60, "a free executor")
        os.chmod(
            executor.lock, 0o666
        )  # whoever looks after builds tries to take it, as another user than this
        order.add(executor, self.build_id)
        files.publish_json(attempt.request, request)
        self._log = Log(attempt.log, LOG_BYTES, Masker([]))
        self._status = status.Status(attempt, status.initial(request))
        self._status.begin()

    def _takes(self, path):
        """Whether the lock is ours; the real build that was here before, or its upkeep, may hold it a moment longer."""
        self._lock = lock.acquire(path)
        return self._lock is not None

    def phase(self, name):
        """Goes through a phase."""
        self._status.begin_phase(name)
        for number in range(LINES_A_PHASE):
            self._log.say("line %d of the phase %s" % (number, name))
        self._status.end_phase(name, "success")

    def end(self):
        self._status.end(None, self._log.close())
        os.close(self._lock)


class Play(object):
    """:param roots: {machine name: its root}. :param journal: the operator's journal.Journal.
    :param models: {machine name: id of a real build of the operator's that has ended there}.
    :param executors: int, builds at once on a machine.
    """

    def __init__(self, roots, journal, models, executors):
        self._businesses = {
            name: layout.Business(os.path.join(root, "1")) for name, root in roots.items()
        }
        self._journal = journal
        # the journal forgets the models once there are many builds
        self._models = {
            name: (build_id, journal.kept(build_id), journal.read(build_id))
            for name, build_id in models.items()
        }
        self._executors = executors
        self._count = 0

    def begin(self):
        """:returns: list of Build, as many as there are executors; they run, and nothing happens to them yet."""
        return [
            self._build(name, str(number + 1))
            for number in range(self._executors)
            for name in self._businesses
        ]

    def _build(self, machine, executor_id):
        self._count += 1
        now = time.strftime("%Y%m%dT%H%M%S", time.gmtime())
        build_id = "%s%03d-%08x" % (now, self._count % 1000, self._count)
        model, kept, entry = copy.deepcopy(self._models[machine])
        kept["document"]["build_id"] = build_id
        more = {"build_id": build_id, "executor_id": executor_id}
        entry.pop("end", None)
        self._journal.intend(dict(entry, **more), kept)
        self._journal.confirm(build_id)
        path = self._businesses[machine].executor(entry["executor_id"]).attempt(model, 1).request
        request = dict(files.read_json(path), **more)
        return Build(self._businesses[machine], executor_id, request)


class Turn(threading.Thread):
    """Plays builds to their end, once somebody watches them.

    :param path: appears when they are watched. :param seconds: from there to the first end.
    """

    def __init__(self, builds, path, seconds):
        super().__init__(daemon=True)
        self._builds, self._path, self._seconds = builds, path, seconds

    def run(self):
        deadline = time.monotonic() + LONGEST_WAIT
        while not os.path.exists(self._path) and time.monotonic() < deadline:
            time.sleep(0.05)
        begun = time.monotonic()
        for number, name in enumerate(PHASES):
            for build in self._builds:
                build.phase(name)
            rest = begun + self._seconds * (number + 1.0) / len(PHASES) - time.monotonic()
            time.sleep(max(rest, 0))
        for build in self._builds:
            build.end()
