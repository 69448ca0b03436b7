"""What startup.py does: take the request from stdin, claim the attempt, go into the background, answer.

One line of JSON on stdin is the launch document; one on stdout is the answer: started, busy or refused. Nothing is
changed on the machine before the request has passed every check. Where the document wants a watch, what was started
can be followed on the same stdin and stdout then, as by the verb of that name (watch.py).
"""

from __future__ import absolute_import, print_function

import errno
import json
import os
import sys

from business_hyper_fusion import (
    compat,
    files,
    forgotten,
    grammar,
    identity,
    lock,
    order,
    reserve,
    room,
    settle,
    status,
)
from business_hyper_fusion.grammar.json_text import parse_json
from business_hyper_fusion.layout import Business
from business_hyper_fusion.protocol import PROTOCOL

LARGEST_REQUEST = 16 * 1024 * 1024
"""Bytes on stdin: request, scripts and secrets together."""

ENDING_SECONDS = 15.0
"""How long a build that has ended may take to let go of the lock before "busy" is the answer: mostly a moment, but on a
busy machine its process may not run for seconds."""

ENDED_SECONDS = 2.0
"""The same where that process is gone: its guardian goes next, but somebody's shell stays."""

IDLE = 10
"""Niceness of what is done when the build has ended."""


class Refusal(Exception):
    """A launch that is not to be: ``cause`` for the program, the message for people."""

    def __init__(self, cause, message):
        Exception.__init__(self, message)
        self.cause = cause


def main(release, arguments):
    """:param release: directory of the release this code was pushed with.
    :param arguments: [executor_id].
    :returns: exit status; 0 whenever there is an answer.
    """
    if len(arguments) != 1:
        sys.stderr.write("usage: startup.py EXECUTOR_ID, with the request as JSON on stdin\n")
        return 2
    document, rest = {}, b""
    try:
        line, rest = read_line(0)
        document = parsed(line)
        request, secrets = checked(document, release, arguments[0])
        answer = Launch(release, request, secrets).run()
    except Refusal as refusal:
        answer = {"answer": "refused", "cause": refusal.cause, "message": str(refusal)}
    except (IOError, OSError) as problem:
        ended = room.of_os_error(problem, "the launch", Business.of_release(release).path)
        answer = {"answer": "refused", "cause": ended.cause, "message": ended.message}
    if answer is not None:
        os.write(1, compat.to_bytes(json.dumps(answer, sort_keys=True)) + b"\n")
        if answer["answer"] == "started" and document.get("watch") is True:
            from business_hyper_fusion import watch

            watch.Watcher(Business.of_release(release), rest).run()
    return 0


def parsed(line):
    """:raises Refusal: that is no launch document."""
    try:
        document = parse_json(line)
        document["request"], document["secrets"]
    except (ValueError, KeyError, TypeError):
        raise Refusal("request", "stdin holds no launch document")
    return document


def checked(document, release, executor_id):
    """:returns: (request, secrets), checked against the grammar and against where this runs.

    :raises Refusal: the document is not one that a controller of this protocol sends.
    """
    request, secrets = document["request"], document["secrets"]
    if isinstance(request, dict) and request.get("protocol") != PROTOCOL:
        message = "the controller speaks protocol %s, this release %d; update the controller"
        raise Refusal("protocol", message % (request.get("protocol"), PROTOCOL))
    try:
        grammar.check_request(request)
        check_secrets(secrets)
    except grammar.RequestRefused as refused:
        raise Refusal("request", str(refused))
    request = compat.native(request)
    if (request["executor_id"], request["release"]) != (executor_id, os.path.basename(release)):
        raise Refusal("request", "the request is meant for another executor or release")
    return request, compat.native(secrets)


def check_secrets(secrets):
    """Slots become file names."""
    if not isinstance(secrets, dict) or not all(known_slot(slot) for slot in secrets):
        raise Refusal("request", "unknown secret slot")
    if any(not isinstance(text, compat.text_type) for text in secrets.values()):
        raise Refusal("request", "a secret is not text")


def known_slot(slot):
    """git's and the registry's secrets, and, as ``build:NAME``, those that the build scripts may read."""
    kind, _, name = slot.partition(":")
    if kind == "build":
        try:
            return grammar.check_environment_name(name) is None
        except grammar.Refused:
            return False
    return slot in ("git_password", "git_key", "registry_password")


def read_line(descriptor):
    """:returns: (bytes up to the first line end, or to the end of what there is; bytes that came behind it)."""
    data = bytearray()
    while len(data) <= LARGEST_REQUEST:
        chunk = compat.retry_interrupted(os.read, descriptor, 1024 * 1024)
        data.extend(chunk)
        if not chunk or b"\n" in chunk:
            line, _, rest = bytes(data).partition(b"\n")
            return line, rest
    raise Refusal("request", "the launch document is larger than %d bytes" % LARGEST_REQUEST)


