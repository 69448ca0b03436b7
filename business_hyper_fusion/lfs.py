"""Files that Git LFS keeps beside a repository; only where a project asks for them.

In: a commit in a mirror. Out: its objects in the mirror's ``lfs`` directory, and the one filter by which git puts them
in place of their pointers; or outcome.Ended with ``no_git_lfs``, ``lfs_unavailable``.

git-lfs sees no work tree, no index and no HEAD, so no ``.lfsconfig`` of the repository, and it never sees the
build's files: the filter is a script of the release's, whatever ``.gitattributes`` says.
"""

from __future__ import absolute_import, print_function

import os

from business_hyper_fusion import git, outcome

MOST_ATTRIBUTES = 1024 * 1024
"""Bytes that are read of a .gitattributes."""


def fetch(work, mirror, commit):
    """Download what the mirror lacks of the commit's objects; under the mirror's lock."""
    if not mirror.git.succeeds(git.command("lfs", "version"), capture=True):
        message = (
            "git-lfs is not installed on the machine; install it, or set `checkout: {lfs: false}`"
        )
        raise outcome.error("no_git_lfs", message)
    place = work.scratch("lfs.git")
    if not mirror.git.succeeds(git.init(place)):
        raise outcome.error("git_failed", "git could not make %s; see the log" % place)
    variables = {"GIT_DIR": place, "GIT_OBJECT_DIRECTORY": os.path.join(mirror.path, "objects")}
    words = git.command("lfs", "fetch", "origin", commit, settings=_settings(mirror))
    if not mirror.git.succeeds(words, directory=place, variables=variables):
        message = "git-lfs could not fetch the files of %s from %s; its words are in the log"
        raise outcome.error("lfs_unavailable", message % (commit[:12], mirror.address))


def _settings(mirror):
    return (
        ("remote.origin.url", mirror.address),
        ("lfs.storage", mirror.lfs),
        ("lfs.basictransfersonly", "true"),
        ("lfs.fetchinclude", ""),
        ("lfs.fetchexclude", ""),
        ("lfs.fetchrecentalways", "false"),
    )


def filter_of(work, mirror):
    """:returns: (settings, variables) by which git writes objects instead of pointers."""
    script = os.path.join(work.release, "business_hyper_fusion", "git_access", "lfs_object.sh")
    settings = (
        ("filter.lfs.smudge", '"$TRISTAN_LFS_SCRIPT" smudge'),
        ("filter.lfs.clean", '"$TRISTAN_LFS_SCRIPT" clean'),
        ("filter.lfs.required", "true"),
    )
    variables = {
        "TRISTAN_LFS_SCRIPT": script,
        "TRISTAN_LFS_OBJECTS": os.path.join(mirror.lfs, "objects"),
        "TRISTAN_LFS_SCRATCH": work.scratch("lfs_file"),
    }
    return settings, variables


def is_mentioned(source):
    """Whether the repository uses LFS, going by its topmost .gitattributes, just checked out."""
    path = os.path.join(source, ".gitattributes")
    if os.path.islink(path) or not os.path.isfile(path):
        return False
    with open(path, "rb") as attributes:
        return b"filter=lfs" in attributes.read(MOST_ATTRIBUTES)
