"""A bare mirror of one repository: cloned once, fetched afterwards, healed when it is damaged.

Shared by the executors, never mounted into a build. In: an address that passed the grammar, what is wanted of it.
Out: the objects; or outcome.Ended with ``repository_unavailable``, ``git_stalled``, ``ref_not_found``, ``git_failed``,
``no_git``.
"""

from __future__ import absolute_import, print_function

import os
import re

from business_hyper_fusion import checkout, compat, git, lock, names, outcome, room
from business_hyper_fusion.process import Command
from business_hyper_fusion.progress import Progress

EVERYTHING = ["+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*"]
"""Servers hand out refs, not any hash, so a commit is looked for in all of them."""


_DESCRIBED = re.compile("^([0-9a-f]{40}|[0-9a-f]{64})\n(.*)\n", re.MULTILINE)
"""Git's warnings share the stream."""


class Git(object):
    """Runs git for one attempt, in the one environment."""

    def __init__(self, work):
        self._work = work
        self._environment = git.environment(work)

    def run(self, words, directory=None, capture=False, variables=None, progress=None, kept=()):
        """:param directory: where git runs; by default where there is nothing to find.
        :param variables: dict put over git's environment.
        :param progress: progress.Progress for what talks to a server. :param kept: see process.Command.
        :returns: process.Finished.
        """
        environment = dict(self._environment, **(variables or {}))
        place = directory or self._work.business.empty_home
        command = Command(words, environment, directory=place, capture=capture)
        command.progress, command.kept = progress, kept
        try:
            return self._work.runner.run(command)
        except outcome.Ended as ended:
            if ended.cause == "not_started":
                raise outcome.error(
                    "no_git", "git is not installed on the machine; `tristan doctor` checks it"
                )
            raise

    def succeeds(self, words, **options):
        return self.run(words, **options).exit_status == 0


