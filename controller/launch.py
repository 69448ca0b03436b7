"""Launches a planned build on one executor of one machine.

Job: choose the executor, write the journal, launch in one round trip, push what the machine says it
    lacks.
In: a Plan, contacts by machine name, a Release. Out: a LaunchedBuild, or errors.Busy when nothing
    is free.

A launch may be repeated as often as it takes: the machine claims the attempt once, and answers
"already".
That holds for one executor only, so a launch whose fate is unknown is never tried on another one.
"""

from __future__ import absolute_import, print_function, unicode_literals

import collections
import json
import random
import time

from controller import answer, attempts, errors, remote_command, sync
from controller.plan import BUSINESS_ID
from controller.spread import Spread

LaunchedBuild = collections.namedtuple(
    "LaunchedBuild", "build_id attempt machine executor_id already"
)

ANSWER_TIMEOUT = 60.0
"""Seconds for the machine's answer to a launch."""

LOST_PAUSES = (0.4, 2.0)
"""Seconds before each repetition after a lost connection, on the same executor."""

WAIT_FIRST, WAIT_MOST, WAIT_FACTOR = 1.0, 15.0, 1.5
"""Seconds between two looks for a free executor: polite to machines, and not in step with others.
"""

REMEDIES = {
    "disk_full": "free space on the machine below its root; `tristan doctor` shows how much",
    "denied": "make the machine's root writable for the SSH user",
    "protocol": "use one version of Tristan on both sides",
}


class Launcher(object):
    """:param contacts: {machine name: contact.Contact}. :param journal: journal.Journal.
    :param make_release: function that gives the Release as it is now; called when it is needed.
    :param on_event: callable(text). :param on_progress: callable(bytes sent, bytes in all, path),
        while a tree is sent.
    """

    def __init__(self, contacts, journal, make_release, on_event, on_progress):
        self._contacts = contacts
        self._journal = journal
        self._make_release = make_release
        self._on_event = on_event
        self._on_progress = on_progress
        self._spread = Spread(contacts, journal, on_event)
        self._brought = set()
        self._own = None

    def launch(self, plan, wait=False, withdraw=None):
        """:param wait: whether to look again until an executor is free.
        :param withdraw: called when nothing was launched; by default the journal says so of the build.
        """
        withdraw = withdraw or (lambda: self._journal.withdraw(plan.build_id))
        secrets = revealed(plan)
        pause = WAIT_FIRST
        while True:
            try:
                return self._launch_once(plan, secrets, withdraw)
            except errors.Busy as busy:
                if not wait:
                    raise
                if pause == WAIT_FIRST:
                    self._on_event("%s; waiting for one that is free" % busy.message)
            time.sleep(pause * random.uniform(0.75, 1.25))
            pause = min(pause * WAIT_FACTOR, WAIT_MOST)

    def launch_at(self, plan, executor_id):
        """The same at one executor of the plan's first machine. :returns: None when that one is busy."""
        machine = plan.machines[0]
        self._own = self._make_release()
        said = self._try(plan, machine, executor_id, revealed(plan), lambda: None)
        if said["answer"] == "busy":
            return None
        return self._started(plan, machine, executor_id, said)

    def _launch_once(self, plan, secrets, withdraw):
        """Tries the executors in turn until one takes the build."""
        running, unfit = collections.OrderedDict(), collections.OrderedDict()
        self._own = self._make_release()
        for machine, executor_id, known in self._spread.order(plan):
            if machine.name in unfit:
                continue
            try:
                said = self._offer(plan, (machine, executor_id), known, secrets, withdraw)
            except (errors.MachineUnreachable, errors.LaunchRefused) as error:
                if not is_the_machine_s(error):
                    raise
                unfit[machine.name] = error
                self._on_event("not using %s: %s" % (machine.name, error.message))
                continue
            if said["answer"] == "started":
                return self._started(plan, machine, executor_id, said)
            running["%s/%s" % (machine.name, executor_id)] = said.get("build_id")
        withdraw()
        if not running:
            raise list(unfit.values())[0]
        raise errors.Busy(
            "every executor is busy: %s" % ", ".join("%s runs %s" % one for one in running.items()),
            remedy="use --wait, or try later",
        )

    def _offer(self, plan, place, known, secrets, withdraw):
        """The answer of one executor; it is not asked where what it runs is known.

        :param place: (Machine, executor id).
        """
        machine, executor_id = place
        outlook = self._contacts[machine.name].outlook
        known = known or outlook.take(executor_id, plan)
        if known:
            return {"answer": "busy", "build_id": known}
        said = None
        try:
            said = self._try(plan, machine, executor_id, secrets, withdraw)
            return said
        finally:
            outlook.settle(executor_id, said)

    def _try(self, plan, machine, executor_id, secrets, withdraw):
        """The answer of one executor: "started" or "busy"."""
        release = self._release_of(plan)
        request = plan.request(machine, executor_id, release.hash)
        attempt = Attempt(self._contacts[machine.name], release, self._on_event)
        if plan.tree and machine.name not in self._brought:
            attempt.bring(plan.tree, self._on_progress)
            self._brought.add(machine.name)
        self._journal.intend(entry(plan, machine, executor_id), attempts.keep(plan))
        try:
            return attempt.run(executor_id, payload(request, secrets))
        except (errors.MachineUnreachable, errors.ProtocolError):
            raise  # the journal goes on saying "intended"
        except errors.TristanError:
            withdraw()
            raise

    def _release_of(self, plan):
        """This controller's release, but for a plan that wants another one."""
        same = plan.release in ("", self._own.hash)
        return self._own if same else PastRelease(plan.release)

    def _started(self, plan, machine, executor_id, said):
        self._contacts[machine.name].expect_more()
        self._journal.confirm(plan.build_id)
        release = self._own.hash
        if plan.release in ("", release):
            self._contacts[machine.name].remember(release=release)
        attempt, already = plan.document["attempt"], said.get("already") is True
        return LaunchedBuild(plan.build_id, attempt, machine.name, executor_id, already)


