"""What may end an attempt early: a cancellation, its time limits, a signal; and waking the worker up for it.

``Control`` answers one question, "must the running command stop, and why?"; process.py asks it.
"""

from __future__ import absolute_import, print_function

import os
import signal

from business_hyper_fusion import compat, elsewhere, outcome

CANCEL_GRACE = 10.0
"""Seconds between the polite signal and the hard one when a build is cancelled."""


class Control(object):
    """:param attempt: layout.Attempt whose ``cancel`` marker counts.
    :param limits: {"soft_seconds": int, "hard_seconds": int} from the attempt's start.
    """

    def __init__(self, attempt, limits):
        self._attempt = attempt
        self._limits = limits
        self._begun = compat.monotonic()
        self._terminated = False
        self.wakeup, self._wakeup_write = _pipe()

    def install(self):
        """Catch SIGTERM (sent by ``cancel``, or at shutdown) and SIGCHLD; both wake ``select`` up. What whoever started
        this was deaf to, the build's commands are not.
        """
        for number in (signal.SIGINT, signal.SIGHUP):
            signal.signal(number, signal.SIG_DFL)
        signal.set_wakeup_fd(self._wakeup_write)
        signal.signal(signal.SIGCHLD, lambda number, frame: None)
        signal.signal(signal.SIGTERM, self._on_terminate)

    def uninstall(self):
        """Signals as they were before: what comes now does not expect to be interrupted by them."""
        signal.set_wakeup_fd(-1)
        for number in (signal.SIGCHLD, signal.SIGTERM):
            signal.signal(number, signal.SIG_DFL)

    def _on_terminate(self, number, frame):
        self._terminated = True

    def drain(self):
        """Empty the wakeup pipe."""
        try:
            while os.read(self.wakeup, 512):
                pass
        except OSError:
            pass

    def reason(self):
        """:returns: outcome.Ended that the attempt must end with, or None to go on."""
        terminated = self._terminated  # Before the marker: cancel.py leaves that one first.
        marker = self._marker()
        if marker:
            return outcome.cancelled(_reason_in(marker))
        if terminated:
            message = "startup.py was told to stop (SIGTERM); the machine may be shutting down"
            return outcome.error("terminated", message)
        if self.elapsed() >= self._limits["hard_seconds"]:
            return outcome.timeout("hard_limit", self._limits["hard_seconds"])
        if self.elapsed() >= self._limits["soft_seconds"]:
            return outcome.timeout("soft_limit", self._limits["soft_seconds"])
        return None

    def check(self):
        """:raises outcome.Ended: when the attempt must stop; called between steps."""
        reason = self.reason()
        if reason is not None:
            raise reason

    def grace(self, reason):
        """:returns: seconds that a command gets between the polite signal and the hard one."""
        if reason.cause == "soft_limit":
            return max(self._limits["hard_seconds"] - self.elapsed(), 0.0)
        return 0.0 if reason.cause == "hard_limit" else CANCEL_GRACE

    def elapsed(self):
        """Seconds since the attempt began, by the monotonic clock."""
        return compat.monotonic() - self._begun

    def _marker(self):
        """:returns: path of what cancel.py has left, or None."""
        if os.path.exists(self._attempt.cancel):
            return self._attempt.cancel
        return elsewhere.find(self._attempt, elsewhere.CANCEL)


def _reason_in(marker):
    try:
        with open(marker, "rb") as file:
            return compat.to_native(file.read(1000)).strip()
    except (IOError, OSError):
        return ""


def _pipe():
    import fcntl

    ends = os.pipe()
    for end in ends:
        compat.close_on_exec(end)
        fcntl.fcntl(end, fcntl.F_SETFL, fcntl.fcntl(end, fcntl.F_GETFL) | os.O_NONBLOCK)
    return ends
