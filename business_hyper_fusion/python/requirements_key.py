"""Name the set of wheels that a requirements file asks for: the same name, the same wheels.

Argument: path of the file. Out: a hex SHA-256 over it, the files it includes and the Python that reads it; nothing for
a file that leaves pip a choice, which can be another one tomorrow. Runs in the build image, whatever Python that has.
"""

from __future__ import absolute_import, print_function

import hashlib
import os
import re
import sys
import sysconfig

INCLUDE = re.compile(r"(?:-r|-c|--requirement|--constraint)[ =]*(.+)\Z")
SETTING = re.compile(r"--(?!editable|find-links|pre\b)[a-z-]+\b|-i ")
PINNED = re.compile(r"[A-Za-z0-9._-]+ *(?:\[[^\]]*\])? *===? *[^\s*,;]+ *(?:;|--hash|\Z)")


class Unpinned(Exception):
    """The file leaves pip a choice."""


def key(path):
    """:returns: str, "" for a file that does not pin everything."""
    digest = hashlib.sha256()
    digest.update(("%s %s\n" % (sys.version_info[:2], sysconfig.get_platform())).encode("ascii"))
    try:
        _read(path, digest, [])
    except Unpinned:
        return ""
    return digest.hexdigest()


def _read(path, digest, above):
    if path in above:
        return
    content = _content(path)
    digest.update(content + b"\0")
    for line in logical_lines(content.decode("utf-8", "replace")):
        included = INCLUDE.match(line)
        if included:
            below = os.path.join(os.path.dirname(path), included.group(1).strip())
            _read(below, digest, above + [path])
        elif not SETTING.match(line) and not PINNED.match(line):
            raise Unpinned(line)


def _content(path):
    try:
        with open(path, "rb") as source:
            return source.read()
    except (IOError, OSError):
        raise Unpinned(path)  # An address, or nothing at all, which pip says better.


def logical_lines(text):
    """:returns: list of text, without comments and blank lines; a line that ends with a backslash goes on."""
    joined = re.sub(r"\\\r?\n", " ", text)
    lines = [re.sub(r"(^|\s)#.*", "", line).strip() for line in joined.splitlines()]
    return [line for line in lines if line]


if __name__ == "__main__":
    print(key(sys.argv[1]))
