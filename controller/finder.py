"""Which build a text means, and where it is: asked of the machines, which know, by way of the journal, which may.

Job: find builds by id, by the beginning of one, or of its last eight characters.
In: contacts by machine name, the journal. Out: (machine name, status) pairs, errors.BuildNotFound.
"""

from __future__ import absolute_import, print_function, unicode_literals

from business_hyper_fusion.names import means
from controller import answer, errors, parallel

AT_ONCE = 100
"""Builds by their ids in one question: what a machine answers in some seconds, whatever they have made."""


class Finder(object):
    """:param contacts: {machine name: contact.Contact}. :param journal: journal.Journal.
    :param accepted: function([(machine name, status)]) that gives the statuses, their ends accepted.
    """

    def __init__(self, contacts, journal, accepted):
        self._contacts = contacts
        self._journal = journal
        self._accepted = accepted

    def place(self, build):
        """(machine name, build id), without asking when the journal knows the whole id."""
        machine = self.noted(build) if is_whole_id(build) else None
        if machine is not None:
            return machine, build
        machine, status = self.find(build)
        return machine, status["build_id"]

    def noted(self, build_id, otherwise=None):
        """The machine of a build's latest attempt, as the journal has it now."""
        machine = self._journal.read(build_id).get("machine")
        return machine if machine in self._contacts else otherwise

    def find(self, build):
        """(machine name, status) of the one build that `build` names."""
        return self._found(build, self._likely(build))

    def builds(self, wanted, names, limit):
        """([(machine, status)] newest first, [(machine, error)]) of what the named machines hold."""
        found, failures = [], []
        for name, said, error in parallel.each(lambda name: self.ask(name, wanted, limit), names):
            if error is not None:
                failures.append((name, error))
            else:
                meant = [one for one in said["builds"] if means(wanted, one["build_id"])]
                found.extend((name, status) for status in meant)
        found.sort(key=lambda pair: (pair[1]["build_id"], pair[1]["attempt"]), reverse=True)
        statuses = self._accepted(found)
        pairs = list(zip([name for name, _ in found], statuses))
        return list(self._latest(pairs)), failures

    def _latest(self, found):
        """Of each build the latest attempt, and that only unless the journal knows of a later one."""
        seen = set()
        for name, status in found:
            build_id, attempt = status["build_id"], status["attempt"]
            if build_id not in seen and self._journal.read(build_id).get("attempt", 0) <= attempt:
                yield name, status
            seen.add(build_id)

    def ask(self, name, wanted, limit):
        """What one machine tells of its builds and executors, see answer.believed_builds."""
        said = self._contacts[name].ask("builds", {"build": wanted, "limit": limit})
        return answer.believed_builds(said or {})

    def those(self, name, ids):
        """(statuses, ids of which it knows nothing) of what one machine tells of builds by their ids."""
        statuses, absent = [], []
        for start in range(0, len(ids), AT_ONCE):
            part = ids[start : start + AT_ONCE]
            told, unknown = self._asked_at_once(name, part)
            statuses.extend(one for one in told if one["build_id"] in part)
            absent.extend(one for one in unknown if one in part)
        return statuses, absent

    def _asked_at_once(self, name, ids):
        """Scripts of an earlier version know of one id a question only."""
        said = self._contacts[name].ask("builds", {"build": "-", "limit": 1, "ids": ids})
        if said is None:
            return [], ids
        believed = answer.believed_builds(said)
        if believed["absent"] is not None:
            return believed["builds"], believed["absent"]
        each = [(one, self.ask(name, one, 1)["builds"]) for one in ids]
        return [status for _, told in each for status in told], [
            one for one, told in each if not told
        ]

    def missing(self, build_id):
        """The error of a build that its machine knows nothing of."""
        if self._journal.read(build_id).get("stage") == "intended":
            return errors.BuildNotFound("the build %s was never started" % build_id)
        return not_found(build_id)

    def _likely(self, build):
        """The machines to ask for a build: the journal's one for a whole id or its digits, else
        all.
        """
        if is_whole_id(build) or len(build) == 8:
            for build_id in self._journal.build_ids(build):
                machine = self._journal.read(build_id).get("machine")
                if machine in self._contacts:
                    return [machine]
        return list(self._contacts)

    def _found(self, build, names):
        found, failures = self.builds(build, names, 20)
        ids = sorted(set(status["build_id"] for _, status in found))
        if len(ids) > 1:
            raise errors.UsageError(
                "%s names %d builds" % (build, len(ids)), remedy="one of: %s" % ", ".join(ids[:5])
            )
        if ids:
            return found[0]
        if failures:
            raise failures[0][1]
        if len(names) < len(self._contacts):
            return self._found(build, [name for name in self._contacts if name not in names])
        raise not_found(build)


def is_whole_id(build):
    return len(build) == len("YYYYmmddTHHMMSSmmm-xxxxxxxx") and "-" in build


def not_found(build):
    return errors.BuildNotFound(
        "no machine holds a build %s" % build, remedy="`tristan status` lists what there is"
    )
