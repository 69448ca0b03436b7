"""The container engine of a machine, as people write it.

In:  ``docker``, ``podman``, ``sudo docker``, ``docker -H unix:///run/x.sock``, or a mapping with
     kind, command, selinux and run_options.
Out: an `Engine`, or `grammar.Refused`.
"""

from __future__ import absolute_import, print_function, unicode_literals

import posixpath
import shlex
from collections import namedtuple

import six

from business_hyper_fusion import grammar

Engine = namedtuple("Engine", "kind command selinux run_options")
Engine.__new__.__defaults__ = ("", ())
"""`kind`: "docker" or "podman"; `command`: tuple of words that start it; `run_options`: tuple of words.

`selinux`: "shared", "private", "disable", or "" where labels stay as they are.
"""


def parse(value):
    """Take what tristan.yml says for an engine.

    :param value: text or dict.
    :return: Engine.
    """
    if isinstance(value, dict):
        run_options = tuple(value.get("run_options", ()))
        found = Engine(
            value["kind"], tuple(value["command"]), value.get("selinux", ""), run_options
        )
    else:
        words = _words(value)
        found = Engine(_kind(words, value), words)
    grammar.check_engine_words(found.command)
    return found


def _words(text):
    try:
        # 2.7's shlex takes bytes only
        words = shlex.split(six.ensure_str(text))
    except ValueError:
        words = None
    if words is None:
        raise grammar.Refused("an engine's command must close its quotes", text)
    return tuple(six.ensure_text(word) for word in words)


def _kind(command, text):
    names = [posixpath.basename(word) for word in command]
    for name in names:
        if name in grammar.ENGINES:
            return name
    raise grammar.Refused(
        "an engine must be docker or podman; for another command write {kind: ..., command: [...]}",
        text,
    )
