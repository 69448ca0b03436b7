"""Finds the Pythons of this machine by version: on PATH, then where pyenv keeps them.

In: versions such as "3.6". Out: absolute paths.
"""

from __future__ import absolute_import, print_function, unicode_literals

import glob
import os
import sys

from tests.lab import process


def find(version):
    """:param version: str, "major.minor"
    :returns: str, absolute path of that Python, links resolved
    :raises LabError: there is none
    """
    for candidate in _candidates(version):
        if os.access(candidate, os.X_OK) and _runs(candidate, version):
            return os.path.realpath(candidate)
    raise process.LabError("no Python {0} on PATH or in ~/.pyenv/versions".format(version))


def _candidates(version):
    name = "python" + version
    pyenv = os.path.expanduser("~/.pyenv/versions/{0}.*/bin/{1}".format(version, name))
    on_path = [os.path.join(place, name) for place in os.environ.get("PATH", "").split(os.pathsep)]
    # a pyenv shim or a virtual environment's link is no Python to hand to a machine
    return sorted(glob.glob(pyenv)) + [path for path in on_path if "/shims/" not in path]


def _runs(path, version):
    try:
        printed = process.output([path, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"])
    except (process.LabError, OSError):
        return False
    return printed.strip() == version


def main(versions):
    """`python -m tests.lab.interpreters 2.7 3.6`: print their directories; 1 when one is
    missing."""
    missing = 0
    for version in versions:
        try:
            print(os.path.dirname(find(version)))
        except process.LabError as error:
            print("error: {0}".format(error), file=sys.stderr)
            missing = 1
    return missing


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
