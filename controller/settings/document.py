"""tristan.yml as data: bytes, text, YAML nodes, plain values.

In:  the path of a file.
Out: a `Document`; what can't be read as YAML is noted as faults with their lines.

The YAML is the plain part of it: mappings, lists, text, whole and decimal numbers, true / false and
null; anchors, aliases and merge keys (<<) too. Words such as yes, on, 2026-11-21, 0755 or 22:22
stay text, so nothing is taken for what it was not meant to be.
"""

from __future__ import absolute_import, print_function, unicode_literals

import codecs
import io
import os
import re
from collections import OrderedDict, namedtuple

import yaml

from business_hyper_fusion.grammar.refused import Refused, text_of
from controller.settings import checked
from controller.settings.faults import Faults

Document = namedtuple("Document", "data update_time faults")
"""`data`: dict or None when there is no YAML; `update_time`: float, seconds since the epoch."""

FILE_BYTES = 1024 * 1024
MOST_VALUES = 50000
DEPTH = 32
_MAP, _SEQUENCE, _STR, _INT, _FLOAT, _BOOL, _NULL, _MERGE = (
    "tag:yaml.org,2002:" + name
    for name in ("map", "seq", "str", "int", "float", "bool", "null", "merge")
)


class _Loader(yaml.SafeLoader):
    """Scans and composes; only the tags below are ever resolved, and nothing is constructed."""

    yaml_implicit_resolvers = {}


_HAS_LIBYAML = hasattr(yaml, "CSafeLoader")


class _QuickLoader(yaml.CSafeLoader if _HAS_LIBYAML else yaml.SafeLoader):
    """The same by libyaml, in a tenth of the time, for texts that both were seen to read alike: it differs in what it
    takes, in its words, and in what it does about a deep nesting.
    """

    yaml_implicit_resolvers = {}


for _tag, _pattern, _first in (
    (_BOOL, "(?:true|True|TRUE|false|False|FALSE)$", "tTfF"),
    (_INT, "(?:-?(?:0|[1-9][0-9]{0,17}))$", "-0123456789"),
    (_FLOAT, r"(?:-?(?:0|[1-9][0-9]{0,17})\.[0-9]{1,17})$", "-0123456789"),
    (_NULL, "(?:~|null|Null|NULL|)$", "~nN\0"),
    (_MERGE, "(?:<<)$", "<"),
):
    for _class in (_Loader, _QuickLoader):
        _class.add_implicit_resolver(
            _tag, re.compile(_pattern), [letter.replace("\0", "") for letter in _first]
        )


def read(path):
    """Read a file as YAML.

    :param path: text.
    :return: Document.
    """
    faults = Faults()
    try:
        with io.open(path, "rb") as opened:
            update_time = os.fstat(opened.fileno()).st_mtime
            content = opened.read(FILE_BYTES + 1)
    except EnvironmentError as error:
        faults.add((), "can't be read: %s" % error.strerror)
        return Document(None, 0.0, faults)
    return Document(parse(content, faults), update_time, faults)


def taken(content):
    """Take bytes for a file that is as new as can be. :return: Document."""
    faults = Faults()
    return Document(parse(content, faults), 0.0, faults)


def parse(content, faults):
    """Take bytes for YAML.

    :param faults: Faults; gets what is wrong, and the place of every key.
    :return: dict, or None.
    """
    text = _decoded(content, faults)
    if text is None:
        return None
    quick = _HAS_LIBYAML and checked.is_known("text", _by_whom(text))
    node = _QuickLoader(text).get_single_node() if quick else _composed(text, faults)
    if node is None:
        return None
    if not isinstance(node, yaml.MappingNode):
        faults.add((), "must hold sections such as machines: and projects:", _place(node))
        return None
    try:
        found = _Conversion(faults).value(node, ())
    except _TooMuch as error:
        faults.add((), str(error), _place(node))
        return None
    if _HAS_LIBYAML and not quick and not faults and _is_alike(text, found, faults.places):
        checked.remember("text", _by_whom(text))
    return found


def _by_whom(text):
    """The text, and who reads it."""
    return [yaml.__version__, text]


def _is_alike(text, found, places):
    """Whether the quick loader makes the same of a text: types, order and places of all values."""
    again = Faults()
    try:
        value = _Conversion(again).value(_QuickLoader(text).get_single_node(), ())
    except (yaml.YAMLError, ValueError, OverflowError, _TooMuch):
        return False
    return not again and repr(value) == repr(found) and again.places == places


def _decoded(content, faults):
    """The text, or None; a byte order mark is a fault that hides no others."""
    if len(content) > FILE_BYTES:
        faults.add((), "is larger than %d bytes" % FILE_BYTES)
        return None
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        faults.add((), "is UTF-16; save it as UTF-8", (1, 1))
        return None
    if content.startswith(codecs.BOM_UTF8):
        faults.add((), "begins with a byte order mark; save it as UTF-8 without one", (1, 1))
        content = content[len(codecs.BOM_UTF8) :]
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        place = (content[: error.start].count(b"\n") + 1, 1)
        faults.add((), "is not UTF-8: byte 0x%02x" % bytearray(content)[error.start], place)
        return None


