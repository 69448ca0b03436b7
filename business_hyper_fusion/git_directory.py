"""A ``.git`` of its own for a build that asks for one: ``git describe`` and ``git log`` work in it.

In: a commit in a mirror, already checked out. Out: ``source/.git``, a repository made fresh for this attempt, with the
ref's history and the tags in it. Its objects are copies, it has no remote and no account, and nothing written to it
reaches the mirror. The next checkout removes it; git on the host never reads it.
"""

from __future__ import absolute_import, print_function

import os
import time

from business_hyper_fusion import checkout, compat, files, git, outcome

LOCALLY = {"GIT_ALLOW_PROTOCOL": "file"}
LOCAL = (("protocol.file.allow", "always"), ("core.logAllRefUpdates", "false"))


def give(work, mirror, commit):
    """Make it beside ``source`` and move it there once it is whole."""
    held = mirror.lock(shared=True)
    try:
        made = _Maker(work, mirror).make(commit)
    finally:
        os.close(held)
    os.rename(made, os.path.join(work.ref.source, ".git"))
    os.rmdir(os.path.dirname(made))
    work.log.say("==> source: .git has the history of %s" % work.request["ref"]["name"])


class _Maker(object):
    def __init__(self, work, mirror):
        ref = work.request["ref"]
        self._work = work
        self._mirror = mirror
        self._on_branch = ref["kind"] == "branch"
        # For a tag or a commit one that does not stay: HEAD is detached then, as after `git checkout <tag>`.
        self._branch = "refs/heads/" + (ref["name"] if self._on_branch else "build")

    def make(self, commit):
        """:returns: path of the new ``.git``."""
        place = os.path.join(self._work.ref.path, "git_directory")
        made = os.path.join(place, ".git")
        checkout.remove_tree(place)
        view = self._view(commit)
        self._git("init", "--quiet", place)
        # Of the tags those come along that lead into the history.
        refspec = "+%s:%s" % (self._branch, self._branch)
        self._git("--git-dir", made, "fetch", "--quiet", "--update-head-ok", "--", view, refspec)
        if self._on_branch:
            self._git("--git-dir", made, "symbolic-ref", "HEAD", self._branch)
        else:
            self._git("--git-dir", made, "update-ref", "--no-deref", "HEAD", commit)
            self._git("--git-dir", made, "update-ref", "-d", self._branch)
        compat.remove_file(os.path.join(made, "FETCH_HEAD"))
        self._copy_index(made)
        return made

    def _view(self, commit):
        """:returns: path of a repository that borrows the mirror's objects: its refs are ours to set."""
        view = self._work.scratch("history.git")
        objects = os.path.join(self._mirror.path, "objects")
        self._git("init", "--quiet", "--bare", view)
        alternates = os.path.join(view, "objects", "info", "alternates")
        files.publish(alternates, compat.to_bytes(objects) + b"\n")
        tags = "+refs/tags/*:refs/tags/*"
        self._git("--git-dir", view, "fetch", "--quiet", "--", self._mirror.path, tags)
        self._git("--git-dir", view, "update-ref", self._branch, commit)
        return view

    def _copy_index(self, made):
        """With what git knows of the files as they were written: all count as unchanged, also those of LFS."""
        lfs, copy = self._work.request["checkout"]["lfs"], os.path.join(made, "index")
        with open(checkout.index_of(self._work.ref.index, lfs), "rb") as file:
            files.publish(copy, file.read())
        if lfs:
            # Of a file that is as old as the index, in whole seconds, git looks at the content (racy-git), and takes an
            # object for another file than its pointer where git-lfs is not set up, as in most images.
            later = time.time() + 1
            os.utime(copy, (later, later))

    def _git(self, *words):
        words = git.command(*words, settings=LOCAL)
        if not self._mirror.git.succeeds(words, variables=LOCALLY):
            message = "git could not make the build's .git; its words are in the log"
            raise outcome.error("git_failed", message)
