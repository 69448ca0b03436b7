"""A commit's files in a directory that builds write to: exactly those, whatever was left there.

In: a mirror, a commit, a directory, the path of git's index for it (outside of what a build can write). The directory
has no ``.git``, and git on the host looks for none.
"""

from __future__ import absolute_import, print_function

import os
import stat

from business_hyper_fusion import compat, git, remove

LFS = "+lfs"
"""End of an index's name; no name of names.py has a "+"."""


def write(mirror, commit, directory, index, lfs=None):
    """Bring the directory to the commit; what changed only is written.

    :param directory: bytes or text. :param lfs: settings and variables for LFS files, None leaves their pointers.
    :returns: False when git could not: the directory or the index is beyond repair.
    """
    settings, variables = lfs or ((), {})
    # An index tells which files are as git wrote them: with LFS they were written otherwise.
    index, other = index_of(index, lfs), index_of(index, not lfs)
    for stale in (other, index + ".lock"):
        compat.remove_file(stale)
    variables = dict(variables, GIT_INDEX_FILE=index)
    # In this order: what is untracked could stand where a tracked directory has to go.
    steps = [
        git.check_out(mirror.path, directory, commit, settings),
        git.remove_untracked(mirror.path, directory),
    ]
    return all(
        mirror.git.succeeds(step, directory=directory, variables=variables) for step in steps
    )


def index_of(index, lfs):
    """:returns: path of the index that :func:`write` has used."""
    return index + LFS if lfs else index


def remove_planted_repositories(source):
    """``.git`` is what ``git clean`` never looks at, so a build could hand the next one a repository of its own."""
    for directory, below, names_here in os.walk(compat.to_bytes(source)):
        if b".git" in below + names_here:
            remove_tree(os.path.join(directory, b".git"))
            below[:] = [name for name in below if name != b".git"]


def make_way(base, path):
    """Make ``path`` a directory below ``base``, through directories alone: a build may have put links there, or locks.

    :param base: directory. :param path: bytes, relative. :returns: the directory, bytes.
    """
    place = compat.to_bytes(base)
    for name in path.split(b"/"):
        place = os.path.join(place, name)
        if os.path.lexists(place) and (os.path.islink(place) or not os.path.isdir(place)):
            os.unlink(place)
        compat.make_directories(place)
        if not os.access(place, os.R_OK | os.W_OK | os.X_OK):
            os.chmod(place, stat.S_IRWXU)
    return place


def empty(directory):
    """Remove what is in a directory, whatever modes a build set."""
    remove_tree(directory)
    compat.make_directories(directory)


def forget(ref):
    """Drop a ref's files and what git knows of them."""
    for path in (ref.source, ref.submodules):
        remove_tree(path)
    for path in (ref.index, ref.index + LFS):
        compat.remove_file(path)


def remove_tree(path):
    """Remove a tree that a build could write: never through a link, whatever modes it set, however deep it nested.

    What is no directory is unlinked, never opened: a pipe would wait for somebody at its other end.
    """
    if os.path.lexists(path):
        remove.Trees().remove(compat.to_bytes(path))
