"""The scripts of build profiles and projects: text in tristan.yml, or files beside it.

In:  the entries of a section as tristan.yml has them, and the directory it lies in.
Out: dict of (section, name, key) to text with LF line ends, or to bytes of a shell script that is
    not UTF-8, which runs all the same; faults for what can't be read.
"""

from __future__ import absolute_import, print_function, unicode_literals

import io
import os

import six

from business_hyper_fusion import grammar
from business_hyper_fusion.grammar.values import SCRIPT_BYTES

SECTIONS = ("build_profiles", "projects")
SHELL = ("compile_to_execute", "package_to_docker")
KEYS = SHELL + ("dockerfile",)


def read(section, entries, directory, faults):
    """Read the scripts of all entries of a section.

    :param entries: iterable of (name, dict).
    :param directory: text, where relative paths start.
    :param faults: Faults.
    :return: dict of (section, name, key) to text or bytes; a script that is not given is left
        out.
    """
    found = {}
    for name, entry in entries:
        for key in KEYS:
            key_path = (section, name, key)
            if entry.get(key) is None or key_path in faults:
                continue
            try:
                found[key_path] = _script(entry[key], directory, key in SHELL)
            except grammar.Refused as refused:
                faults.add(key_path, six.text_type(refused))
    return found


def _script(value, directory, any_bytes):
    """:param any_bytes: whether it may be something else than UTF-8. :return: text or bytes."""
    script = _content(value, directory, any_bytes)
    # The grammar reads text; in latin-1 each byte is a character.
    text = script if isinstance(script, six.text_type) else script.decode("latin-1")
    grammar.check_script(text)
    if script is text:
        return text.replace("\r\n", "\n")
    return script.replace(b"\r\n", b"\n")


def _content(value, directory, any_bytes):
    if isinstance(value, six.text_type):
        return value
    path = absolute(value["file"], directory)
    content = content_of(path, SCRIPT_BYTES + 1)
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        if any_bytes:
            return content
        line = content[: error.start].count(b"\n") + 1
    raise grammar.Refused("file %s is not UTF-8 in its line %d" % (path, line))


def content_of(path, most):
    """:return: at most that many bytes of a file beside tristan.yml.

    :raise grammar.Refused: it can't be read.
    """
    try:
        with io.open(path, "rb") as opened:
            return opened.read(most)
    except EnvironmentError as error:
        reason = error.strerror
    raise grammar.Refused("file %s can't be read: %s" % (path, reason))


def absolute(path, directory):
    """:return: text, the path with ~ expanded, from the directory of tristan.yml."""
    return os.path.abspath(os.path.join(directory, os.path.expanduser(path)))
