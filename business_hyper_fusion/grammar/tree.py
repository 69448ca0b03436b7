"""Rules for a pushed tree: the list of its files, and the hash that names it.

In:  entries {"path", "kind", "sha256", "size"}, sorted by path; "kind" is file, program (a file that may be run) or
     link, whose content is its target.
Out: None or `Refused`; the tree's hash.
"""

from __future__ import absolute_import, print_function

import hashlib

from business_hyper_fusion.grammar import values
from business_hyper_fusion.grammar.refused import Refused, one_of, printable, text_of, whole

KINDS = ("file", "program", "link")
MOST_ENTRIES = 500000
PATH_BYTES = 4000
LINK_BYTES = 4000
LARGEST = 2**40
KEYS = ["kind", "path", "sha256", "size"]


def check_tree_entries(entries):
    """Refuse a list that could write outside of its directory, or that says two things of one path."""
    if not isinstance(entries, list) or len(entries) > MOST_ENTRIES:
        raise Refused("a tree must be a list of at most %d files" % MOST_ENTRIES)
    leaves = set()
    for entry in entries:
        _check_entry(entry)
        leaves.add(text_of(entry["path"], "a path"))
    if len(leaves) != len(entries):
        raise Refused("a tree must name each path once")
    for path in leaves:
        _check_below(path, leaves)


def _check_entry(entry):
    if not isinstance(entry, dict) or sorted(entry) != KEYS:
        raise Refused("a file of a tree must have exactly %s" % ", ".join(KEYS))
    one_of(KINDS, entry["kind"], "a kind of file")
    values.check_release(entry["sha256"])
    whole(entry["size"], "a size", 0, LINK_BYTES if entry["kind"] == "link" else LARGEST)
    check_tree_path(entry["path"])


def check_tree_path(value):
    """Refuse what is no path inside a tree; ``.git`` stays where it is."""
    text = printable(value, "a path", PATH_BYTES)
    for part in text.split("/"):
        if part in ("", ".", ".."):
            raise Refused("a path must be relative, without '.', '..' and '//'", value)
        if part.lower() == ".git":
            raise Refused("a path must not lead into .git", value)


def _check_below(path, leaves):
    """Nothing lies below a file or a link, which could lead out of the tree."""
    end = path.rfind("/")
    while end != -1:
        if path[:end] in leaves:
            raise Refused("nothing may lie below a file or a link", path)
        end = path.rfind("/", 0, end)


def tree_hash(entries):
    """:returns: str, SHA-256 over kind, content's hash and path of every file, in the order of paths."""
    digest = hashlib.sha256()
    for entry in entries:
        path = text_of(entry["path"], "a path").encode("utf-8")
        words = "%s %s " % (entry["kind"], entry["sha256"])
        digest.update(words.encode("ascii") + path + b"\0")
    return digest.hexdigest()
