"""Offers a build to one executor of one machine.

Job: launch in one round trip, push what the machine says it lacks.
In: a Contact, a Release, the request. Out: the machine's answer.

A launch may be repeated as often as it takes: the machine claims the attempt once, and answers "already". Who will
watch the build has startup.py go on as the verb ``watch``, on the same channel, where there is no such channel yet
(docs/decisions/0025-a-launch-goes-on-as-the-watch.md).
"""

from __future__ import absolute_import, print_function, unicode_literals

import collections
import json
import random
import time

from controller import answer, errors, remote_command, sync
from controller.plan import BUSINESS_ID

ANSWER_TIMEOUT = 60.0
"""Seconds for the machine's answer to a launch."""

LOST_PAUSES = (0.4, 2.0)
"""Seconds before each repetition after a lost connection, on the same executor."""

REMEDIES = {
    "disk_full": "free space on the machine below its root; `tristan doctor` shows how much",
    "denied": "make the machine's root writable for the SSH user",
    "protocol": "use one version of Tristan on both sides",
}

PastRelease = collections.namedtuple("PastRelease", "hash")
"""A release that this controller knows the name of, and has no files of."""


class Offer(object):
    """One launch on one executor, repeated while that is safe.

    :param release: Release, or PastRelease. :param on_event: callable(text).
    :param watched: whether the build will be watched at once.
    """

    def __init__(self, contact, release, on_event, watched=False):
        self._contact = contact
        self._release = release
        self._on_event = on_event
        self._watched = watched

    def run(self, executor_id, document):
        """:param document: dict of request and secrets. :returns: startup.py's answer, "started" or "busy"."""
        said = {"answer": "lack"}
        is_past = isinstance(self._release, PastRelease)
        if is_past or self._is_known_there():
            said = self._launch(executor_id, document)
        if said["answer"] == "lack" and is_past:
            raise release_gone(self._contact.machine.name, self._release.hash)
        if said["answer"] == "lack":
            self._persist(self._push)
            said = self._persist(self._launch_once, executor_id, document)
        return self._checked(said)

    def _is_known_there(self):
        """Whether these are the scripts of the last launch there; others are brought before it is tried."""
        facts = self._contact.facts()
        return facts.get("python") and facts.get("release") in (None, self._release.hash)

    def bring(self, tree, on_progress):
        """Puts the operator's tree on the machine; of its files those that the machine lacks."""
        known = self._contact.facts().get("python")
        if not (known and self._persist(self._push_tree, tree, on_progress)):
            self._persist(self._push)
            if not self._persist(self._push_tree, tree, on_progress):
                raise errors.ProtocolError(
                    "%s lacks the scripts that it was sent" % self._contact.machine.name
                )

    def _push_tree(self, tree, on_progress):
        from controller import push_tree

        contact = self._contact
        command = remote_command.verb(
            contact.python(), contact.business, self._release.hash, "tree"
        )
        channel = contact.open(command)
        try:
            return push_tree.push(channel, tree, on_progress)
        finally:
            channel.close()

    def _launch(self, executor_id, document):
        """The answer; scripts that are there but can't run count as lacking."""
        try:
            return self._persist(self._launch_once, executor_id, document)
        except errors.ProtocolError as error:
            self._on_event("%s; pushing the scripts again" % error.message)
            return {"answer": "lack"}

    def _push(self):
        contact = self._contact
        machine = contact.machine
        known = contact.facts().get("python")
        try:
            sent = self._sync(known or contact.find_python())
        except errors.ProtocolError:
            if not known:
                raise
            sent = self._sync(contact.find_python())  # the one that is known may be gone
        self._on_event("pushed %d file%s to %s" % (sent, "" if sent == 1 else "s", machine.name))

    def _sync(self, python):
        contact = self._contact
        root = contact.machine.root
        return sync.sync(contact.transport(), python, root, BUSINESS_ID, self._release)

    def _persist(self, step, *arguments):
        """Repeats a step whose connection was lost in the middle: done or not, nobody knows."""
        lost = False
        for pause in LOST_PAUSES:
            try:
                return step(*arguments)
            except errors.MachineUnreachable as error:
                lost = lost or isinstance(error, errors.ConnectionLost)
                if not lost:
                    raise  # it was not even begun
                self._contact.drop()
                self._on_event("%s; trying again" % error.message)
                time.sleep(pause * random.uniform(0.5, 1.0))
        try:
            return step(*arguments)
        except errors.MachineUnreachable as error:
            raise errors.ConnectionLost(
                "%s; the build may have started" % error.message,
                remedy="`tristan status` tells, once the machine can be reached",
            )

    def _launch_once(self, executor_id, document):
        contact = self._contact
        command = remote_command.launch(
            contact.python(), contact.business, self._release.hash, executor_id
        )
        stays = self._watched and not contact.is_watched()
        channel, is_kept = contact.open(command), False
        try:
            channel.send(payload(document, stays))
            if not stays:
                channel.send_eof()
            said = answer.read(channel, ANSWER_TIMEOUT, "launch on %s" % contact.machine.name)
            if stays and said["answer"] == "started":
                contact.keep_watch(channel)
                is_kept = True
            return said
        finally:
            if not is_kept:
                channel.close()

    def _checked(self, said):
        name = self._contact.machine.name
        if said["answer"] == "refused":
            what = "%s refused the build" % name
            raise answer.failed(said, errors.LaunchRefused, what, REMEDIES)
        if said["answer"] not in ("started", "busy"):
            raise errors.ProtocolError("launch on %s: it answered %.80r" % (name, said["answer"]))
        return said


def release_gone(machine, release):
    return errors.UsageError(
        "%s no longer holds the scripts of then (release %s)" % (machine, release),
        remedy="--current-scripts builds with this controller's own",
        cause="release_gone",
    )


def payload(document, stays):
    """What startup.py reads: bytes, one line. :param stays: whether it is to go on as the watch."""
    document = dict(document, watch=stays)
    return json.dumps(document, sort_keys=True).encode("utf-8") + b"\n"
