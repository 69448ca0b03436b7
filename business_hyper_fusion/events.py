"""What events.jsonl says: every change of an attempt's status, one line each, in the Elastic Common Schema.

In: the status document after the change. Out: a document, https://www.elastic.co/docs/reference/ecs; what ECS has no
field for is below ``tristan``, under the names that the status has.

The status file is replaced by rename, which a log shipper can't follow; these lines tell it all the same.
"""

from __future__ import absolute_import, print_function

from business_hyper_fusion import compat

ECS_VERSION = "8.11.0"

ALWAYS = (
    "build_id",
    "attempt",
    "executor_id",
    "machine",
    "project",
    "language",
    "isolation",
    "ref",
    "commit",
    "state",
)
AT_START = ("repository", "requested_at", "requested_by", "release", "image", "tree", "process")

TYPES = {"started": ["start"], "ended": ["end"]}


def of_build_start(document):
    line = _line(document, "build-started", AT_START)
    return _with_text(line, "build of %s started" % _what(document))


def of_phase_start(document, phase):
    """:param phase: the record of a phase in the status."""
    line = _line(document, "phase-started")
    line["tristan"]["phase"] = phase["name"]
    return _with_text(line, "phase %s started" % phase["name"])


def of_phase_end(document, phase):
    """With what the phase used; null is what the kernel could not tell."""
    line = _line(document, "phase-ended", ("image", "app_image", "scripts_version"))
    line["tristan"].update(phase=phase["name"], phases=[phase])
    _add_end(line, phase)
    return _with_text(line, "phase %s ended: %s" % (phase["name"], phase["state"]))


def of_build_end(document):
    """All that the status says at the end; of artifacts how many and how large they are."""
    line = _line(document, "build-ended", [key for key in document if key != "artifacts"])
    sizes = [one["size"] for one in document["artifacts"]]
    line["tristan"]["artifacts"] = {"count": len(sizes), "bytes": sum(sizes)}
    _add_end(line, document)
    if document["state"] != "success":
        line["error"] = {"code": document["cause"], "message": document["message"]}
        line["event"]["reason"] = document["message"]
    if document["exit"] is not None:
        line["process"] = {"exit_code": document["exit"]}
    if document["image"]["build_image"]:
        line["container"] = {"image": {"name": document["image"]["build_image"]}}
    return _with_text(line, "build of %s ended: %s" % (_what(document), document["state"]))


def _line(document, action, keys=()):
    event = {"kind": "event", "category": ["process"], "type": TYPES[action.partition("-")[2]]}
    event.update(action=action, module="tristan", dataset="tristan.events")
    return {
        "@timestamp": compat.iso_time(),
        "ecs": {"version": ECS_VERSION},
        "event": event,
        "tristan": dict((key, document[key]) for key in ALWAYS + tuple(keys)),
    }


def _add_end(line, ended):
    """:param ended: what has state, started_at, ended_at and wall_seconds: a phase, or the status."""
    outcome = "success" if ended["state"] == "success" else "failure"
    line["event"].update(outcome=outcome, start=ended["started_at"], end=ended["ended_at"])
    if ended["wall_seconds"] is not None:
        line["event"]["duration"] = int(ended["wall_seconds"] * 1e9)  # ECS counts nanoseconds


def _with_text(line, text):
    return dict(line, message=text)


def _what(document):
    return "%s, %s %s" % (document["project"], document["ref"]["kind"], document["ref"]["name"])
