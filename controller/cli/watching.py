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
    tell, session.tell = session.tell, screen.note
    try:
        with deadline(options.timeout):
            return session.controller.watch(build_id, offset=options.offset, sink=_ToItsEnd(screen))
    except WatchExpired:
        if has_ended(screen.last_status):  # just then; its end is accepted all the same
            return session.controller.watch(build_id, offset=screen.next_offset, sink=screen)
        raise still_running(build_id, screen, "stopped watching after %g s" % options.timeout)
    except progress.ReaderGone:
        if has_ended(screen.last_status):
            raise report.PipeClosed()
        raise still_running(build_id, screen, "nobody reads the log any more")
    except KeyboardInterrupt:
        if has_ended(screen.last_status):
            raise report.Interrupted(
                "the build has ended: tristan status " + ending.short_id(build_id)
            )
        if not options.cancel_on_interrupt:
            raise still_running(build_id, screen, "interrupted")
        return _cancel(session, build_id, screen)
    finally:
        session.tell = tell
        screen.close()


class _ToItsEnd(object):
    """A screen as a sink; ``--timeout`` is for the build: once that has ended, its end is accepted in peace."""

    def __init__(self, screen):
        self.log = screen.log
        self.note = screen.note
        self._screen = screen

    def status(self, status):
        self._screen.status(status)
        if has_ended(status):
            signal.setitimer(signal.ITIMER_REAL, 0)


def has_ended(status):
    return status.get("state") in errors.EXIT_BY_STATE


class _LogAlone(object):
    """A sink that shows a log and no phases."""

    def __init__(self, screen):
        self.log = screen.log
        self.note = screen.note

    def status(self, status):
        """What the log is of is known to who asked for it."""


def read(session, build_id, offset, attempt=None):
    """Show a build's log as far as it is now. :returns: None, whatever the build's state."""
    screen = progress.screen(joined_late=True)
    try:
        session.controller.read_log(build_id, _LogAlone(screen), offset, attempt)
    except progress.ReaderGone:
        raise report.PipeClosed()
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
