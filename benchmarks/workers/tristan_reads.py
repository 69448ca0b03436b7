"""Reads a build's log, or fetches a file of its, from a process that stays. Arguments: `log`, or `file`; a directory.

The order names two builds: `small`, which is read first, and `large`, whose reading is timed; and `bytes`, of the large
one. Figures: seconds, cpu; growth: MiB of memory that the large one took beyond what the small one took.
"""

import os
import shutil
import sys
import time

import memory
import worker

from controller import service, settings, state

KIND, DIRECTORY = sys.argv[1:]
CONTROLLER = service.Controller(settings.load(os.environ["TRISTAN_CONFIG"]), state.State())


class ToFile(object):
    """A sink that writes a log where `ssh cat` has it written."""

    def __init__(self, path):
        self._target = open(path, "wb", 0)

    def log(self, data, offset):
        self._target.write(data)

    def status(self, status):
        pass

    def note(self, text):
        sys.stderr.write(text + "\n")

    def close(self):
        self._target.close()


def read_log(build_id):
    """:returns: path."""
    path = os.path.join(DIRECTORY, "log")
    sink = ToFile(path)
    CONTROLLER.read_log(build_id, sink)
    sink.close()
    return path


def fetch_file(build_id):
    told = {"on_progress": lambda *_: None, "on_event": sys.stderr.write}
    (found,) = CONTROLLER.fetch_artifacts(build_id, DIRECTORY, **told)
    return found["path"]


READ = {"log": read_log, "file": fetch_file}[KIND]


def read(build_id):
    """:returns: (dict of figures, most memory in MiB, bytes that came)."""
    shutil.rmtree(DIRECTORY, ignore_errors=True)
    os.mkdir(DIRECTORY)
    memory.forget()
    cpu, begun = worker.cpu_seconds(), time.monotonic()
    path = READ(build_id)
    figures = {"seconds": time.monotonic() - begun, "cpu": worker.cpu_seconds() - cpu}
    return figures, memory.most(), os.path.getsize(path)


def once(order):
    before = read(order["small"])[1]
    figures, most, size = read(order["large"])
    if size != order["bytes"]:
        raise worker.Failed("%d bytes came instead of %d" % (size, order["bytes"]))
    return dict(figures, growth=max(most - before, 0))


worker.serve(once)
