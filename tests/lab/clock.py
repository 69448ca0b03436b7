"""A clock that can be wrong, and can jump while programs run: libfaketime, of the package ``faketime``.

In: seconds that it is ahead. Out: an environment for programs that shall believe it, and a Python that does.

Monotonic clocks and the times of files stay the kernel's, as they do where somebody sets a clock.
"""

from __future__ import absolute_import, print_function, unicode_literals

import glob
import io
import os

from tests.lab import process

LIBRARIES = "/usr/lib/*/faketime/libfaketime.so.1"

SITE = """
import select, sys, time

if sys.version_info >= (3, 11):
    # It sleeps until a time of the monotonic clock, which libfaketime takes for one of the clock that it fakes.
    time.sleep = lambda seconds: select.select([], [], [], seconds) and None
"""


class Clock(object):
    """Right at first. The file with its offset is read at each look at the clock, so that it jumps for all at once."""

    def __init__(self):
        self.directory = process.directory("clock")
        self._file = os.path.join(self.directory, "offset")
        self.set(0)
        _write(os.path.join(self.directory, "sitecustomize.py"), SITE)

    def set(self, seconds):
        """:param seconds: int, how much it is ahead; negative: behind."""
        _write(self._file + ".new", "%+d\n" % seconds)
        os.rename(self._file + ".new", self._file)

    def environment(self, modules=""):
        """:param modules: the program's PYTHONPATH, where it is a Python that minds it.
        :returns: dict, what makes a program and its children believe it.
        """
        return {
            "PYTHONPATH": ":".join([self.directory] + ([modules] if modules else [])),
            "LD_PRELOAD": library(),
            "FAKETIME_TIMESTAMP_FILE": self._file,
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "NO_FAKE_STAT": "1",
        }

    def python(self, interpreter):
        """:param interpreter: path of a Python before 3.11 when it is to mind no PYTHONPATH.
        :returns: path of a program that is this interpreter, under this clock.
        """
        path = os.path.join(self.directory, "python")
        words = ["%s=%s" % pair for pair in sorted(self.environment().items())] + [interpreter]
        _write(path, '#!/bin/sh\nexec env %s "$@"\n' % " ".join(map(process.quote, words)))
        os.chmod(path, 0o755)
        return path

    def remove(self):
        process.remove(self.directory)


def library():
    """:raises process.LabError: it is not installed."""
    found = sorted(glob.glob(LIBRARIES))
    if not found:
        raise process.LabError("libfaketime is missing: install the package faketime")
    return found[0]


def _write(path, text):
    with io.open(path, "w") as target:
        target.write(text)
