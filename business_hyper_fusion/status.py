"""An attempt's status file and events, as the controller and filebeat read them.

The status is one JSON object replaced by rename; the events are one ECS-shaped JSON object a line
(https://www.elastic.co/docs/reference/ecs), only ever appended. On a disk that takes nothing any more the end is
written over what was set aside for it, or, where even that is refused, beside the root, until it can be brought home.
"""

from __future__ import absolute_import, print_function

import json
import os

from business_hyper_fusion import compat, elsewhere, events, files, identity, reserve
from business_hyper_fusion.grammar.status import check_status
from business_hyper_fusion.protocol import PHASES, PROTOCOL, TERMINAL_STATES

MESSAGE_BYTES = 4000
"""Most of a message; a tool's last words, which may be in it, can have any length."""

RESOURCES = ("cpu_seconds", "peak_memory_bytes", "read_bytes", "written_bytes")


def initial(request):
    """:param request: a checked request document.
    :returns: the status document of an attempt that is about to run.
    """
    copied = (
        "build_id",
        "attempt",
        "executor_id",
        "machine",
        "ref",
        "release",
        "isolation",
        "tree",
    )
    document = dict((key, request[key]) for key in copied)
    repository = request["repository"]
    document.update(
        protocol=PROTOCOL,
        project=request["project"]["name"],
        language=request["project"]["language"],
        repository=dict((key, repository[key]) for key in ("address", "host", "path")),
        requested_at=request["requested_at"],
        requested_by=request["requested_by"],
        commit="",
        state="running",
        cause="",
        message="",
        exit=None,
        started_at=compat.iso_time(),
        ended_at="",
        wall_seconds=None,
        process=None,
        scripts_version="",
        image={
            "name": request["image"]["name"],
            "build_image": "",
            "id": "",
            "build_image_id": "",
        },
        app_image=None,
        phase="",
        phases=[_phase(name) for name in PHASES],
        source="",
        workspace="",
        kept_until="",
        provenance="",
        artifacts=[],
        log=None,
    )
    return document


def _phase(name):
    phase = {"name": name, "state": "waiting", "exit": None, "started_at": "", "ended_at": ""}
    phase["wall_seconds"] = None
    phase.update((resource, None) for resource in RESOURCES)
    return phase


class Status(object):
    """The status document of a running attempt and the file it lives in.

    :param attempt: layout.Attempt.
    :param document: see :func:`initial`.
    :param seconds: since the attempt began, None where that is not known.
    """

    def __init__(self, attempt, document, seconds=0.0):
        self._attempt = attempt
        self.document = document
        self._begun = None if seconds is None else compat.monotonic() - seconds
        self._phase_begun = None

    def _seconds(self):
        return None if self._begun is None else round(compat.monotonic() - self._begun, 3)

    def set(self, **fields):
        self.document.update(fields)
        self._publish_if_possible()

    def publish(self):
        """:raises OSError: disk full, read-only."""
        files.publish_json(self._attempt.status, self.document)

    def _publish_if_possible(self):
        """What could not be written on the way is written with the end; whoever has to write meets the same disk."""
        try:
            self.publish()
        except (IOError, OSError):
            pass

    def phase(self, name):
        return self.document["phases"][PHASES.index(name)]

    def begin(self):
        """Tell that there is somebody at work on it now."""
        self.set(process=identity.mine())
        self._tell(events.of_build_start(self.document))

    def begin_phase(self, name):
        self._phase_begun = compat.monotonic()
        phase = self.phase(name)
        phase.update(state="running", started_at=compat.iso_time())
        self.set(phase=name)
        self._tell(events.of_phase_start(self.document, phase))

    def end_phase(self, name, state, exit_status=None, usage=None):
        """:param usage: dict of RESOURCES; what the kernel did not tell stays None, never 0."""
        phase = self.phase(name)
        phase.update(state=state, exit=exit_status, ended_at=compat.iso_time())
        phase["wall_seconds"] = round(compat.monotonic() - self._phase_begun, 3)
        phase.update(usage or {})
        self._publish_if_possible()
        self._tell(events.of_phase_end(self.document, phase))

    def end(self, ended, log):
        """Write the terminal state; the last thing an attempt does.

        :param ended: outcome.Ended, or None for success.
        :param log: {"bytes", "sha256"} of the closed log.
        :raises OSError: it can't be written anywhere.
        """
        for phase in self.document["phases"]:
            if phase["state"] == "waiting":
                phase["state"] = "skipped"
        self.document.update(
            state=ended.state if ended else "success",
            cause=ended.cause if ended else "",
            message=sentence(ended.message) if ended else "",
            exit=ended.exit_status if ended else 0,
            ended_at=compat.iso_time(),
            wall_seconds=self._seconds(),
            log=log,
        )
        data = files.json_bytes(self.document)
        # Whoever finds this attempt dead from here on tells this end, and no other one (bring_home).
        self._decide(data)
        # Before the status: with that the attempt is over, and nothing of it changes any more.
        self._tell(events.of_build_end(self.document))
        try:
            os.rename(self._attempt.ending, self._attempt.status)
        except OSError:
            elsewhere.write(self._attempt, elsewhere.STATUS, data)
        bring_home(self._attempt)

    def _decide(self, data):
        """By the way that is left, see above; where neither is, nothing is there to become the status."""
        ways = (files.publish, lambda *end: reserve.become(self._attempt, *end))
        for way in ways:
            try:
                return way(self._attempt.ending, data)
            except (IOError, OSError):
                continue

    def _tell(self, line):
        """An event that could not be written is missing, but for the last one, see bring_home."""
        try:
            append_line(self._attempt.events, line)
        except (IOError, OSError):
            pass


