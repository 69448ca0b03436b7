"""The shapes of what this side remembers in files: what has another one counts as damaged, and so as absent.

In: objects of JSON, which another version, a failing disk or a person may have written. Out: faults.
Keys that are not named here are let through: a later version may have more of them.
"""

from __future__ import absolute_import, print_function, unicode_literals

from business_hyper_fusion import grammar
from business_hyper_fusion.grammar.refused import Refused, one_of, text_of
from business_hyper_fusion.grammar.shape import flag, join, list_of, mapping, none_or, rule

MOST = 10000
LARGEST = 2**53
STAGES = ("intended", "launched", "refused", "accepted")
KINDS = ("branch", "tag", "commit", "tree")


def holding(needed, **others):
    """An object that has the needed keys, and perhaps the others. :param needed: {key: shape}."""

    def check(found, key_path, faults):
        if not isinstance(found, dict):
            faults.append((key_path or "the document", "must be an object"))
            return
        for key in sorted(needed):
            if key not in found:
                faults.append((join(key_path, key), "is missing"))
        for key, shape in sorted(dict(needed, **others).items()):
            if key in found:
                shape(found[key], join(key_path, key), faults)

    return check


def fits(document, shape):
    """Whether a document has a shape."""
    faults = []
    shape(document, "", faults)
    return not faults


def _text(value):
    text_of(value, "a text")


def _number(value):
    number = isinstance(value, (int, float, type(LARGEST))) and not isinstance(value, bool)
    if not number or not -LARGEST < value < LARGEST:
        raise Refused("must be a number")


def _stage(value):
    one_of(STAGES, value, "a stage")


def _kind(value):
    one_of(KINDS, value, "a kind of ref")


def _anything(found, key_path, faults):
    """What is looked at elsewhere, or handed on as it is."""


TEXT, NUMBER = rule(_text), rule(_number)
BUILD_ID, ATTEMPT = rule(grammar.check_build_id), rule(grammar.check_attempt)
MACHINE, EXECUTOR = rule(grammar.check_machine_name), rule(grammar.check_executor_id)
TEXTS = list_of(TEXT, MOST)
PLACE_OF_ATTEMPT = {"build_id": BUILD_ID, "attempt": ATTEMPT, "machine": MACHINE}

FACTS = holding({}, python=TEXT, python_version=TEXT, release=TEXT)
PLACE = holding({"machine": MACHINE, "executor_id": EXECUTOR})
LATE = holding(PLACE_OF_ATTEMPT)
SLOT = holding({"build_id": BUILD_ID}, attempt=ATTEMPT, machine=MACHINE, executor_id=EXECUTOR)

_REF = holding({"kind": rule(_kind), "name": rule(grammar.check_line)}, commit=TEXT)
_PUBLISH = none_or(holding({"registry": MACHINE, "image": rule(grammar.check_image)}))

ENTRY = holding(
    dict(
        PLACE_OF_ATTEMPT,
        executor_id=EXECUTOR,
        project=rule(grammar.check_project_name),
        ref=_REF,
        stage=rule(_stage),
    ),
    requested_at=TEXT,
    publish=_PUBLISH,
    moves_tags=flag,
    notify=TEXTS,
    replaced=list_of(
        holding({"attempt": ATTEMPT, "machine": MACHINE, "executor_id": EXECUTOR}), MOST
    ),
)

_STEP = holding(
    {"kind": TEXT, "what": _anything, "delivery": TEXT, "tries": NUMBER, "not_before": NUMBER}
)
_TOLD = holding({"app_image": none_or(holding({}))})
_STEPS_OF = {
    "tags": holding({"digest": TEXT}),
    "notify": holding({"document": _TOLD}),
}
"""What the steps of a kind need of the end besides."""


def _end(found, key_path, faults):
    """An accepted end: what is left to do of it can be done."""
    before = len(faults)
    _END(found, key_path, faults)
    for step in found["steps"] if len(faults) == before else ():
        wanted = TEXTS if step["kind"] == "tags" else TEXT
        wanted(step["what"], join(key_path, "steps"), faults)
        if step["kind"] not in _STEPS_OF:
            faults.append((join(key_path, "steps"), "must be tags or notify"))
        else:
            _STEPS_OF[step["kind"]](found, key_path, faults)


_END = holding({"steps": list_of(_STEP, MOST)}, tags=TEXTS, previous=none_or(TEXT))
END = holding({"stage": rule(_stage), "end": _end})

_NEWEST = holding({"build_id": BUILD_ID, "state": TEXT, "previous": none_or(TEXT)})
ACCEPTED = holding(
    {},
    newest=holding({}, **dict((kind, _NEWEST) for kind in KINDS)),
    tagged=mapping(_text, grammar.check_build_id, MOST),
)

KEPT = holding(
    {
        "document": holding(
            {
                "build_id": BUILD_ID,
                "attempt": ATTEMPT,
                "project": holding({"name": rule(grammar.check_project_name)}),
                "isolation": rule(grammar.check_isolation),
                "limits": holding({"hard_seconds": rule(grammar.check_seconds)}),
                "ref": _REF,
                "repository": holding(
                    {"address": rule(grammar.check_repository), "git_server": TEXT}
                ),
                "tree": none_or(holding({})),
                "publish": none_or(holding({"registry": MACHINE, "address": TEXT, "image": TEXT})),
            }
        ),
        "machines": list_of(MACHINE, MOST),
        "release": TEXT,
        "repeats": flag,
        "moves_tags": flag,
        "notify": TEXTS,
    }
)
"""Whatever else is in the document is checked as a whole before it is launched."""
