"""The best Python of a machine: the newest 3.x from 3.6 on, else 2.7.

In: a connection, a settings Machine. Out: Python(path, version).

One command, whatever the login shell is. A candidate is started as the executor will be, with the
modules it needs: one that is there but broken, or a version manager's empty shim, does not count.
Names that tell their version are tried first, newest first, so that nearly always one start is
enough.
"""

from __future__ import absolute_import, print_function, unicode_literals

import collections
import re

from . import errors, remote_command
from .compat import quote

Python = collections.namedtuple("Python", "path version")
"""`path`: text, absolute; `version`: tuple of three int."""

VERSION = re.compile(r"[0-9]{1,3}(\.[0-9]{1,3}){2}\Z")

TIMEOUT = 60.0
"""Seconds; an overloaded machine starts a broken Python slowly."""

NEWEST_MINOR = 30
"""The highest 3.x that is looked for by its own name; far ahead of what exists."""

DIRECTORIES = (
    "/usr/local/bin /usr/bin /bin /usr/libexec /opt/*/bin /opt/rh/*/root/usr/bin "
    '"$HOME"/.pyenv/versions/*/bin "$HOME"/.asdf/installs/python/*/bin "$HOME"/.local/bin'
)

TRIAL = (
    "import sys;v=sys.version_info[:3];w=sys.stdout.write;"
    "u=v[:2]==(2,7) or v>=(3,6);w('%d.%d.%d %s\\n'%(v+(sys.executable,)));"
    "u or sys.exit(3);"
    "import fcntl,hashlib,json,resource,select,socket,subprocess,zlib;hashlib.sha256()"
)
"""Prints version and path; exit status 0 when the executor can run on it, 3 when it is too old."""

TRY = (
    'try() { [ -f "$1" ] && [ -x "$1" ] || return 1; '
    'said=$("$1" %(options)s -c %(trial)s </dev/null 2>/dev/null); '
    'case "$?:$said" in 0:[23].*) echo "$said"; echo "good $1"; return 0;; esac; '
    'echo "$said"; echo "bad $1"; return 1; }; '
)
SEARCH = (
    "IFS=:; each() { for n in $1; do for d in $PATH %(directories)s; do "
    'if try "$d/$n" && [ "$2" = first ]; then exit 0; fi; done; done; }; '
    "each %(versioned)s first; each python3:platform-python; each python2.7:python2:python; exit 0"
)
"""On one line: csh takes no line end in a quoted word."""


def find(transport, machine):
    """:returns: Python. :raises errors.NoPython: it names what was tried."""
    if machine.python:
        return check(transport, machine)
    good, bad = parse(run(transport, search()))
    if good:
        return max(good, key=lambda python: python.version)
    raise errors.NoPython(
        "%s has no Python 2.7 or 3.6 and newer: %s" % (machine.name, described(bad)),
        remedy="install python3 there, or name one with machines.%s.python" % machine.name,
    )


def check(transport, machine):
    """The Python that tristan.yml names, if it can be used."""
    script = TRY % trial() + "try %s; exit 0" % quote(machine.python)
    good, bad = parse(run(transport, script))
    if good:
        return Python(machine.python, good[0].version)
    raise errors.NoPython(
        "%s: machines.%s.python is no Python 2.7 or 3.6 and newer: %s"
        % (machine.name, machine.name, described(bad) if bad else "no such program"),
        remedy="correct it, or leave it out to have one found",
    )


def run(transport, script):
    return transport.run(remote_command.through_sh(script), timeout=TIMEOUT).stdout


def search():
    """The script that starts candidates until one is known to be the best."""
    names = ["python3.%d" % minor for minor in range(NEWEST_MINOR, 5, -1)]
    values = {"versioned": ":".join(names), "directories": DIRECTORIES}
    return TRY % trial() + SEARCH % values


def trial():
    return {"options": remote_command.PYTHON_OPTIONS, "trial": quote(TRIAL)}


def parse(output):
    """([Python that can be used], [(path, version text or "")] of the others), each path once."""
    good, bad, shown = [], [], ""
    for line in output.decode("utf-8", "replace").splitlines():
        word, _, path = line.partition(" ")
        if VERSION.match(word):
            shown, executable = word, path
        elif word == "good" and shown:
            version = tuple(int(part) for part in shown.split("."))
            good.append(Python(executable or path, version))
            shown = ""
        elif word == "bad":
            if (path, shown) not in bad:
                bad.append((path, shown))
            shown = ""
    return good, bad


def described(bad):
    """What was tried, for people."""
    return ", ".join(judged(path, version) for path, version in bad) or "none was found"


def judged(path, version):
    if not version:
        return "%s does not start" % path
    numbers = tuple(int(part) for part in version.split("."))
    lacks = numbers[:2] == (2, 7) or numbers >= (3, 6)
    return "%s is %s%s" % (path, version, " and lacks a standard module" if lacks else "")
