"""Phase ``source``: the wanted commit's files in the ref's ``source`` directory.

A bare mirror for each repository, shared by the executors and never mounted into a build, is cloned once and
fetched afterwards; only what is missing travels. ``source`` has no ``.git``: git's index lies beside it.
"""

from __future__ import absolute_import, print_function

import os
import shutil
import stat

from business_hyper_fusion import compat, git, lock, names, outcome
from business_hyper_fusion.process import Command


def run(work):
    """:returns: the commit's full hash; ``source`` then holds exactly its files."""
    source = Source(work)
    commit = source.fetch()
    source.check_out(commit)
    return commit


class Source(object):
    """One attempt's way to its files."""

    def __init__(self, work):
        self._work = work
        self._ref = work.request["ref"]
        self._address = work.request["repository"]["address"]
        self._mirror = os.path.join(work.business.mirrors, names.mirror(self._address))
        self._environment = git.environment(work)

    def fetch(self):
        """Bring the mirror up to date and find the commit.

        :returns: the commit's full hash.
        :raises outcome.Ended: ``repository_unavailable``, ``ref_not_found``, ``commit_not_found``.
        """
        compat.make_directories(self._work.business.mirrors)
        held = self._lock()
        try:
            _remove_stale_locks(self._mirror)
            if not self._fetch_once():
                self._explain_or_heal()
            return self._find_commit()
        finally:
            os.close(held)

    def _lock(self):
        waiting = "==> source: waiting for another build that fetches from this repository"
        work = self._work
        path = self._mirror + ".lock"
        return lock.acquire_in_turn(path, work.control, lambda: work.log.say(waiting))

    def _fetch_once(self):
        """:returns: False when git failed, for whatever reason."""
        cloned = os.path.exists(os.path.join(self._mirror, "HEAD"))
        self._work.log.say(
            "==> source: %s %s" % ("fetching" if cloned else "cloning", self._address)
        )
        if not cloned:
            self._init()
        return self._git(git.fetch(self._mirror, self._address, self._refspecs())).exit_status == 0

    def _init(self):
        """Made beside and renamed, so that a mirror is never half a repository."""
        temporary = self._mirror + ".new"
        shutil.rmtree(self._mirror, ignore_errors=True)
        shutil.rmtree(temporary, ignore_errors=True)
        if self._git(git.init(temporary)).exit_status != 0:
            raise outcome.error(
                "git_failed", "git could not make %s; its words are in the log" % temporary
            )
        os.rename(temporary, self._mirror)

    def _refspecs(self):
        if self._ref["kind"] == "commit":
            # Servers hand out refs, not any hash, so the commit is looked for in all of them.
            return ["+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*"]
        name = self._full_ref()
        return ["+%s:%s" % (name, name)]

    def _full_ref(self):
        kind = {"branch": "heads", "tag": "tags"}[self._ref["kind"]]
        return "refs/%s/%s" % (kind, self._ref["name"])

    def _explain_or_heal(self):
        """A fetch failed. Asking the server for the ref alone tells why, without reading git's messages:

        it does not answer: the repository can't be reached; it has no such ref; or it has, and then it is the
        mirror that is broken, which is thrown away and cloned anew, once.
        """
        refs = [] if self._ref["kind"] == "commit" else [self._full_ref()]
        listed = self._git(git.list_remote(self._address, refs), capture=True)
        if listed.exit_status != 0:
            raise self._unavailable(listed)
        if refs and refs[0] not in [line.split("\t")[-1] for line in listed.text().splitlines()]:
            raise self._ref_not_found()
        self._work.log.say("==> source: the mirror is damaged; cloning anew")
        shutil.rmtree(self._mirror, ignore_errors=True)
        if not self._fetch_once():
            raise outcome.error(
                "git_failed",
                "git could not fetch from %s; its words are in the log" % self._address,
            )

    def _unavailable(self, listed):
        self._work.log.write(listed.output)
        if listed.exit_status == 127:
            return outcome.error(
                "no_git", "git is not installed on the machine; `tristan doctor` checks it"
            )
        message = "git could not read %s (%s); check address, account and rights of the git server"
        return outcome.error(
            "repository_unavailable", message % (self._address, listed.last_line())
        )

    def _ref_not_found(self):
        message = "%s has no %s %s; it was deleted, or its name is spelled otherwise"
        return outcome.error(
            "ref_not_found", message % (self._address, self._ref["kind"], self._ref["name"])
        )

    def _find_commit(self):
        """:returns: the full hash of what was asked for: the ref's newest commit, or the named one."""
        wanted = self._ref["commit"] or (self._ref["name"] if self._ref["kind"] == "commit" else "")
        found = self._git(git.commit_of(self._mirror, wanted or self._full_ref()), capture=True)
        if found.exit_status != 0:
            message = "%s has no commit %s in any branch or tag"
            raise outcome.error(
                "commit_not_found", message % (self._address, wanted or self._full_ref())
            )
        commit = found.text()
        if wanted and self._ref["kind"] != "commit":
            self._check_reachable(commit)
        return commit

    def _check_reachable(self, commit):
        if self._git(git.reachable(self._mirror, commit, self._full_ref())).exit_status != 0:
            message = "commit %s is not part of %s %s"
            raise outcome.error(
                "commit_not_found", message % (commit, self._ref["kind"], self._ref["name"])
            )

    def check_out(self, commit):
        """Make ``source`` exactly the commit's files; a tree that git can't repair is made anew."""
        ref = self._work.ref
        if self._ref["kind"] != "branch":
            _remove(ref)
        compat.remove_file(ref.index + ".lock")
        if not self._try_check_out(commit):
            self._work.log.say(
                "==> source: the last build's tree can't be reused; checking out anew"
            )
            _remove(ref)
            if not self._try_check_out(commit):
                raise outcome.error(
                    "checkout_failed", "git could not check out %s; see the log" % commit
                )
        subject = self._git(git.subject(self._mirror, commit), capture=True)
        self._work.log.say("==> source: %s" % subject.text())

    def _try_check_out(self, commit):
        source = self._work.ref.source
        if os.path.islink(source):
            os.unlink(source)
        compat.make_directories(source)
        _remove_planted_repositories(source)
        # In this order: what is untracked could stand where a tracked directory has to go.
        steps = [
            git.check_out(self._mirror, source, commit),
            git.remove_untracked(self._mirror, source),
        ]
        return all(self._git(step, directory=source).exit_status == 0 for step in steps)

    def _git(self, words, capture=False, directory=None):
        command = Command(words, self._environment, directory=directory, capture=capture)
        try:
            return self._work.runner.run(command)
        except outcome.Ended as ended:
            if ended.cause == "not_started":
                raise outcome.error(
                    "no_git", "git is not installed on the machine; `tristan doctor` checks it"
                )
            raise


