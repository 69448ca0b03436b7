"""Whether what talks to a server gets any further; who waits for a silent server forever holds an executor.

In: the pid of a command, how long it may stand still. Out: an answer, asked ten times a second. Of git counts what its
processes have read, written and computed, and not what they print: a large repository takes minutes to be
checked without a word. What a helper does that talks to the server (git-remote-https, ssh) does not count, but what it
hands on: keeping a line alive is no progress.
"""

from __future__ import absolute_import, print_function

import os

from business_hyper_fusion import compat, identity

EVERY = 0.5
"""Seconds between two looks."""

USER_TIME, SYSTEM_TIME = 11, 12
"""Fields of /proc/<pid>/stat, counted from the state."""


PUSHING = b"==> publish: pushing"


class Progress(object):
    """Of git. :param seconds: without any progress, after which it has stalled."""

    def __init__(self, seconds):
        self._seconds = seconds
        self._seen = None
        self._due = 0.0
        self._moved = compat.monotonic()

    def has_stalled(self, pid):
        """:param pid: of the leader of the command's session."""
        now = compat.monotonic()
        if now >= self._due:
            self._due = now + EVERY
            seen = _work_of(pid)
            if seen != self._seen:
                self._seen, self._moved = seen, now
        return now - self._moved > self._seconds


class Push(object):
    """Of the push of an image: an engine says little of it, and does it in a process of its own, so that the registry
    is asked whether it is still there, once nothing was said for so long.

    :param seconds: as above. :param address: of the registry.
    """

    def __init__(self, seconds, address):
        self._seconds = seconds
        self._address = address
        self._heard = None

    def hear(self, data):
        """:param data: bytes that the command said; what comes before the push may be silent as long as it likes."""
        if self._heard is not None or PUSHING in data:
            self._heard = compat.monotonic()

    def has_stalled(self, pid):
        now = compat.monotonic()
        if self._heard is None or now - self._heard <= self._seconds:
            return False
        self._heard = now
        # It brings http and TLS along, which few builds need.
        from business_hyper_fusion import registry

        return not registry.ask(self._address).available


def _work_of(session):
    """:returns: what changes whenever a git of the session does anything: {pid: list of numbers}."""
    found = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            pid = int(name)
            fields = identity.stat_fields(pid)
            if fields is not None and int(fields[3]) == session:
                work = _work(pid, fields)
                if work:
                    found[pid] = work
    return found


def _work(pid, fields):
    name = _read("/proc/%d/comm" % pid)
    if not name.startswith(b"git") or name.startswith(b"git-remote"):
        return None
    counters = [line.split()[1] for line in _read("/proc/%d/io" % pid).splitlines()[:2]]
    return counters + [fields[USER_TIME], fields[SYSTEM_TIME]]


def _read(path):
    try:
        with open(path, "rb") as file:
            return file.read()
    except (IOError, OSError):
        return b""
