"""A build's files, fetched from its machine: resumed where a connection was cut, verified, put below one directory.

Job: choose among what the status lists, ask the verb ``artifact`` for the bytes from an offset.
In: a Contact, a terminal status, a directory. Out: the files, or an error that leaves what came for the next try.

Names come from a machine: each is checked before anything is asked for. No file is held in memory.
"""

from __future__ import absolute_import, print_function, unicode_literals

import collections
import fnmatch
import json
import random
import time

from business_hyper_fusion import grammar
from business_hyper_fusion.grammar.paths import check_artifact_name
from controller import answer, errors
from controller.part_file import PartFile, free_bytes

ANSWER_SECONDS = 60.0
SILENCE = 30.0
"""Seconds without a byte before a connection counts as dead."""

TRIES = 10
"""Reconnections without one byte in between before giving up: about a minute."""

BACKOFF_FIRST, BACKOFF_MOST = 0.2, 10.0

Artifact = collections.namedtuple("Artifact", "name size sha256")


def listed(status):
    """:param status: a believed status. :returns: list of Artifact.

    :raises errors.ProtocolError: a name, size or hash that is none, or two files in one place.
    """
    found = [Artifact(one["name"], one["size"], one["sha256"]) for one in status["artifacts"]]
    try:
        for one in found:
            check_artifact_name(one.name)
            grammar.check_release(one.sha256)
        check_places([one.name for one in found])
    except grammar.Refused as refused:
        raise errors.ProtocolError(
            "%s lists an artifact that is refused: %s" % (status["machine"], refused)
        )
    return found


def check_places(names):
    """Refuse names of which one is another's, or its directory's."""
    known = set(names)
    if len(known) != len(names):
        raise grammar.Refused("an artifact is listed twice")
    for name in names:
        above = name.rpartition("/")[0]
        while above:
            if above in known:
                raise grammar.Refused("nothing may lie below a file", name)
            above = above.rpartition("/")[0]


def chosen(found, wanted):
    """The artifacts that texts name, by name or glob; all for none.

    :raises errors.UsageError: a text that names nothing.
    """
    if not wanted:
        return found
    for text in wanted:
        if not any(means(text, one.name) for one in found):
            known = ", ".join(one.name for one in found[:10]) or "none"
            raise errors.UsageError("the build has no artifact %s" % text, "it has: %s" % known)
    return [one for one in found if any(means(text, one.name) for text in wanted)]


def means(text, name):
    return text == name or fnmatch.fnmatchcase(name, text)


