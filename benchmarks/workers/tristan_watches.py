"""Watches many builds at once, a thread each, as a service would.

The order names them, and a path to make when all have been heard of. Figures: seconds; cpu; cpu_of_one, of a build;
memory, MiB at most.
"""

import os
import sys
import threading
import time

import memory
import worker

from controller import service, settings, state

CONTROLLER = service.Controller(settings.load(os.environ["TRISTAN_CONFIG"]), state.State())


class Sink(object):
    """Counts what comes."""

    def __init__(self):
        self.heard = threading.Event()
        self.bytes = 0

    def log(self, data, offset):
        self.bytes += len(data)

    def status(self, status):
        self.heard.set()

    def note(self, text):
        sys.stderr.write(text + "\n")


class Watching(threading.Thread):
    """One build, followed to its end. .status: the last one, or the text of what went wrong."""

    def __init__(self, build_id):
        super().__init__(daemon=True)
        self.sink = Sink()
        self.status = {}
        self._build_id = build_id

    def run(self):
        try:
            self.status = CONTROLLER.watch(self._build_id, self.sink)
        except Exception as problem:
            self.status = {"state": str(problem)}
            self.sink.heard.set()

    def has_all(self):
        """Whether the build ended well, and every byte of its log came."""
        ended = self.status.get("state") == "success"
        return ended and self.status["log"]["bytes"] == self.sink.bytes > 0


def once(order):
    memory.forget()
    cpu, begun = worker.cpu_seconds(), time.monotonic()
    watching = [Watching(build_id) for build_id in order["builds"]]
    for one in watching:
        one.start()
    for one in watching:
        one.sink.heard.wait()
    with open(order["watched"], "w"):
        pass
    for one in watching:
        one.join()
    wrong = [one.status for one in watching if not one.has_all()]
    if wrong:
        raise worker.Failed("%d builds, the first: %s" % (len(wrong), wrong[0].get("state")))
    cpu = worker.cpu_seconds() - cpu
    figures = {"seconds": time.monotonic() - begun, "cpu": cpu, "memory": memory.most()}
    return dict(figures, cpu_of_one=cpu / len(watching))


worker.serve(once)