def _composed(text, faults):
    """The tree of nodes, or None."""
    try:
        node = _Loader(text).get_single_node()
    except yaml.reader.ReaderError as error:
        place = (text[: error.position].count("\n") + 1, 1)
        faults.add((), "holds a control character; remove it", place)
    except yaml.MarkedYAMLError as error:
        _add_yaml_fault(error, text, faults)
    except RuntimeError:  # Python's recursion limit
        faults.add((), "is nested too deeply", (1, 1))
    except (ValueError, OverflowError):  # "\UFFFFFFFF": PyYAML hands it to chr() unchecked
        faults.add((), "holds an escape (\\U...) that is no character", (1, 1))
    else:
        if node is None:
            faults.add((), "is empty; `tristan init` writes a file to start from", (1, 1))
        return node
    return None


def _add_yaml_fault(error, text, faults):
    mark = error.problem_mark or error.context_mark
    number = mark.line if mark else 0
    line = (text.splitlines() + ["", ""])[number]
    problem = error.problem or error.context or "it can't be read"
    if "\t" in line[: len(line) - len(line.lstrip())] or "'\\t'" in problem:
        faults.add((), "is indented with a tab; YAML takes spaces only", (number + 1, 1))
    elif "single document" in (error.context or ""):
        faults.add((), "holds a second document (---); only one is allowed", (number + 1, 1))
    else:
        faults.add((), "is no valid YAML: %s" % problem, (number + 1, 1))


class _TooMuch(Exception):
    pass


class _Conversion(object):
    """Nodes to plain values, within bounds that a bomb of aliases can't pass."""

    def __init__(self, faults):
        self._faults = faults
        self._left = MOST_VALUES

    def value(self, node, key_path):
        self._left -= 1
        if self._left < 0:
            raise _TooMuch("holds more than %d values (aliases count each time)" % MOST_VALUES)
        if len(key_path) > DEPTH:
            raise _TooMuch("is nested more than %d levels deep" % DEPTH)
        self._faults.places.setdefault(key_path, _place(node))
        if isinstance(node, yaml.MappingNode) and node.tag == _MAP:
            return self._mapping(node, key_path)
        if isinstance(node, yaml.SequenceNode) and node.tag == _SEQUENCE:
            return [
                self.value(item, key_path + (number,)) for number, item in enumerate(node.value)
            ]
        return self._scalar(node, key_path)

    def _mapping(self, node, key_path):
        found, merges = OrderedDict(), []
        for key_node, value_node in node.value:
            if key_node.tag == _MERGE:
                merges.append(value_node)
                continue
            key = self._key(key_node, key_path)
            if key is None:
                continue
            if key in found:
                first = self._faults.places[key_path + (key,)][0]
                message = "is written twice, first in line %d" % first
                self._faults.add(key_path + (key,), message, _place(key_node))
                continue
            self._faults.places[key_path + (key,)] = _place(key_node)
            found[key] = self.value(value_node, key_path + (key,))
        for merge in merges:
            self._merge(merge, found, key_path)
        return found

    def _merge(self, node, found, key_path):
        """Add what << names; what is written here, or was merged before, wins."""
        for source in node.value if isinstance(node, yaml.SequenceNode) else [node]:
            if not isinstance(source, yaml.MappingNode):
                self._faults.add(key_path, "<< takes a mapping (*name)", _place(node))
                continue
            for key, value in self.value(source, key_path + ("<<",)).items():
                found.setdefault(key, value)

    def _key(self, node, key_path):
        if isinstance(node, yaml.ScalarNode) and node.value and _is_text(node):
            # An unquoted 1 or true is fine as a name; the grammar has its say about it later.
            return node.value
        self._faults.add(key_path, "a key here is empty or not plain text", _place(node))
        return None

    def _scalar(self, node, key_path):
        convert = _CONVERT.get(node.tag)
        if convert is None or not isinstance(node, yaml.ScalarNode):
            self._faults.add(key_path, "has the tag %s, which is not used here" % node.tag)
            return ""
        if not _is_text(node):
            self._faults.add(key_path, "holds text that is no valid Unicode", _place(node))
            return ""
        try:
            return convert(node.value)
        except (ValueError, KeyError):  # an explicit tag, as in !!int x
            self._faults.add(key_path, "is not what its tag %s says" % node.tag)
            return ""


def _is_text(node):
    """Whether a scalar is text that files and processes take, which "\\ud800" is not."""
    try:
        text_of(node.value, "a value")
    except Refused:
        return False
    return True


def _place(node):
    """(line, column) where a node begins."""
    return node.start_mark.line + 1, node.start_mark.column + 1


_CONVERT = {
    _STR: lambda text: text,
    _INT: int,
    _FLOAT: float,
    _BOOL: lambda text: {"true": True, "false": False}[text.lower()],
    _NULL: lambda text: None,
}
