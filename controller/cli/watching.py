"""Watching one build to its end, or until the person or the clock says enough.

Ctrl-C kills nothing: the build lives on its machine. It is said how to follow it and how to cancel
it; with ``--cancel-on-interrupt`` it is cancelled, and a second Ctrl-C leaves at once.
"""

from __future__ import absolute_import, print_function, unicode_literals

import collections
import contextlib
import signal

from controller import errors
from controller.cli import ending, output, progress, report

Options = collections.namedtuple("Options", "timeout cancel_on_interrupt json joined_late offset")
"""timeout: seconds of watching, or None. json: the log goes to stderr. offset: bytes to skip."""
Options.__new__.__defaults__ = (None, False, False, False, 0)


FOREVER = 10.0**8
"""Seconds."""


class WatchExpired(KeyboardInterrupt):
    """``--timeout`` is over. An interrupt, so that nothing swallows it that lets Ctrl-C through."""


def watch(session, build_id, options):
    """Show a build until it ends.

    :param session: Session. :param build_id: text. :param options: Options.
    :returns: the build's terminal status.
    :raises errors.StillRunning: when we stopped watching before it ended.
    """
    screen = progress.screen(options.json, options.joined_late)
    screen.next_offset = options.offset
    try:
        with deadline(options.timeout):
            return session.controller.watch(build_id, offset=options.offset, sink=screen)
    except WatchExpired:
        raise still_running(build_id, screen, "stopped watching after %g s" % options.timeout)
    except progress.ReaderGone:
        raise still_running(build_id, screen, "nobody reads the log any more")
    except KeyboardInterrupt:
        if not options.cancel_on_interrupt:
            raise still_running(build_id, screen, "interrupted")
        return _cancel(session, build_id, screen)
    finally:
        screen.close()


QUIET_SECONDS = 1.0
"""A running build's log counts as read when this long nothing came."""


class _Reading(object):
    """A sink that shows the log alone; what goes on is interrupted once it is read up to now."""

    def __init__(self, screen):
        self._screen = screen

    def log(self, data, offset):
        self._screen.log(data, offset)
        self.rearm()

    def status(self, status):
        self.rearm()

    def note(self, text):
        self._screen.note(text)

    def rearm(self):
        signal.setitimer(signal.ITIMER_REAL, QUIET_SECONDS)


def read(session, build_id, offset):
    """Show a build's log as far as it is now. :returns: None, whatever the build's state."""
    screen = progress.screen(joined_late=True)
    try:
        with deadline(FOREVER):
            session.controller.watch(build_id, offset=offset, sink=_Reading(screen))
    except progress.ReaderGone:
        raise report.PipeClosed()
    except WatchExpired:
        pass  # the build still runs; this is its log up to now
    finally:
        screen.close()


def _cancel(session, build_id, screen):
    """Cancel the build and wait until that is done. :returns: the terminal status."""
    try:
        screen.close()
        output.say("Cancelling %s; Ctrl-C again leaves at once." % build_id)
        session.controller.cancel(build_id, reason="interrupted")
        return session.controller.watch(build_id, offset=screen.next_offset, sink=screen)
    except KeyboardInterrupt:
        raise still_running(build_id, screen, "left before it was known to be cancelled")


def still_running(build_id, screen, why):
    """:returns: the error that says how to come back."""
    build_id = screen.last_status.get("build_id") or build_id
    resume = " --offset %d" % screen.next_offset if screen.next_offset else ""
    where = screen.last_status.get("machine")
    message = "%s; the build %s still runs%s" % (why, build_id, " on " + where if where else "")
    return errors.StillRunning(message, ending.follow_and_cancel(build_id, resume))


@contextlib.contextmanager
def deadline(seconds):
    """:param seconds: until WatchExpired is raised, or None for never. Main thread only."""
    if seconds is None:
        yield
        return

    def expire(number, frame):
        raise WatchExpired()

    before = signal.signal(signal.SIGALRM, expire)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
