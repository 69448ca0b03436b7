"""A command that a person is at: on this process's own terminal or pipes, which sshd gave it.

In: an argument list. Out: its exit status; or Ended, when the person or the connection is gone, so that whoever
started it can tidy up.
"""

from __future__ import absolute_import, print_function

import os
import select
import signal
import subprocess

from business_hyper_fusion import compat

KEYS = (signal.SIGINT, signal.SIGQUIT, signal.SIGTSTP)
HANG_UPS = (signal.SIGHUP, signal.SIGTERM)

TICK = 0.05
"""Seconds between two looks at a command on pipes."""


class Ended(Exception):
    """The person hung up."""


class NotStarted(Exception):
    """There is no such command: a sentence."""


def on_terminal():
    return os.isatty(0)


def run(words, environment, directory):
    """Run a command on this process's own terminal or pipes. :returns: its exit status."""
    try:
        child = subprocess.Popen(
            compat.words(words),
            env=compat.environment(environment),
            cwd=directory,
            close_fds=True,
            preexec_fn=listen_again,
        )
    except OSError as problem:
        raise NotStarted("%s can't be started: %s" % (words[0], os.strerror(problem.errno or 0)))
    try:
        wait(child)
    except Ended:
        end(child)
        raise
    return child.returncode if child.returncode >= 0 else 128 - child.returncode


def wait(child):
    """On pipes nobody sends a signal when the connection ends: stdout tells.

    :raises Ended: nobody reads it any more.
    """
    if on_terminal():
        compat.retry_interrupted(child.wait)
        return
    readers = select.poll()
    readers.register(1, 0)  # only what is always told: errors and hang-ups
    while child.poll() is None:
        if readers.poll(TICK * 1000):
            raise Ended()


def end(child):
    """One that runs as another user (``sudo docker``) hears of the hang-up by itself."""
    try:
        child.terminate()
    except OSError:
        pass


def leave_keys_to_the_child():
    """The end of the connection ends this process by way of its cleaning up, once."""

    def hang_up(number, frame):
        for one in HANG_UPS:
            signal.signal(one, signal.SIG_IGN)
        raise Ended()

    for number in KEYS:
        signal.signal(number, signal.SIG_IGN)
    for number in HANG_UPS:
        signal.signal(number, hang_up)


def listen_again():
    """In the child: signals as they were."""
    for number in KEYS + HANG_UPS + (signal.SIGPIPE,):
        signal.signal(number, signal.SIG_DFL)