class Mirror(object):
    """:param work: Work, or what has its request, business, log, control and runner.
    :param runner: Git.
    """

    def __init__(self, work, runner, address):
        self._work = work
        self.git = runner
        self.address = address
        self.path = os.path.join(work.business.mirrors, names.mirror(address))
        self.lfs = os.path.join(self.path, "lfs")
        self._held = ()

    def lock(self, shared=False):
        """One fetches alone, others look on together. :returns: descriptor; close it to let go."""
        compat.make_directories(self._work.business.mirrors)
        waiting = "==> source: waiting for another build that fetches from this repository"
        work = self._work
        say = lambda: work.log.say(waiting)  # noqa: E731
        held = lock.acquire_in_turn(self.path + ".lock", work.control, say, shared)
        self._held = () if shared else (held,)
        return held

    def fetch(self, refspecs, ref=""):
        """Bring it up to date; under the lock.

        :param ref: full name of the one ref that must be there, "" for none in particular.
        """
        fetched = self._fetch_once(refspecs)
        if fetched.exit_status != 0:
            self._check(fetched)
            self._explain(ref)
            self._heal(refspecs)

    def fetch_commit(self, commit):
        """Ask for a commit that is in no branch and no tag; some servers grant it. :returns: bool."""
        refspec = "+%s:refs/tristan/%s" % (commit, commit)
        return self._ask(git.fetch(self.path, self.address, [refspec]), True).exit_status == 0

    def find(self, name):
        """:param name: full name of a ref, or a hash.
        :returns: (the commit's full hash, its short hash and subject), or ("", "").
        """
        found = self.git.run(git.describe(self.path, name), capture=True)
        described = _DESCRIBED.search(found.text() + "\n")
        return described.groups() if described and found.exit_status == 0 else ("", "")

    def forget_if_damaged(self):
        """Drop a mirror that lacks objects, or has them broken; it is cloned anew then. Takes its lock.

        :returns: bool, whether it was damaged.
        """
        held = self.lock()
        try:
            damaged = not self.git.succeeds(git.check(self.path), capture=True)
            if damaged:
                self._forget()
            return damaged
        finally:
            os.close(held)

    def _forget(self):
        self._work.log.say("==> source: the mirror is damaged; cloning anew")
        checkout.remove_tree(self.path)

    def _fetch_once(self, refspecs):
        """:returns: process.Finished."""
        _remove_leftovers(self.path)
        cloned = os.path.exists(os.path.join(self.path, "HEAD"))
        self._work.log.say(
            "==> source: %s %s" % ("fetching" if cloned else "cloning", self.address)
        )
        if not cloned:
            self._init()
        return self._ask(git.fetch(self.path, self.address, refspecs))

    def _ask(self, words, capture=False):
        """Run what talks to the server, and writes into the mirror: while it lives nobody else does."""
        patience = Progress(self._work.request["limits"]["stall_seconds"])
        return self.git.run(words, capture=capture, progress=patience, kept=self._held)

    def _init(self):
        """Made beside and renamed, so that a mirror is never half a repository."""
        temporary = self.path + ".new"
        checkout.remove_tree(self.path)
        checkout.remove_tree(temporary)
        if not self.git.succeeds(git.init(temporary)):
            raise outcome.error(
                "git_failed", "git could not make %s; its words are in the log" % temporary
            )
        os.rename(temporary, self.path)

    def _explain(self, ref):
        """A fetch failed. Asking the server for the ref alone tells why, without reading git's messages: it does not
        answer, and the repository can't be reached; it has no such ref; or it has, and it was not the server.
        """
        listed = self._ask(git.list_remote(self.address, [ref] if ref else []), True)
        if listed.exit_status != 0:
            self._check(listed)
            raise self._unavailable(listed)
        if ref and ref not in [line.split("\t")[-1] for line in listed.text().splitlines()]:
            raise self._ref_not_found(ref)

    def _heal(self, refspecs):
        """Once more, for git may have been killed; and then anew, once, for it must be the mirror that is broken."""
        self._work.log.say("==> source: git failed; trying again")
        fetched = self._fetch_once(refspecs)
        if fetched.exit_status != 0:
            self._check(fetched)
            self._forget()
            fetched = self._fetch_once(refspecs)
        if fetched.exit_status != 0:
            self._check(fetched)
            message = "git could not fetch from %s; its words are in the log"
            raise outcome.error("git_failed", message % self.address)

    def _check(self, failed):
        """:raises outcome.Ended: the disk takes nothing, or the server has gone silent: not the mirror's fault."""
        lacked = room.lack(self._work.business.mirrors)
        if lacked:
            # What came until the disk was full is of no use, and would keep it full.
            self.git.succeeds(git.prune(self.path))
            raise outcome.lacking(lacked)
        if failed.stalled:
            message = "%s sent nothing for %d s; is its git server overloaded, or the network cut?"
            seconds = self._work.request["limits"]["stall_seconds"]
            raise outcome.error("git_stalled", message % (self.address, seconds))

    def _unavailable(self, listed):
        self._work.log.write(listed.output)
        if listed.exit_status == 127:
            return outcome.error(
                "no_git", "git is not installed on the machine; `tristan doctor` checks it"
            )
        message = "git could not read %s (%s); check address, account and rights of the git server"
        return outcome.error("repository_unavailable", message % (self.address, listed.last_line()))

    def _ref_not_found(self, ref):
        kind, _, name = ref[len("refs/") :].partition("/")
        kind = {"heads": "branch", "tags": "tag"}[kind]
        message = "%s has no %s %s; it was deleted, or its name is spelled otherwise"
        return outcome.error("ref_not_found", message % (self.address, kind, name))


def _remove_leftovers(mirror):
    """Lock files and half a pack of a git that was killed: nobody else can be at work, the mirror's lock is ours."""
    for directory, below, names_here in os.walk(mirror):
        if directory == mirror:
            # Thousands of files, and no locks that stop a fetch.
            below[:] = [name for name in below if name not in ("objects", "lfs")]
        for name in names_here:
            if name.endswith(".lock"):
                compat.remove_file(os.path.join(directory, name))
    packs = os.path.join(mirror, "objects", "pack")
    for name in os.listdir(packs) if os.path.isdir(packs) else ():
        if name.startswith("tmp_"):
            compat.remove_file(os.path.join(packs, name))
