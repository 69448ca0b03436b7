"""The faults of one tristan.yml: collected from all checks, told in the file's order.

In:  key paths as tuples, and messages.
Out: a list of `Fault` (key path as text, message).
"""

from __future__ import absolute_import, print_function, unicode_literals

from collections import namedtuple

import six

from business_hyper_fusion import grammar

Fault = namedtuple("Fault", "key_path message")
MOST = 100
KEY_SHOWN = 64


class Faults(object):
    """`places`: dict of key path (tuple) to (line, column), for the order and the messages."""

    def __init__(self):
        self.places = {}
        self._found = []

    def __len__(self):
        return len(self._found)

    def __contains__(self, key_path):
        """Whether a fault of this key, or of one inside it, is known."""
        return any(found[: len(key_path)] == tuple(key_path) for _, found, _ in self._found)

    def add(self, key_path, message, place=None):
        """Note a fault, once.

        :param key_path: tuple of keys (text) and list positions (int).
        :param place: (line, column), counted from 1; looked up by the key path when None.
        """
        key_path = tuple(key_path)
        place = self._place(key_path) if place is None else place
        if (place, key_path, message) not in self._found:
            self._found.append((place, key_path, message))

    def listed(self):
        """:return: list of Fault, by place; at most 100 and one that counts the rest."""
        ordered = sorted((place, written(path), message) for place, path, message in self._found)
        faults = [_fault(*found) for found in ordered[:MOST]]
        if len(ordered) > MOST:
            faults.append(Fault("...", "and %d more" % (len(ordered) - MOST)))
        return faults

    def _place(self, key_path):
        """The place of the key, or of the nearest key around it."""
        while key_path and key_path not in self.places:
            key_path = key_path[:-1]
        return self.places.get(key_path, (0, 0))


def _fault(place, key_path, message):
    line = place[0]
    if not key_path:
        return Fault("line %d" % line if line else "the file", message)
    return Fault(key_path, "%s (line %d)" % (message, line) if line else message)


def written(key_path):
    """Write a key path as a user does: ``machines.builder-1.labels[0]``."""
    text = ""
    for key in key_path:
        if isinstance(key, six.integer_types):
            text += "[%d]" % key
        else:
            text += ("." if text else "") + _key(key)
    return text


def _key(key):
    """A key as it is, unless it can't be printed on one short line."""
    plain = all(" " < letter <= "~" for letter in key)
    return key if plain and 0 < len(key) <= KEY_SHOWN else grammar.shown(key)