class Fetch(object):
    """:param contact: contact.Contact of the machine. :param status: a believed status.
    :param on_progress: callable(bytes of all files that are here, bytes in all, name of the file).
    :param on_event: callable(text).
    """

    def __init__(self, contact, status, on_progress, on_event):
        self._contact = contact
        self._status = status
        self._on_progress = on_progress
        self._on_event = on_event
        self._channel = None
        self._received = 0
        self._finished = 0
        self._total = 0
        self._force = False

    def run(self, artifacts, directory, force=False):
        """:param force: whether files of another content are replaced.
        :returns: list of dict: name, size, sha256, path, received (bytes that travelled).
        """
        self._force = force
        places = [(one, PartFile(directory, one.name)) for one in artifacts]
        check_apart(places)
        places = [(one, place, wanting(one, place, force)) for one, place in places]
        missing = [(one, place) for one, place, is_missing in places if is_missing]
        self._total = sum(one.size for one, _ in missing)
        check_room(directory, self._total - sum(place.arrived() for _, place in missing))
        try:
            return [self._result(*each) for each in places]
        finally:
            self._drop_channel()

    def _result(self, artifact, place, is_missing):
        self._received = 0
        if is_missing:
            self._fetch(artifact, place)
            self._finished += artifact.size
        path = place.path.decode("utf-8", "replace")
        return dict(artifact._asdict(), path=path, received=self._received)

    def _fetch(self, artifact, place):
        try:
            place.open()
            # Looked at again once it is ours alone: another tristan may have fetched one of that name meanwhile.
            if not self._force and not wanting(artifact, place, self._force):
                return place.discard()
            for _ in range(2):  # what an earlier try left may be of another build
                self._complete(artifact, place)
                if place.sha256() == artifact.sha256:
                    return place.keep()
                self._on_event("%s came out wrong; fetching it anew" % artifact.name)
                place.restart()
                self._drop_channel()
            place.discard()
        finally:
            place.close()
        raise errors.ProtocolError(
            "%s on %s is not what the build made: its SHA-256 differs from the status's"
            % (artifact.name, self._status["machine"])
        )

    def _complete(self, artifact, place):
        """Fetches what is missing, across cuts."""
        pause, tries = BACKOFF_FIRST, TRIES
        while True:
            before = place.size
            try:
                return self._receive(artifact, place)
            except errors.MachineUnreachable as error:
                self._drop_channel()
                self._contact.drop()  # it may be dead and not know it
                if place.size != before:
                    pause, tries = BACKOFF_FIRST, TRIES
                if not tries:
                    raise
                self._on_event("%s; connecting again" % error.message)
            time.sleep(pause * random.uniform(0.5, 1.0))
            pause, tries = min(pause * 2, BACKOFF_MOST), tries - 1

    def _receive(self, artifact, place):
        """One connection's worth of bytes."""
        channel = self._open_channel()
        channel.send(self._question(artifact, place.size))
        said = self._checked(answer.read(channel, ANSWER_SECONDS, "artifact"), artifact, place)
        if said["offset"] != place.size:
            place.restart()
        while place.size < artifact.size:
            data = channel.receive(SILENCE)
            if not data:
                raise errors.ConnectionLost("the connection to %s ended" % self._status["machine"])
            place.write(data)
            self._received += len(data)
            self._on_progress(self._finished + place.size, self._total, artifact.name)

    def _question(self, artifact, offset):
        document = {"name": artifact.name, "offset": offset}
        document.update(build_id=self._status["build_id"], attempt=self._status["attempt"])
        return json.dumps(document).encode("ascii") + b"\n"

    def _checked(self, said, artifact, place):
        machine = self._status["machine"]
        if said["answer"] != "artifact":
            raise errors.BuildNotFound(
                "%s keeps no %s of this build any more" % (machine, artifact.name),
                remedy="`tristan rebuild` makes it again",
            )
        if (said.get("size"), said.get("sha256")) != (artifact.size, artifact.sha256):
            raise errors.ProtocolError("%s changed on %s" % (artifact.name, machine))
        if said.get("offset") not in (0, place.size):
            raise errors.ProtocolError("%s sent %s from elsewhere" % (machine, artifact.name))
        return said

    def _open_channel(self):
        if self._channel is None:
            self._channel = self._contact.open_verb("artifact")
        return self._channel

    def _drop_channel(self):
        if self._channel is not None:
            self._channel.close()
            self._channel = None


def check_apart(places):
    """:raises errors.UsageError: one artifact's name is the working file of another."""
    paths = set(place.path for _, place in places)
    for one, place in places:
        if place.part in paths:
            raise errors.UsageError(
                "%s can't be fetched together with the artifact that is named like its .part file"
                % one.name,
                remedy="fetch them one by one, into different directories",
            )


def check_room(directory, size):
    """:raises errors.LocalFileError: what the machine announces can't fit."""
    free = free_bytes(directory)
    if free is not None and size > free:
        raise errors.LocalFileError(
            "%s has %d bytes free, and %d are to come" % (directory, free, size),
            remedy="make room, or choose some of the files by name",
        )


def wanting(artifact, place, force):
    """Whether an artifact has to be fetched. :raises errors.UsageError: another file is there."""
    present = place.present()
    if present is None or present == artifact.sha256:
        return present is None
    if not force:
        raise errors.UsageError(
            "%s is there already, with other content" % place.path.decode("utf-8", "replace"),
            remedy="--force replaces it",
        )
    return True
