"""Attempts that were replaced while their machine was out of reach: at the next contact they are ended and refused.

In: the journal, statuses that machines give. Out: cancellations, notes. What such an attempt made is never accepted
(accept.is_the_one); it may have pushed its own tag, which carries its number and which no moving tag follows.
"""

from __future__ import absolute_import, print_function, unicode_literals

from controller import errors


class Late(object):
    """:param journal: journal.Journal. :param cancel: function(machine name, build id, attempt, reason).
    :param on_note: callable(text).
    """

    def __init__(self, journal, cancel, on_note):
        self._journal = journal
        self._cancel = cancel
        self._on_note = on_note

    def waiting(self):
        """List of (machine name, build id)."""
        return [(one["machine"], one["build_id"]) for one in self._journal.late()]

    def take(self, found):
        """:param found: list of (machine name, status)."""
        late = dict(((one["machine"], one["build_id"]), one) for one in self._journal.late())
        for machine, status in found if late else ():
            one = late.get((machine, status["build_id"]))
            if one is not None and one["attempt"] == status["attempt"]:
                self._end(machine, status)

    def absent(self, machine, build_id):
        """The machine answered that it knows nothing of it."""
        for one in self._journal.late():
            if (one["machine"], one["build_id"]) == (machine, build_id):
                self._journal.settle_late(build_id, one["attempt"])

    def _end(self, machine, status):
        build_id, number = status["build_id"], status["attempt"]
        entry = self._journal.read(build_id)
        is_replaced = entry.get("attempt", number + 1) > number
        if status["state"] in errors.EXIT_BY_STATE:
            if is_replaced:
                self._refuse(machine, status)
            self._journal.settle_late(build_id, number)
            return
        if not is_replaced or entry.get("stage") == "intended":
            return  # who is about to replace it has left the mark first, and may find no place for another attempt
        try:
            self._cancel(machine, build_id, number, "replaced by another attempt")
        except errors.TristanError as error:
            self._on_note("%s: attempt %d: %s" % (build_id, number, error.message))

    def _refuse(self, machine, status):
        """Says what became of it, where there is something to say."""
        text = "%s: attempt %d on %s, which was replaced, ended with %s: refused"
        told = (status["build_id"], status["attempt"], machine, status["state"])
        pushed = status["app_image"]["image"] if status["app_image"] else ""
        self._on_note(text % told + ("; it had pushed %s" % pushed if pushed else ""))
