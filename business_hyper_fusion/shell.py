"""Verb ``shell BUILD_ID ATTEMPT SECRETS COMMAND``: a person in what a build ran in.

In: the terminal or the pipes that sshd gives; SECRETS: what ``lend`` answered, or "-" for none; COMMAND: a JSON list
of words in base64, which every login shell hands on unread, [] for an interactive shell. Out: the command's own output
and exit status; for a shell that can't be had a line on stderr and 3.

It runs in the kept workspace, or, while the ref's source is still that build's, there, with the executor taken for as
long as it lasts. It is never part of an attempt: nothing it does reaches a status or a log.
"""

from __future__ import absolute_import, print_function

import base64
import contextlib
import json
import os
import re
import shutil
import signal
import sys
import tempfile

from business_hyper_fusion import (
    again,
    attend,
    builds,
    compat,
    container,
    engine,
    files,
    grammar,
    lend,
    lent,
    lock,
    names,
    order,
    process,
    reaper,
    settle,
    status,
    workspace,
)
from business_hyper_fusion.work import Work

NO_SHELL = 3

BEST_SHELL = ["/bin/sh", "-c", "if command -v bash >/dev/null 2>&1; then exec bash; fi; exec sh"]

DETACH_KEYS = "ctrl-^,ctrl-@"
"""Instead of docker's Ctrl-P, which shells use, and which leaves a container that nobody comes back to."""

_TERM = re.compile(r"[A-Za-z0-9._+-]{1,64}\Z")


class Refusal(Exception):
    """There is no shell to be had: why, and what to do."""


def main(business, arguments):
    """:returns: exit status."""
    try:
        build_id, number, secrets, command = arguments
        words = compat.native(json.loads(base64.b64decode(command).decode("utf-8")))
        number = int(number)
    except (ValueError, TypeError):
        sys.stderr.write("usage: shell BUILD_ID ATTEMPT SECRETS COMMAND\n")
        return 2
    attend.leave_keys_to_the_child()
    try:
        return Shell(business, build_id, number, secrets).run(words)
    except attend.Ended:
        return 128 + signal.SIGHUP
    except (Refusal, attend.NotStarted) as refusal:
        sys.stderr.write("tristan: %s\n" % refusal)
        return NO_SHELL


class Shell(object):
    """One person's shell in one attempt."""

    def __init__(self, business, build_id, number, secrets):
        self._attempt = builds.find(business, build_id, number)
        if self._attempt is None:
            raise Refusal("there is no build %s here" % build_id)
        settle.settle(self._attempt.executor)
        self._document = status.read(self._attempt)
        if self._document is None or not status.terminal(self._document):
            raise Refusal("the build still runs; `tristan cancel` ends it")
        self._work = self._made_work(business)
        self._secrets = secrets

    def _made_work(self, business):
        """The attempt's Work again, of its own release where that is still there."""
        request = files.read_json(self._attempt.request)
        try:
            grammar.check_request(request)
        except grammar.RequestRefused:
            raise Refusal("the build's request is not kept, or not one of this version")
        release = os.path.join(business.releases, request["release"])
        if not os.path.isdir(release):
            release = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
        state = status.Status(self._attempt, self._document)
        return Work(release, request, state, None, None, None)

    def run(self, words):
        """:returns: the exit status of the command, or of the shell when there is no command."""
        with self._place() as moved:
            step = again.step_of(moved.attempt.scratch)
            if self._secrets != "-":
                moved.attempt.build_secrets = self._lent(moved)
            return self._inside(moved, step, words)

    def _inside(self, moved, step, words):
        if not moved.in_docker:
            return Host(moved, step).run(words)
        shell = Container(moved, step)
        if self._secrets == "-":
            return shell.run(words)
        with lend.to_container(moved.attempt.build_secrets, moved.engine, shell.name):
            return shell.run(words)

    def _lent(self, work):
        directory = lent.directory(work.business, self._secrets)
        if directory is None:
            raise Refusal("the secrets for this shell are not here")
        return directory

    @contextlib.contextmanager
    def _place(self):
        """:returns: Work in the workspace, or in the ref's source; nobody else changes either until the end."""
        attempt = self._attempt
        if os.path.isdir(workspace.source_of(attempt)):
            held = lock.acquire(attempt.shell_lock, shared=True)
            if held is None:
                raise Refusal("the build's workspace is being removed; its time is over")
            try:
                # A removal takes the lock's file along: who opened that just before has it for nothing.
                if not os.path.isdir(workspace.source_of(attempt)):
                    raise Refusal("the build's workspace was removed; its time is over")
                yield again.aside(self._work, attempt.workspace, workspace.source_of(attempt))
            finally:
                os.close(held)
            return
        held = self._hold_ref()
        # By this a collection knows whose shell it is: what the executor has run last may be another build.
        used = lock.acquire(attempt.shell_lock, shared=True)
        directory = tempfile.mkdtemp(prefix="shell.", dir=attempt.path)
        try:
            yield again.prepare(self._work, directory, self._work.ref.source, container.BUILD)
        finally:
            shutil.rmtree(directory, ignore_errors=True)
            for descriptor in (used, held):
                if descriptor is not None:
                    os.close(descriptor)

    def _hold_ref(self):
        """:returns: descriptor that holds the executor, whose last build of the ref was this one."""
        work = self._work
        held = lock.acquire(work.executor.lock)
        if held is None:
            raise Refusal("executor %s runs another build; try again later" % work.executor.id)
        if not os.path.isdir(work.ref.source) or not self._is_last_of_ref():
            os.close(held)
            raise Refusal(
                "the source of this build is not there any more; "
                "`tristan rebuild` makes it again, and keeps it when it fails"
            )
        return held

    def _is_last_of_ref(self):
        """No newer attempt on this executor wrote to the ref's source; the executor is ours."""
        executor, request = self._work.executor, self._work.request
        for attempt in newer(executor, self._attempt):
            if workspace.is_of(attempt, request):
                return False
        return True


