"""How an attempt can end other than well: one exception, its state and its cause.

``Ended`` is raised where the end is noticed and caught in one place (phases.py), which writes it down.
"""

from __future__ import absolute_import, print_function


class Ended(Exception):
    """:param state: a terminal state of :mod:`protocol`.
    :param cause: slug for programs, e.g. ``ref_not_found``.
    :param message: one sentence for people: what happened and what to do.
    :param exit_status: the script's own exit status, where there is one.
    """

    def __init__(self, state, cause, message, exit_status=None):
        Exception.__init__(self, message)
        self.state = state
        self.cause = cause
        self.message = message
        self.exit_status = exit_status


def failed(cause, message, exit_status=None):
    """The project's own fault: its script said no."""
    return Ended("failed", cause, message, exit_status)


def error(cause, message, exit_status=None):
    """Infrastructure: not the project's fault, worth another try once mended."""
    return Ended("error", cause, message, exit_status)


def cancelled(reason):
    return Ended("cancelled", "cancelled", "cancelled: %s" % reason if reason else "cancelled")


def timeout(cause, seconds):
    limit = cause.replace("_", " ")
    message = "stopped at its %s of %d s; raise limits.%s of the build profile if it needs longer"
    return Ended("timeout", cause, message % (limit, seconds, cause.replace("limit", "seconds")))


LACKS = {
    "disk_full": "the disk is full; make room on the machine",
    "no_inodes": "the file system has no inodes left; remove small files on the machine",
    "read_only": "the file system is read-only; see the machine's kernel log",
}
"""Causes by which nothing can be written any more, whoever tries."""


def lacking(cause, exit_status=None):
    """:param cause: of LACKS."""
    return error(cause, LACKS[cause], exit_status)


def of_os_error(problem, doing):
    """An operating system's error as an infrastructure error with its cause.

    :param problem: OSError or IOError.
    :param doing: text, e.g. "writing the log".
    """
    import errno

    causes = {
        errno.ENOSPC: ("disk_full", LACKS["disk_full"]),
        errno.EDQUOT: ("disk_full", "the disk quota is used up; make room on the machine"),
        errno.EROFS: ("read_only", LACKS["read_only"]),
        errno.EACCES: ("denied", "access was denied; the root must belong to the SSH user"),
        errno.EPERM: ("denied", "access was denied; the root must belong to the SSH user"),
    }
    cause, remedy = causes.get(problem.errno, ("operating_system", str(problem)))
    return error(cause, "%s: %s (%s)" % (doing, remedy, problem.filename or "no file named"))
