"""What a collection looks at, and what it says of it: items that may go, and the report of what became of each."""

from __future__ import absolute_import, print_function

import os
import time

from business_hyper_fusion.protocol import GC_KINDS

DAY = 86400


class Item(object):
    """Something that may go, and does when there is a reason to: ``why``.

    :param kind: of GC_KINDS. :param name: what people read.
    :param paths: what is moved aside together; [] for what the engine holds.
    :param used: when it was last used, seconds since the epoch.
    """

    top = None
    """Directory below which emptied parents go, too."""

    lock = None
    """Path of the lock of whoever uses it, where that one needs none of the others; it goes, too."""

    def __init__(self, kind, name, paths, used):
        self.kind = kind
        self.name = name
        self.paths = paths
        self.used = used
        self.why = ""


class Report(object):
    """What was asked, and what is answered.

    :param dry_run: True to say what would go, and to change nothing.
    :param older_than: seconds. :param most_bytes: of all caches together, or None for no bound.
    :param what: list of GC_KINDS, or None for all.
    :param told: the controller's time, seconds since the epoch, or None.
    """

    bytes_wanted = 0
    """How much room caches shall make at least, besides being smaller than ``most_bytes``."""

    def __init__(self, dry_run, older_than, most_bytes=None, what=None, told=None):
        self.dry_run = dry_run
        self.older_than = older_than
        self.most_bytes = most_bytes
        # Of two clocks the one behind: what is old by one of them alone may be a minute old.
        self.now = min(time.time(), told or time.time())
        self._what = GC_KINDS if what is None else what
        self._removed, self._busy, self._failed, self._kept = [], [], [], {}

    def wants(self, kind):
        return kind in self._what

    def is_old(self, item):
        return self.is_past(item.used)

    def is_past(self, used):
        """A time in the future is that of a clock that was wrong: what was used then is new."""
        return max(self.now - used, 0) >= self.older_than

    def age(self, item):
        return max(self.now - item.used, 0)

    def judged(self, item):
        """:returns: the item, with the reason of most when it is old."""
        if self.is_old(item):
            item.why = "not used for %s" % days(self.age(item))
        return item

    def removed(self, item, size):
        """:param size: bytes that this gave back, or None where nobody can say."""
        entry = {"kind": item.kind, "name": item.name, "bytes": size, "why": item.why}
        self._removed.append(dict(entry, age_seconds=int(self.age(item))))

    def kept(self, kind):
        self._kept[kind] = self._kept.get(kind, 0) + 1

    def kept_of(self, items):
        """Count those that have no reason to go."""
        for item in items:
            if not item.why:
                self.kept(item.kind)

    def busy(self, item):
        """Would go, but a build or another command works with it now."""
        self._busy.append({"kind": item.kind, "name": item.name, "why": "in use now"})

    def failed(self, kind, name, why):
        self._failed.append({"kind": kind, "name": name, "why": why})

    def answer(self):
        return {
            "answer": "gc",
            "dry_run": self.dry_run,
            "removed": self._removed,
            "kept": self._kept,
            "busy": self._busy,
            "failed": self._failed,
        }


def days(seconds):
    """:returns: e.g. "31 days", "2 hours"."""
    for unit, length in (("day", DAY), ("hour", 3600), ("minute", 60)):
        if seconds >= length:
            count = int(seconds // length)
            return "%d %s%s" % (count, unit, "" if count == 1 else "s")
    return "%d seconds" % seconds


def moment(path):
    """:returns: when a file or directory was last changed, seconds since the epoch; 0.0 when it is not there."""
    try:
        return os.lstat(path).st_mtime
    except OSError:
        return 0.0