def _remove_planted_repositories(source):
    """``.git`` is what ``git clean`` never looks at, so a build could hand the next one a repository of its own."""
    for directory, below, names_here in os.walk(compat.to_bytes(source)):
        if b".git" in below + names_here:
            remove_tree(os.path.join(directory, b".git"))
            below[:] = [name for name in below if name != b".git"]


def _remove(ref):
    """Drop a ref's files, also directories that a build made unreadable."""
    compat.remove_file(ref.index)
    remove_tree(ref.source)


def remove_tree(path):
    """Remove a tree that a build could write: never through a link, and whatever modes it set."""
    if os.path.islink(path) or os.path.isfile(path):
        return os.unlink(path)
    if os.path.isdir(path):
        os.chmod(path, stat.S_IRWXU)
    for directory, names_below, _ in os.walk(compat.to_bytes(path)):
        for name in names_below:
            below = os.path.join(directory, name)
            if not os.path.islink(below):
                os.chmod(below, stat.S_IRWXU)
    shutil.rmtree(compat.to_bytes(path), ignore_errors=True)


def _remove_stale_locks(mirror):
    """Git's own lock files of a git that was killed: nobody else can be at work, the mirror's lock is ours."""
    for directory, below, names_here in os.walk(mirror):
        if directory == mirror and "objects" in below:
            below.remove("objects")  # Thousands of files, and no locks that stop a fetch.
        for name in names_here:
            if name.endswith(".lock"):
                compat.remove_file(os.path.join(directory, name))
