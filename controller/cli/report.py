"""Every way out but success: one line for the person, the exit code for the program.

In: an exception. Out: text on stderr, with ``--json`` an object on stdout, and the exit code.
"""

from __future__ import absolute_import, print_function, unicode_literals

import errno
import os
import sys
import traceback

import click
import six

from controller import errors
from controller.cli import output, terminal

INTERRUPTED = 130
"""128 + SIGINT, as shells have it."""

PIPE_CLOSED = 141
"""128 + SIGPIPE: the reader of our output went away (``tristan status | head``)."""


class Interrupted(Exception):
    """Ctrl-C where no build is watched.

    :param remedy: text, what the person may want to look at.
    """

    def __init__(self, remedy=""):
        super(Interrupted, self).__init__(remedy)
        self.remedy = remedy


class PipeClosed(Exception):
    """The reader of our output went away."""


def flush():
    """Write out what is buffered, here, where a closed pipe can still be dealt with."""
    try:
        sys.stdout.flush()
    except EnvironmentError as error:
        if error.errno != errno.EPIPE:
            raise
        raise PipeClosed()


def report(error, session):
    """:param error: Exception. :param session: Session. :returns: the exit code."""
    try:
        flush()
    except (PipeClosed, EnvironmentError):
        silence_stdout()
    if isinstance(error, PipeClosed):
        return PIPE_CLOSED
    if isinstance(error, (Interrupted, click.Abort)):
        write(errors.TristanError("interrupted", getattr(error, "remedy", "")))
        return INTERRUPTED
    failure = as_tristan_error(error)
    if session.debug:
        output.say(masked_traceback(error))
    if session.json:
        output.print_json({"error": as_document(failure)})
    write(failure)
    return failure.exit_code


def as_tristan_error(error):
    """:returns: the error itself when it is one of the tree, else one that says the same."""
    if isinstance(error, errors.TristanError):
        return error
    if isinstance(error, click.ClickException):
        context = getattr(error, "ctx", None)
        command = context.command_path if context is not None else "tristan"
        return errors.UsageError(error.format_message(), command + " --help")
    if isinstance(error, EnvironmentError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        where = error.filename or "the output"
        return errors.LocalFileError(
            "%s can't be written: %s" % (where, error.strerror), "make room there"
        )
    text = _text(error)
    message = "internal error: " + type(error).__name__ + (": " + text if text else "")
    return errors.TristanError(
        message, "run it again with --debug and report what it shows", cause="internal"
    )


def as_document(failure):
    """:returns: dict for ``--json``."""
    message, remedy = masked(failure.message), masked(failure.remedy)
    document = {"cause": failure.cause, "message": message, "remedy": remedy}
    document["exit_code"] = failure.exit_code
    faults = getattr(failure, "faults", ())
    if faults:
        document["faults"] = [{"key": key, "message": masked(text)} for key, text in faults]
    return document


def write(failure):
    """One line, its remedy below it; for faulty settings every fault with its key path."""
    colour = output.colour_wanted()
    message = click.style("tristan:", fg="red", bold=True) + " "
    message += terminal.plain(masked(failure.message))
    output.say(message, color=colour)
    faults = [
        [terminal.plain(key), terminal.plain(masked(text))]
        for key, text in getattr(failure, "faults", ())
    ]
    for line in output.table(faults):
        output.say("  " + line, color=colour)
    output.advise(masked(failure.remedy), colour)


def masked_traceback(error):
    """:returns: text; what a secret's text could have got into is masked."""
    lines = traceback.format_exception(type(error), error, sys.exc_info()[2])
    lines = [line.decode("utf-8", "replace") if isinstance(line, bytes) else line for line in lines]
    return terminal.lines(masked("".join(lines)).rstrip())


def silence_stdout():
    """Nobody reads stdout any more: nothing shall complain about it at exit."""
    try:
        descriptor = os.open(os.devnull, os.O_WRONLY)
        os.dup2(descriptor, sys.stdout.fileno())
        os.close(descriptor)
    except (EnvironmentError, ValueError):
        pass  # stdout is no descriptor (a test's buffer): there is nothing to silence


def _text(error):
    """:returns: the message of an error that is none of ours."""
    try:
        return six.text_type(error)
    except UnicodeError:
        return six.ensure_text(repr(error))


def masked(text):
    """:returns: the text without secrets: a server may say again what it was told."""
    # Where the module was never imported, no secret was read either.
    secrets = sys.modules.get("controller.secrets")
    return text if secrets is None else secrets.mask(text)
