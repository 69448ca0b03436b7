"""What is told of a build's end: one document for commands, webhooks and mail.

In: the terminal status, how the build before it ended, the end of the log. Out: a dict; docs/notifications.md has its
keys.

It is bounded, whatever a machine says: texts are cut, and of many artifacts the first ones are named.
"""

from __future__ import absolute_import, print_function, unicode_literals

import re

from controller.compat import quote

EVENT = "build.ended"

MESSAGE = 4000
LOG_LINES, LOG_CHARACTERS = 30, 6000
MOST_ARTIFACTS = 50
NAME = 300

AS_THEY_ARE = (
    "build_id attempt project commit state cause exit machine executor_id requested_at requested_by started_at "
    "ended_at wall_seconds app_image"
).split()
"""Keys of a status that are told unchanged."""

_ESCAPE = re.compile("\x1b(?:\\[[0-?]*[ -/]*[@-~]|\\][^\x07\x1b]*(?:\x07|\x1b\\\\)?|.)?|\r(?=\n)")
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def document(status, previous, log_end):
    """:param status: dict, terminal. :param previous: text or None, see notify.due. :param log_end: text."""
    told = dict((key, status[key]) for key in AS_THEY_ARE)
    told.update(
        event=EVENT,
        previous_state=previous or "",
        message=clean(status["message"])[:MESSAGE],
        ref=dict((key, status["ref"][key]) for key in ("kind", "name")),
        repository=status["repository"]["address"],
        phases=[phase(one) for one in status["phases"]],
        artifacts=[artifact(one) for one in status["artifacts"][:MOST_ARTIFACTS]],
        log_end=last_lines(log_end),
        repeat=repeat(status),
        logs="tristan logs " + status["build_id"].rpartition("-")[2],
    )
    return told


def phase(one):
    return dict((key, one[key]) for key in ("name", "state", "exit", "wall_seconds"))


def artifact(one):
    return {"name": one["name"][:NAME], "size": one["size"], "sha256": one["sha256"][:64]}


def repeat(status):
    """The command that builds the same ref again."""
    ref = status["ref"]
    if ref["kind"] == "tree":
        return "tristan build %s --from DIR" % quote(status["project"])
    words = ["tristan", "build", status["project"], "--" + ref["kind"], ref["name"]]
    if ref["commit"] and ref["kind"] != "commit":
        words += ["--commit", ref["commit"]]
    return " ".join(quote(word) for word in words)


def last_lines(text):
    """The last lines of a log."""
    return "\n".join(clean(text).rstrip("\n").split("\n")[-LOG_LINES:])[-LOG_CHARACTERS:]


def clean(text):
    """Text without what only a terminal understands."""
    return _CONTROL.sub("", _ESCAPE.sub("", text))
