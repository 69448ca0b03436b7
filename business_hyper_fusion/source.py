"""Phase ``source``: the wanted commit's files in the ref's ``source`` directory.

All that comes over the network comes into bare mirrors, which are never mounted into a build; only what is missing
travels. ``source`` has no ``.git``: git's index lies beside it.
"""

from __future__ import absolute_import, print_function

import os

from business_hyper_fusion import checkout, compat, git, git_directory, lfs, names, outcome
from business_hyper_fusion.mirror import EVERYTHING, Git, Mirror
from business_hyper_fusion.submodules import Fetcher, Part

SUSPECT = ("git_failed", "checkout_failed")
"""Causes that a mirror with missing or broken objects has, too: no fetch looks at what is there."""


def run(work):
    """:returns: the commit's full hash; ``source`` then holds exactly its files."""
    source = Source(work)
    try:
        commit = source.bring()
    except outcome.Ended as ended:
        if ended.cause not in SUSPECT or not source.forget_damaged():
            raise
        commit = source.bring()
    work.submodules = source.submodules()
    return commit


class Source(object):
    """One attempt's way to its files.

    :param work: Work; to fetch alone, anything with its request, release, business, log, control, runner,
        ``host_environment``, ``git_server``, ``secret`` and ``scratch`` will do.
    """

    def __init__(self, work):
        self._work = work
        self._ref = work.request["ref"]
        self._wanted = work.request["checkout"]
        self._address = work.request["repository"]["address"]
        self._git = Git(work)
        self._mirror = Mirror(work, self._git, self._address)
        self._parts = []
        self._subject = ""

    def bring(self):
        """:returns: the commit's full hash; the files are there then."""
        commit = self.fetch()
        self.check_out(commit)
        return commit

    def forget_damaged(self):
        """:returns: bool, whether a mirror that this is made from was damaged; it is gone then."""
        mirrors = [self._mirror] + [part.mirror for part in self._parts if part.path]
        return any([mirror.forget_if_damaged() for mirror in mirrors])

    def fetch(self):
        """Bring the mirrors up to date and find the commit.

        :returns: the commit's full hash.
        :raises outcome.Ended: ``repository_unavailable``, ``git_stalled``, ``ref_not_found``, ``commit_not_found``,
            and those of submodules.py and lfs.py.
        """
        held = self._mirror.lock()
        try:
            is_commit = self._ref["kind"] == "commit"
            self._mirror.fetch(self._refspecs(), "" if is_commit else self._full_ref())
            commit = self._find_commit()
            self._fetch_lfs(self._mirror, commit)
            top = Part(b"", self._mirror, commit)
        finally:
            os.close(held)
        fetcher = Fetcher(self._work, self._git, self._fetch_lfs)
        if self._wanted["submodules"]:
            fetcher.fetch(top)
        self._parts = [top] + fetcher.parts
        return commit

    def submodules(self):
        """:returns: list of (path, address, commit) of those that were fetched."""
        return [
            (compat.to_native(part.path), part.mirror.address, part.commit)
            for part in self._parts
            if part.path
        ]

    def _refspecs(self):
        if self._ref["kind"] == "commit":
            return EVERYTHING
        name = self._full_ref()
        refspecs = ["+%s:%s" % (name, name)]
        # `git describe` wants tags.
        return refspecs + (EVERYTHING[1:] if self._wanted["git_directory"] else [])

    def _full_ref(self):
        kind = {"branch": "heads", "tag": "tags"}[self._ref["kind"]]
        return "refs/%s/%s" % (kind, self._ref["name"])

    def _fetch_lfs(self, mirror, commit):
        if self._wanted["lfs"]:
            lfs.fetch(self._work, mirror, commit)

    def _find_commit(self):
        """:returns: the full hash of what was asked for: the ref's newest commit, or the named one."""
        wanted = self._ref["commit"] or (self._ref["name"] if self._ref["kind"] == "commit" else "")
        commit, self._subject = self._mirror.find(wanted or self._full_ref())
        if not commit and not wanted:
            message = "%s was fetched from %s, but can't be read" % (
                self._full_ref(),
                self._address,
            )
            raise outcome.error("git_failed", message)
        if not commit:
            message = "%s has no commit %s in any branch or tag"
            raise outcome.error("commit_not_found", message % (self._address, wanted))
        if wanted and self._ref["kind"] != "commit":
            self._check_reachable(commit)
        return commit

    def _check_reachable(self, commit):
        if not self._git.succeeds(git.reachable(self._mirror.path, commit, self._full_ref())):
            message = "commit %s is not part of %s %s"
            raise outcome.error(
                "commit_not_found", message % (commit, self._ref["kind"], self._ref["name"])
            )

    def check_out(self, commit):
        """Make ``source`` exactly what was fetched; a tree that git can't repair is made anew."""
        if self._ref["kind"] != "branch":
            checkout.forget(self._work.ref)
        if not self._try_check_out():
            self._work.log.say(
                "==> source: the last build's tree can't be reused; checking out anew"
            )
            checkout.forget(self._work.ref)
            if not self._try_check_out():
                raise outcome.error(
                    "checkout_failed", "git could not check out %s; see the log" % commit
                )
        self._say_what_is_there()
        if self._wanted["git_directory"]:
            git_directory.give(self._work, self._mirror, commit)

    def _try_check_out(self):
        source = self._work.ref.source
        if os.path.islink(source):
            os.unlink(source)
        compat.make_directories(source)
        compat.make_directories(self._work.ref.submodules)
        checkout.remove_planted_repositories(source)
        done = all(self._write(part) for part in self._parts)
        self._forget_indexes()
        return done

    def _write(self, part):
        """:returns: False when git could not."""
        source = self._work.ref.source
        directory = checkout.make_way(source, part.path) if part.path else source
        held = part.mirror.lock(shared=True)
        try:
            settings = lfs.filter_of(self._work, part.mirror) if self._wanted["lfs"] else None
            if not checkout.write(part.mirror, part.commit, directory, self._index(part), settings):
                return False
        finally:
            os.close(held)
        for path in set(part.links) - part.filled:
            checkout.empty(checkout.make_way(directory, path))
        return True

    def _index(self, part):
        if not part.path:
            return self._work.ref.index
        return os.path.join(self._work.ref.submodules, names.component(compat.to_native(part.path)))

    def _forget_indexes(self):
        """Of submodules that were: what git knew of their files is no longer so."""
        used = [checkout.index_of(self._index(part), self._wanted["lfs"]) for part in self._parts]
        for name in os.listdir(self._work.ref.submodules):
            path = os.path.join(self._work.ref.submodules, name)
            if path not in used:
                compat.remove_file(path)

    def _say_what_is_there(self):
        say = self._work.log.say
        say("==> source: %s" % self._subject)
        if self._parts[0].links and not self._wanted["submodules"]:
            message = "==> source: %d submodules stay empty; the project's `checkout: {submodules: true}` fetches them"
            say(message % len(self._parts[0].links))
        if not self._wanted["lfs"] and lfs.is_mentioned(self._work.ref.source):
            say(
                "==> source: LFS files stay pointers; the project's `checkout: {lfs: true}` fetches them"
            )
