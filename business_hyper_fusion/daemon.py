"""Into the background: a worker that runs the build, and above it a guardian that outlives it.

    startup.py (answers, ends)
    +-- guardian: own session, waits for the worker; holds the executor's lock with it
        +-- heir: a shell that waits for the end of a pipe, which both of the others hold
        +-- worker: runs the phases

If the worker dies, the guardian reaps its processes and containers and writes its end, also when nobody
watches; if both die, the heir has that done. The heir runs a command line of its own, and after a while the guardian
does, so that what ends every startup.py does not end them.
"""

from __future__ import absolute_import, print_function

import json
import os
import sys

from business_hyper_fusion import compat

STDIO = (0, 1, 2)

HEIR = 'read -r word && exit; exec "$@"'
"""A line is the guardian's word that all is done; the end of the pipe without one is its death."""


AT_FIRST = 5.0
"""Seconds for which the guardian stays what it was forked as: becoming a program takes 20 ms of a processor, which a
build that begins has better use for, and one that is over by then never needed it to.
"""


class Background(object):
    """:param attempt: layout.Attempt to run.
    :param held: descriptor that holds the executor's lock.
    """

    def __init__(self, release, attempt, held):
        self._release = release
        self._attempt = attempt
        self._held = held
        self._alive = None

    def start(self, work):
        """Fork, and wait until the worker says that it has begun.

        :param work: callable returning a generator: up to its first ``yield`` it prepares, what it yields is
            told to the caller, what comes after is the build.
        :returns: what the worker yielded, or None when it died before.
        """
        reading, writing = [compat.close_on_exec(end) for end in os.pipe()]
        child = os.fork()
        if child == 0:
            os.close(reading)
            self._become_guardian(work, writing)
        os.close(writing)
        with os.fdopen(reading, "rb") as answers:
            line = answers.readline()
        return compat.native(json.loads(line.decode("ascii"))) if line else None

    def _become_guardian(self, work, writing):
        """Never returns."""
        try:
            os.setsid()
            os.chdir("/")
            os.umask(0o022)
            self._leave_stdio()
            self._leave_heir()
            ended, held = [compat.close_on_exec(end) for end in os.pipe()]
            worker = os.fork()
            if worker == 0:
                self._work(work, writing, held)
            os.close(held)
            os.close(writing)
            self._guard(worker, ended)
        finally:
            os._exit(1)

    def _leave_stdio(self):
        """The SSH session ends when nobody holds its descriptors any more; complaints go to a file."""
        nothing = os.open(os.devnull, os.O_RDWR)
        errors = os.open(
            self._attempt.path + "/errors", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644
        )
        for descriptor, number in ((nothing, 0), (nothing, 1), (errors, 2)):
            os.dup2(descriptor, number)
        for descriptor in (nothing, errors):
            if descriptor not in STDIO:
                os.close(descriptor)

    def _leave_heir(self):
        """Fork it; who is forked later holds the pipe."""
        reading, self._alive = [compat.close_on_exec(end) for end in os.pipe()]
        if os.fork() == 0:
            try:
                os.dup2(reading, 0)
                os.close(self._alive)
                words = self._verb("settle", self._attempt.executor.id)
                os.execv("/bin/sh", ["/bin/sh", "-c", HEIR, "sh"] + words)
            finally:
                os._exit(1)
        os.close(reading)

    def _work(self, work, writing, held):
        """Never returns. :param held: descriptor of the pipe whose end tells that this process has ended."""
        try:
            _close_all_but(self._held, writing, self._alive, held)
            # By this everything is found that the build starts, whoever its parent is by then.
            os.environ["TRISTAN_ATTEMPT"] = self._attempt.token
            steps = work()
            told = json.dumps(next(steps))
            os.write(writing, told.encode("ascii") + b"\n")
            os.close(writing)
            for _ in steps:
                pass
            os._exit(0)
        except BaseException:
            import traceback

            traceback.print_exc()
            sys.stderr.flush()
        finally:
            os._exit(1)

    def _guard(self, worker, ended):
        """Never returns. :param ended: descriptor, at its end when the worker has ended."""
        from business_hyper_fusion import prctl

        prctl.adopt_orphans()
        names = [self._attempt.executor.id, self._attempt.build_id, str(self._attempt.number)]
        words = names + [str(worker), str(self._alive), self._attempt.reserve]
        if compat.wait_readable([ended], AT_FIRST):
            from business_hyper_fusion import guardian

            guardian.main(self._release, words)
            os._exit(0)
        self._become_program(words)

    def _become_program(self, words):
        """One that does nothing but wait; lock, pipe, worker and the worker's orphans stay its own through ``exec``."""
        for descriptor in (self._held, self._alive):
            compat.inherit(descriptor)
        words = self._verb("guard", *words)
        os.execv(sys.executable, words)

    def _verb(self, *words):
        """:returns: argument list of one of this release's verbs."""
        # By its file: a directory is run by runpy, which takes 7 ms to import.
        program = os.path.join(self._release, "business_hyper_fusion", "__main__.py")
        return [sys.executable, "-E", "-S", "-B", program] + list(words)


def _close_all_but(*kept):
    for name in os.listdir("/proc/self/fd"):
        descriptor = int(name)
        if descriptor not in kept and descriptor not in STDIO:
            try:
                os.close(descriptor)
            except OSError:
                pass
