"""The shape of a status document: what a reader believes, on the machine and on the controller.

A status file can be torn by a dying disk, forged by a build with isolation ``host``, or come from a machine
that is no longer the operator's. What does not have this shape is treated as unknown.
"""

from __future__ import absolute_import, print_function

from business_hyper_fusion.compat import text_type
from business_hyper_fusion.grammar import engine, values
from business_hyper_fusion.grammar.refused import Refused, amount, one_of, text_of, whole
from business_hyper_fusion.grammar.shape import empty_or, list_of, none_or, record, rule
from business_hyper_fusion.protocol import PHASE_STATES, PHASES, PROTOCOL, STATES

TEXT_BYTES = 16 * 1024
MOST_ARTIFACTS = 100000
LARGEST = 2**63


def check_status(document):
    """:returns: list of (key path, message); empty when the document is a status."""
    faults = []
    if isinstance(document, dict) and "suspect" in document:
        document = dict(document)
        _TEXT(document.pop("suspect"), "suspect", faults)
    _STATUS(document, "", faults)
    if not faults and tuple(phase["name"] for phase in document["phases"]) != PHASES:
        faults.append(("phases", "must be %s, in this order" % ", ".join(PHASES)))
    return faults


def _text(value):
    if len(text_of(value, "a text").encode("utf-8")) > TEXT_BYTES:
        raise Refused("a text must be at most %d bytes long" % TEXT_BYTES)


def _count(value):
    amount(value, LARGEST)


def _number(value):
    _count(value)
    if value != int(value):
        raise Refused("must be a whole number")


def _exit(value):
    whole(value, "an exit status", 0, 255)


def _protocol(value):
    if value != PROTOCOL or isinstance(value, (bool, str, text_type)):
        raise Refused("must be protocol %d" % PROTOCOL)


def _state(value):
    one_of(STATES, value, "a state")


def _phase_state(value):
    one_of(PHASE_STATES, value, "the state of a phase")


_TEXT = rule(_text)
_RESOURCE = none_or(rule(_count))
_TIME = empty_or(values.check_time)

_PHASE = record(
    name=_TEXT,
    state=rule(_phase_state),
    exit=none_or(rule(_exit)),
    started_at=_TIME,
    ended_at=_TIME,
    wall_seconds=_RESOURCE,
    cpu_seconds=_RESOURCE,
    peak_memory_bytes=_RESOURCE,
    read_bytes=_RESOURCE,
    written_bytes=_RESOURCE,
)

_STATUS = record(
    protocol=rule(_protocol),
    build_id=rule(values.check_build_id),
    attempt=rule(values.check_attempt),
    executor_id=rule(values.check_executor_id),
    machine=rule(values.check_machine_name),
    project=rule(values.check_project_name),
    language=_TEXT,
    ref=record(kind=_TEXT, name=_TEXT, commit=_TEXT),
    repository=record(address=_TEXT, host=_TEXT, path=_TEXT),
    commit=_TEXT,
    release=rule(values.check_release),
    isolation=rule(engine.check_isolation),
    tree=none_or(record(name=_TEXT, sha256=_TEXT, base=_TEXT, difference=_TEXT)),
    image=record(name=_TEXT, build_image=_TEXT, id=_TEXT, build_image_id=_TEXT),
    app_image=none_or(
        record(
            image=rule(engine.check_image),
            id=rule(engine.check_image_id),
            digest=rule(engine.check_image_id),
        )
    ),
    scripts_version=_TEXT,
    state=rule(_state),
    cause=_TEXT,
    message=_TEXT,
    exit=none_or(rule(_exit)),
    requested_at=rule(values.check_time),
    requested_by=_TEXT,
    started_at=_TIME,
    ended_at=_TIME,
    wall_seconds=_RESOURCE,
    process=none_or(record(pid=rule(_number), start_time=none_or(rule(_number)), boot_id=_TEXT)),
    phase=_TEXT,
    phases=list_of(_PHASE, len(PHASES)),
    source=_TEXT,
    workspace=_TEXT,
    kept_until=_TIME,
    provenance=_TEXT,
    artifacts=list_of(
        record(name=_TEXT, path=_TEXT, size=rule(_number), sha256=_TEXT), MOST_ARTIFACTS
    ),
    log=none_or(record(bytes=rule(_number), sha256=rule(values.check_release))),
)
