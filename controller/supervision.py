"""Watches one build to its end, whatever number of attempts that takes.

In: contacts, the journal, a Finder, an Acceptance, a Requeue. Out: the terminal status, accepted; events go to a sink.
"""

from __future__ import absolute_import, print_function, unicode_literals

from controller import accept, watch


class Supervision(object):
    """:param contacts: {machine name: contact.Contact}. :param journal: journal.Journal.
    :param finder: finder.Finder. :param acceptance: accept.Acceptance. :param requeue: requeue.Requeue.
    """

    def __init__(self, contacts, journal, finder, acceptance, requeue):
        self._contacts = contacts
        self._journal = journal
        self._finder = finder
        self._acceptance = acceptance
        self._requeue = requeue

    def watch(self, build, sink, offset=0, patience=None):
        """:param build: text that names one. :param offset: first byte wanted of the log; of further attempts all is.
        :param patience: seconds without contact before errors.StillRunning.
        :returns: dict, the terminal status.
        """
        machine, build_id = self._finder.place(build)
        self._requeue.adopt(build_id, accept.PATIENCE)
        machine = self._finder.noted(build_id, machine)
        while True:
            attempt = self._attempt(build_id, machine)
            status = self._follow(machine, build_id, attempt, offset, sink, patience)
            if status is not None:
                status = self._acceptance.take([(machine, status)], accept.PATIENCE)[0]
            self._requeue.adopt(build_id, accept.PATIENCE)
            entry = self._journal.read(build_id)
            if entry.get("attempt", 0) <= (status or {}).get("attempt", attempt or 0):
                return status
            machine, offset = entry["machine"], 0
            if (build_id, entry["attempt"]) not in self._requeue.launched:
                sink.note("attempt %d runs on %s" % (entry["attempt"], machine))

    def read(self, build, sink, offset=0, attempt=None):
        """A log as far as it is now. :param attempt: int, None for the latest."""
        machine, build_id = self._finder.place(build)
        if attempt is not None:
            machine = self._machine_of(build_id, attempt) or machine
        watching = watch.Watch(self._contacts[machine])
        status = finished(watching, watching.follow(build_id, attempt, offset, sink, True))
        return self._acceptance.take([(machine, status)])[0]

    def _follow(self, machine, build_id, attempt, offset, sink, patience):
        """The terminal status of an attempt; None when another one took its place."""
        contact = self._contacts[machine]
        lost_after = contact.machine.lost_after if attempt is not None else None
        watching = watch.Watch(contact, patience or watch.PATIENCE, lost_after)
        follow = watching.follow(build_id, attempt, offset, sink)
        while True:
            try:
                return finished(watching, follow)
            except watch.Silent:
                if self._requeue.elsewhere(build_id):
                    return None

    def _attempt(self, build_id, machine):
        """The number of the attempt on a machine; None for a build of another controller."""
        entry = self._journal.read(build_id)
        return entry["attempt"] if entry.get("machine") == machine else None

    def _machine_of(self, build_id, attempt):
        """Where an earlier attempt was, None when that is not known or it is another one's."""
        for one in self._journal.read(build_id).get("replaced", []):
            if one["attempt"] == attempt and one["machine"] in self._contacts:
                return one["machine"]
        return None


def finished(watching, follow):
    """Watches. :returns: the last status."""
    watching.run()
    if follow.error is not None:
        raise follow.error
    return follow.status