def newer(executor, attempt):
    """The attempts of an executor that were launched after another one."""
    for build_id in order.newest(executor):
        is_own = build_id == attempt.build_id
        for other in settle.attempts_of(executor, build_id):
            if os.path.exists(other.request) and not (is_own and other.number <= attempt.number):
                yield other
        if is_own:
            return


class Container(object):
    """In a container of the attempt's image."""

    def __init__(self, work, step):
        self._work = work
        self._step = step
        self.name = names.container(
            work.request["build_id"], work.request["attempt"], "shell-%d" % os.getpid()
        )

    def run(self, words):
        image = self._image()
        options = ["--interactive", "--detach-keys", DETACH_KEYS]
        if attend.on_terminal():
            options += ["--tty"] + term()
            say("in %s" % image, again.script(self._step, container.MOUNTS["build"]), words)
        options += again.options(self._work, self._step, self.name)
        command = self._work.engine + ["run"] + options + [image] + (words or BEST_SHELL)
        try:
            return attend.run(command, process.host_environment(), None)
        finally:
            # A client that was hung up leaves its container running.
            reaper.ask_engine(self._work.engine + ["rm", "--force", "--volumes", self.name])

    def _image(self):
        """:returns: the image that it was built in, by its id; where that is gone, what has its name now."""
        image = self._work.status.document["image"]
        for name in (image["build_image_id"], image["build_image"]):
            if name and reaper.ask_engine(engine.image_inspect(self._work.engine, [name])):
                return name
        message = "the build image %s is not on the machine any more, or the engine does not answer"
        raise Refusal(message % (image["build_image"] or "of this build"))


class Host(object):
    """Isolation ``host``: a shell of the login's, in the same directory and environment."""

    def __init__(self, work, step):
        self._work = work
        self._step = step

    def run(self, words):
        environment = process.host_environment()
        environment.update(container.host_variables(self._work, self._step))
        if attend.on_terminal():
            say("on the host", again.script(self._step, self._work.ref.build), words)
        return attend.run(words or BEST_SHELL, environment, self._work.ref.source)


def term():
    """:returns: options that tell the container what kind of terminal this is."""
    name = os.environ.get("TERM", "")
    return ["--env", "TERM=" + name] if _TERM.match(name) else []


def say(where, script, words):
    """What a person who comes to look needs to know; a command of their own speaks for itself."""
    if not words:
        sys.stderr.write("==> shell %s; the script again: %s\n" % (where, again.quoted(script)))