class Launch(object):
    """One launch: ``run`` returns the answer in the process that was called."""

    def __init__(self, release, request, secrets):
        self._release = release
        self._request = request
        self._secrets = secrets
        business = Business.of_release(release)
        self._executor = business.executor(request["executor_id"])
        self._attempt = self._executor.attempt(request["build_id"], request["attempt"])

    def run(self):
        """:returns: the answer, or None in a process that has answered otherwise."""
        compat.make_directories(self._executor.builds)
        forgotten.remove(self._executor.business)
        self._check_room()
        held = self._acquire()
        if held is None:
            return self._already() or self._busy()
        self._settle_last()
        if not self._claim():
            os.close(held)
            return self._already()
        try:
            self._prepare()
        except Exception:
            self._give_up_claim()
            raise
        return self._detach(held)

    def _check_room(self):
        """:raises Refusal: less is left than is to be kept free, and no cache can make up for it."""
        disk, business = self._request["disk"], self._executor.business
        if room.free(business.path) >= disk["keep_free_bytes"] or lock.held(self._executor.lock):
            return
        from business_hyper_fusion import upkeep

        missing = upkeep.make_room(business, disk)
        if missing > 0 and not os.path.exists(self._attempt.status):
            message = "%d MiB are missing on the disk below %s until %d MiB are free (machines.%s.disk.keep_free)"
            values = (missing >> 20, business.root, disk["keep_free_bytes"] >> 20)
            raise Refusal("disk_full", message % (values + (self._request["machine"],)))

    def _acquire(self):
        """The lock, waiting only for a build that has written its end to let go of it."""
        begun = compat.monotonic()

        def may_wait():
            return compat.monotonic() - begun < self._patience()

        return lock.acquire_from_leaving(self._executor.lock, may_wait, 0.02)

    def _patience(self):
        """:returns: seconds to wait altogether for who had the executor last; 0 while that runs."""
        current = self._current()
        if current is not None and not status.terminal(current):
            return 0.0
        is_there = current is not None and identity.alive(current["process"])
        return ENDING_SECONDS if is_there else ENDED_SECONDS

    def _current(self):
        """:returns: the status of the build that has, or had, the executor last; or None."""
        request = files.read_json(self._executor.request) or {}
        build_id, number = request.get("build_id"), request.get("attempt")
        if not isinstance(build_id, str) or not isinstance(number, int):
            return None
        return status.read(self._executor.attempt(build_id, number))

    def _busy(self):
        current = self._current()
        return {"answer": "busy", "build_id": current["build_id"] if current else None}

    def _already(self):
        """A launch that is repeated, because its answer was lost, finds its attempt started."""
        document = status.read(self._attempt)
        return self._started(document["process"], True) if document else None

    def _settle_last(self):
        """A build that died on this executor gets its end before the next one begins; the lock is ours."""
        settle.lose(list(settle.unfinished_attempts(self._executor)))

    def _claim(self):
        """``mkdir`` is the claim. One without a status died before it began, and may be taken again."""
        compat.make_directories(os.path.dirname(self._attempt.path))
        try:
            os.mkdir(self._attempt.path, 0o755)
        except OSError as error:
            if error.errno != errno.EEXIST:
                raise
            return not os.path.exists(self._attempt.status)
        return True

    def _prepare(self):
        """Everything on disk that the background needs; the status last, it says that there is a build."""
        attempt = self._attempt
        order.add(self._executor, attempt.build_id)
        for directory in (attempt.secrets, attempt.build_secrets, attempt.scratch):
            if not os.path.isdir(directory):
                os.mkdir(directory, 0o700)
        for slot, text in self._secrets.items():
            files.publish(attempt.secret(slot), compat.to_bytes(text), 0o600)
        files.publish_json(self._attempt.request, self._request)
        files.publish(self._attempt.log, b"")
        reserve.set_aside(self._attempt)
        status.Status(self._attempt, status.initial(self._request)).publish()
        files.publish_json(self._executor.request, self._request)
        below = os.path.relpath(self._attempt.path, self._executor.path)
        for name in ("status", "log", "events.jsonl"):
            files.link(os.path.join(below, name), os.path.join(self._executor.path, name))

    def _give_up_claim(self):
        """Nothing ran; the attempt may be launched again once there is room."""
        import shutil

        shutil.rmtree(self._attempt.path, ignore_errors=True)
        try:
            os.rmdir(os.path.dirname(self._attempt.path))
        except OSError:
            pass  # Other attempts are there.

    def _detach(self, held):
        """:returns: the answer, in the process that was called; the others never come back from here."""
        from business_hyper_fusion import daemon

        worker = daemon.Background(self._release, self._attempt, held)
        started = worker.start(lambda: self._work(held))
        os.close(held)  # theirs alone: whoever goes on to watch keeps no executor busy
        if started is None:
            raise Refusal(
                "not_started",
                "the build's process ended before it began; see %s" % self._attempt.path,
            )
        return self._started(started, False)

    def _work(self, held):
        from business_hyper_fusion.control import Control

        # Who knows the process may have it cancelled, so this is there before anybody does.
        control = Control(self._attempt, self._request["limits"])
        control.install()
        state = status.Status(self._attempt, status.initial(self._request))
        state.begin()
        yield identity.mine()
        # Half of all modules: while they are imported the answer is on its way.
        from business_hyper_fusion import phases

        phases.run(self._release, self._request, state, self._attempt, self._secrets, control)
        # All is written: the next build need not wait until the guardian has noticed.
        lock.release(held)
        self._keep_up()

    def _keep_up(self):
        """Nothing of this is the build's any more, and who is at work on another one goes first."""
        from business_hyper_fusion import compile_release, upkeep

        os.nice(IDLE)
        business = self._executor.business
        try:
            upkeep.after_build(business, self._request["disk"])
            compile_release.if_missing(business, self._release)
        except (IOError, OSError):
            pass  # The next build tries again.

    def _started(self, process, already):
        answer = {"answer": "started", "already": already, "process": process}
        for key in ("build_id", "attempt", "executor_id"):
            answer[key] = self._request[key]
        return answer
