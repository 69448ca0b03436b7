"""Has a machine remove what it does not need any more.

Job: the controller's side of business_hyper_fusion/gc.py.
In: a contact, a Release, a question. Out: what went, stayed and failed, as far as the machine can be believed.
"""

from __future__ import absolute_import, print_function, unicode_literals

import collections
import time

from business_hyper_fusion.grammar.refused import Refused, text_of
from business_hyper_fusion.grammar.shape import list_of, mapping, none_or, record, rule
from business_hyper_fusion.protocol import GC_KINDS
from controller import errors, sync
from controller.plan import BUSINESS_ID

OLDER_THAN = 30 * 86400
"""Seconds; what was used since then stays."""

TIMEOUT = 1800.0
"""Seconds; millions of cached files take their time."""

MOST = 1000000
NOTHING = {"removed": [], "kept": {}, "busy": [], "failed": []}

Question = collections.namedtuple("Question", "dry_run older_than most_bytes what")
"""`older_than`: seconds; `most_bytes`: of all caches together, None for the machine's own bound; `what`: list of
protocol.GC_KINDS, None for all."""
Question.__new__.__defaults__ = (False, OLDER_THAN, None, None)


def collect(contact, release, question):
    """:param contact: contact.Contact. :param release: release.Release of this installation.
    :param question: Question.
    :returns: dict: removed, kept, busy, failed, as the machine's verb answers; and bytes, the sum of what went.
    """
    if not has_release(contact, release):
        return summed(NOTHING)
    said = contact.ask("gc", document(contact.machine, question), TIMEOUT)
    if said is None:
        return summed(NOTHING)
    if said["answer"] == "busy":
        raise errors.Busy(
            "%s: another gc runs there" % contact.machine.name, remedy="wait for its end"
        )
    return summed(believed(said, "gc on %s" % contact.machine.name))


def has_release(contact, release):
    """Whether Tristan is on the machine; if so, its scripts are this installation's then."""
    if contact.facts().get("release") == release.hash:
        return True
    if contact.ask("builds", {"limit": 1, "build": "-"}) is None:
        return False
    push(contact, release)
    return True


def push(contact, release):
    """:returns: int, files that were sent; 0 when the machine had them all."""
    machine = contact.machine
    python = contact.python()
    sent = sync.sync(contact.transport(), python, machine.root, BUSINESS_ID, release)
    contact.remember(release=release.hash)
    return sent


def document(machine, question):
    return {
        "dry_run": question.dry_run,
        "older_than_seconds": question.older_than,
        "most_bytes": machine.disk.cache_bytes
        if question.most_bytes is None
        else question.most_bytes,
        "what": question.what,
        "engine": list(machine.engine.command),
        "now": int(time.time()),
    }


def believed(said, what, shape=None):
    """:param said: a machine's answer. :param shape: of the answer; gc's own by default.

    :raises errors.ProtocolError: it is none to this question.
    """
    faults = []
    (shape or _ANSWER)(said, "", faults)
    if faults:
        raise errors.ProtocolError(
            "%s: the machine gave an answer that is none (%s: %s)" % ((what,) + faults[0]),
            remedy="run `tristan doctor` for this machine",
        )
    return said


def summed(said):
    total = sum(one["bytes"] or 0 for one in said["removed"])
    return dict(said, bytes=total)


def _text(value):
    text_of(value, "a text")


def _count(value):
    number = isinstance(value, (int, float, type(2**63))) and not isinstance(value, bool)
    if not number or value < 0:
        raise Refused("must be a number that is not negative")


def _any(found, key_path, faults):
    """The shape of what is looked at elsewhere, or by its truth alone."""


TEXT, COUNT, ANY = rule(_text), rule(_count), _any
_REASON = record(kind=TEXT, name=TEXT, why=TEXT)
_REMOVED = record(kind=TEXT, name=TEXT, why=TEXT, bytes=none_or(COUNT), age_seconds=COUNT)
_ANSWER = record(
    answer=TEXT,
    dry_run=ANY,
    removed=list_of(_REMOVED, MOST),
    kept=mapping(_text, _count, len(GC_KINDS)),
    busy=list_of(_REASON, MOST),
    failed=list_of(_REASON, MOST),
)
