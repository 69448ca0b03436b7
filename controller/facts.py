"""The shape of what a machine tells of itself: what doctor believes of business_hyper_fusion/facts.py.

In: an answer. Out: the same, or errors.ProtocolError: it may come from anybody's machine by now.
"""

from __future__ import absolute_import, print_function, unicode_literals

from business_hyper_fusion.grammar.refused import Refused, amount, one_of, text_of
from business_hyper_fusion.grammar.shape import flag, list_of, none_or, record, rule
from controller import errors

TEXT_CHARACTERS = 4000
LARGEST = 2**64
ENGINE_KINDS = ("docker", "podman")


def believed(answer, what):
    """:param what: text, the step, for the message. :returns: the answer."""
    faults = []
    _FACTS(answer, "", faults)
    if faults:
        raise errors.ProtocolError(
            "%s: the machine told what is none (%s: %s)" % ((what,) + faults[0]),
            remedy="is it the machine that you mean?",
        )
    return answer


def _text(value):
    if len(text_of(value, "a text")) > TEXT_CHARACTERS:
        raise Refused("must be a text of at most %d characters" % TEXT_CHARACTERS)


def _number(value):
    amount(value, LARGEST)


def _kind(value):
    one_of(ENGINE_KINDS, value, "a container engine")


_TEXT, _NUMBER, _FLAG = rule(_text), rule(_number), flag
_MAYBE_TEXT, _MAYBE_NUMBER, _MAYBE_FLAG = none_or(_TEXT), none_or(_NUMBER), none_or(_FLAG)
_OF_A_FILE_SYSTEM = ("read_only", "no_exec", "bytes", "inodes", "inodes_total")


def _place(found, key_path, faults):
    """A file system tells all of these, or nothing."""
    before = len(faults)
    _PLACE(found, key_path, faults)
    if len(faults) == before and len(set(found[key] is None for key in _OF_A_FILE_SYSTEM)) > 1:
        faults.append((key_path, "must tell all of its file system, or nothing"))


_PLACE = record(
    path=_TEXT,
    nearest=_TEXT,
    exists=_FLAG,
    directory=_FLAG,
    writable=_FLAG,
    read_only=_MAYBE_FLAG,
    no_exec=_MAYBE_FLAG,
    bytes=_MAYBE_NUMBER,
    inodes=_MAYBE_NUMBER,
    inodes_total=_MAYBE_NUMBER,
)

_FACTS = record(
    answer=_TEXT,
    seconds=_NUMBER,
    clock=_NUMBER,
    python=record(version=list_of(_NUMBER, 3), path=_TEXT),
    git=record(state=_TEXT, path=_MAYBE_TEXT, version=_MAYBE_TEXT, lfs=_MAYBE_TEXT),
    engine=record(
        kind=rule(_kind),
        version=_MAYBE_TEXT,
        said=_TEXT,
        socket=_MAYBE_TEXT,
        socket_group=_MAYBE_TEXT,
        state=_TEXT,
    ),
    user=record(name=_TEXT, uid=_NUMBER, gid=_NUMBER, groups=list_of(_TEXT, 10000)),
    root=_place,
    tmp=_place,
    home=_place,
    kernel=_TEXT,
    cgroup=_MAYBE_NUMBER,
    locale=_MAYBE_TEXT,
    logout=record(kills=_FLAG, linger=_FLAG),
)
