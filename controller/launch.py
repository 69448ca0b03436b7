"""Launches a planned build on one executor of one machine.

Job: choose the executor, write the journal, offer it the build (offer.py).
In: a Plan, contacts by machine name, a Release. Out: a LaunchedBuild, or errors.Busy when nothing
    is free.

A launch whose fate is unknown is never tried on another executor: only the same one knows that it has begun.
"""

from __future__ import absolute_import, print_function, unicode_literals

import collections
import random
import time

from controller import attempts, errors
from controller.offer import Offer, PastRelease
from controller.spread import Spread

LaunchedBuild = collections.namedtuple(
    "LaunchedBuild", "build_id attempt machine executor_id already"
)

WAIT_FIRST, WAIT_MOST, WAIT_FACTOR = 1.0, 15.0, 1.5
"""Seconds between two looks for a free executor: polite to machines, and not in step with others.
"""


class Launcher(object):
    """:param contacts: {machine name: contact.Contact}. :param journal: journal.Journal.
    :param make_release: function that gives the Release as it is now; called when it is needed.
    :param on_event: callable(text). :param on_progress: callable(bytes sent, bytes in all, path),
        while a tree is sent.

    .watched: whether what is launched will be watched at once.
    """

    watched = False

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
        offer = Offer(self._contacts[machine.name], release, self._on_event, self.watched)
        if plan.tree and machine.name not in self._brought:
            offer.bring(plan.tree, self._on_progress)
            self._brought.add(machine.name)
        self._journal.intend(entry(plan, machine, executor_id), attempts.keep(plan))
        if self._journal.abandoned(plan.build_id):  # perhaps while an executor was waited for
            withdraw()
            raise errors.LaunchRefused("the build was cancelled before it began", cause="cancelled")
        try:
            return offer.run(executor_id, {"request": request, "secrets": secrets})
        except (errors.MachineUnreachable, errors.ProtocolError):
            raise  # the journal goes on saying "intended"
        except errors.TristanError:
            withdraw()
            raise

    def _take_back(self, plan, machine):
        """Who cancelled it meanwhile may have asked the machine before that had heard of the launch."""
        question = {"build_id": plan.build_id, "attempt": plan.document["attempt"]}
        try:
            self._contacts[machine.name].ask("cancel", dict(question, reason="while it began"))
        except errors.TristanError as error:
            self._on_event("%s can't be cancelled: %s" % (plan.build_id, error.message))

    def _release_of(self, plan):
        """This controller's release, but for a plan that wants another one."""
        same = plan.release in ("", self._own.hash)
        return self._own if same else PastRelease(plan.release)

    def _started(self, plan, machine, executor_id, said):
        self._contacts[machine.name].expect_more()
        self._journal.confirm(plan.build_id)
        if self._journal.abandoned(plan.build_id):
            self._take_back(plan, machine)
        release = self._own.hash
        if plan.release in ("", release):
            self._contacts[machine.name].remember(release=release)
        attempt, already = plan.document["attempt"], said.get("already") is True
        return LaunchedBuild(plan.build_id, attempt, machine.name, executor_id, already)


def is_the_machine_s(error):
    """Whether another machine may take what this one did not: it can't be reached, or has no room, and runs nothing."""
    if isinstance(error, errors.LaunchRefused):
        return error.cause in attempts.CAUSES
    return not isinstance(error, errors.ConnectionLost)


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