def sentence(text):
    """:returns: native text that every reader of a status takes, whatever it was made of."""
    return compat.to_native(compat.to_bytes(text)[:MESSAGE_BYTES])


def append_line(path, document):
    """One JSON object a line; O_APPEND keeps two writers' lines whole, and what came half is taken back."""
    data = compat.to_bytes(json.dumps(document, sort_keys=True)) + b"\n"
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    try:
        size = os.fstat(descriptor).st_size
        try:
            files.write_all(descriptor, data)
        except OSError:
            os.ftruncate(descriptor, size)
            raise
    finally:
        os.close(descriptor)


def bring_home(attempt):
    """Write what of an attempt's end could not be written before. The caller holds the executor's lock.

    :returns: True when the attempt has ended, wherever that stands.
    """
    document = read(attempt)
    if document is not None and not terminal(document):
        document = _checked(attempt, attempt.ending)
    if document is None or not terminal(document):
        return False
    try:
        if elsewhere.find(attempt, elsewhere.STATUS):
            files.publish_json(attempt.status, document)
            compat.remove_file(attempt.ending)
        elif os.path.exists(attempt.ending):
            os.rename(attempt.ending, attempt.status)
        _catch_up_events(attempt, document)
        elsewhere.remove(attempt)
        reserve.remove(attempt)
    except (IOError, OSError):
        pass  # Not yet: it stays where it is, and is read from there.
    return True


def _catch_up_events(attempt, document):
    try:
        with open(attempt.events, "rb") as file:
            told = b'"action": "build-ended"' in file.read()
    except (IOError, OSError):
        told = False
    if not told:
        append_line(attempt.events, events.of_build_end(document))


def is_unfinished(attempt):
    """:returns: True when the attempt has begun, and has not ended, or not all of its end is written."""
    document = _checked(attempt, attempt.status)
    return document is not None and not (terminal(document) and not reserve.is_needed(attempt))


def read(attempt):
    """:returns: the status document of an attempt when it is one of ours, else None."""
    document = _checked(attempt, attempt.status)
    if document is None or terminal(document):
        return document
    last_words = elsewhere.find(attempt, elsewhere.STATUS)
    found = _checked(attempt, last_words) if last_words else None
    # What is not there may have been brought home since the first look.
    return found or _checked(attempt, attempt.status) or document


def _checked(attempt, path):
    document = files.read_json(path)
    if document is None or check_status(document):
        return None
    mine = (document["build_id"], document["attempt"]) == (attempt.build_id, attempt.number)
    return document if mine else None


def terminal(document):
    return document["state"] in TERMINAL_STATES
