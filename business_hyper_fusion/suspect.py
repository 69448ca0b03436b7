"""A build that is neither dead nor at work: its process was stopped (SIGSTOP, a debugger), and may go on at any time.

That is no state of its own and nothing that a file says: whoever asks is told beside the running build, for as long as
it is so.
"""

from __future__ import absolute_import, print_function

from business_hyper_fusion import identity, status

STOPPED = ("T", "t")
"""States in /proc/<pid>/stat: by a signal, by a tracer (proc(5))."""

KEY = "suspect"


def told(document):
    """:param document: a status as it was read. :returns: the same, with ``suspect``, a sentence, where it applies."""
    found = dict(document)
    found.pop(KEY, None)  # what a file says of it is forged
    reason = of(found)
    if reason:
        found[KEY] = reason
    return found


def of(document):
    """:returns: a sentence, "" for a build that is at work or has ended."""
    process = document["process"]
    if status.terminal(document) or not identity.alive(process):
        return ""
    fields = identity.stat_fields(process["pid"])
    if fields is None or fields[0] not in STOPPED:
        return ""
    message = "startup.py is stopped (SIGSTOP); `kill -CONT %d` on the machine lets it go on"
    return message % process["pid"]
