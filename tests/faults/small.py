"""A machine on a small disk, and who reads a status all the while."""

from __future__ import absolute_import, print_function, unicode_literals

import hashlib
import json
import time

from business_hyper_fusion import identity
from business_hyper_fusion.grammar.status import check_status
from tests.faults.beside import Beside


class Reader(Beside):
    """Reads a status file in a thread until it is stopped; a context manager.

    .torn: list of bytes, what was read and is no status; .read: int, how often
    """

    def __init__(self, path):
        self._path = path
        super(Reader, self).__init__()
        self.torn = []
        self.read = 0

    def _run(self):
        while not self._stop.is_set():
            with open(self._path, "rb") as status:
                data = status.read()
            self.read += 1
            try:
                if check_status(json.loads(data.decode("utf-8"))):
                    self.torn.append(data)
            except ValueError:
                self.torn.append(data)
            time.sleep(0.001)


def whole(machine, request, status):
    """The log's hash is that of the status, every event is whole, and there is one end.

    :param status: the terminal one.
    """
    attempt = machine.attempt(request)
    with open(attempt.log, "rb") as log:
        content = log.read()
    assert status["log"] == {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    with open(attempt.events, "rb") as events:
        lines = [json.loads(line.decode("utf-8")) for line in events]
    ends = [line for line in lines if line["event"]["action"] == "build-ended"]
    assert [end["tristan"]["state"] for end in ends] in ([], [status["state"]])
    return ends


def is_free(machine):
    machine.wait_until(lambda: not machine.ask("builds", {})["executors"]["1"]["busy"])


def is_left_alone(machine, request):
    """Free, and nothing of a build takes or gives back room on its disk: what it does behind its end is done, too."""
    is_free(machine)
    machine.wait_until(lambda: not identity.alive(machine.status(request)["process"]))