PastRelease = collections.namedtuple("PastRelease", "hash")
"""A release that this controller knows the name of, and has no files of."""


class Attempt(object):
    """One launch on one executor, repeated while that is safe."""

    def __init__(self, contact, release, on_event):
        self._contact = contact
        self._release = release
        self._on_event = on_event

    def run(self, executor_id, data):
        """:param data: bytes for startup.py's stdin. :returns: its answer, "started" or "busy"."""
        said = {"answer": "lack"}
        is_past = isinstance(self._release, PastRelease)
        if is_past or self._is_known_there():
            said = self._launch(executor_id, data)
        if said["answer"] == "lack" and is_past:
            raise release_gone(self._contact.machine.name, self._release.hash)
        if said["answer"] == "lack":
            self._persist(self._push)
            said = self._persist(self._launch_once, executor_id, data)
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

    def _launch(self, executor_id, data):
        """The answer; scripts that are there but can't run count as lacking."""
        try:
            return self._persist(self._launch_once, executor_id, data)
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

    def _launch_once(self, executor_id, data):
        contact = self._contact
        command = remote_command.launch(
            contact.python(), contact.business, self._release.hash, executor_id
        )
        channel = contact.open(command)
        try:
            channel.send(data)
            channel.send_eof()
            return answer.read(channel, ANSWER_TIMEOUT, "launch on %s" % contact.machine.name)
        finally:
            channel.close()

    def _checked(self, said):
        name = self._contact.machine.name
        if said["answer"] == "refused":
            cause, message = answer.failure(said)
            raise errors.LaunchRefused(
                "%s refused the build: %s" % (name, message),
                remedy=REMEDIES.get(cause, ""),
                cause=cause,
            )
        if said["answer"] not in ("started", "busy"):
            raise errors.ProtocolError("launch on %s: it answered %.80r" % (name, said["answer"]))
        return said


def is_the_machine_s(error):
    """Whether another machine may take what this one did not: it can't be reached, or has no room, and runs nothing."""
    if isinstance(error, errors.LaunchRefused):
        return error.cause in attempts.CAUSES
    return not isinstance(error, errors.ConnectionLost)


def release_gone(machine, release):
    return errors.UsageError(
        "%s no longer holds the scripts of then (release %s)" % (machine, release),
        remedy="--current-scripts builds with this controller's own",
        cause="release_gone",
    )


def entry(plan, machine, executor_id):
    """The journal's entry of a launch."""
    return {
        "build_id": plan.build_id,
        "attempt": plan.document["attempt"],
        "machine": machine.name,
        "executor_id": executor_id,
        "project": plan.project,
        "ref": plan.ref,
        "requested_at": plan.document["requested_at"],
        "publish": published(plan.document["publish"]),
        "moves_tags": plan.moves_tags,
        "notify": list(plan.notify),
        "replaced": list(plan.replaced),
    }


def revealed(plan):
    """{slot: text} of a plan's secrets, read now."""
    return dict((slot, reference.resolve().reveal()) for slot, reference in plan.secrets.items())


def published(publish):
    """What the end of the build is compared with: the image that was asked for, None for none."""
    return dict((key, publish[key]) for key in ("registry", "image")) if publish else None


def payload(request, secrets):
    """What startup.py reads: bytes."""
    document = {"request": request, "secrets": secrets}
    return json.dumps(document, sort_keys=True).encode("utf-8") + b"\n"
