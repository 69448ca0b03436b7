"""Submodules: which a commit has, and the mirrors that they come from.

In: a commit in a mirror. Out: the parts that its tree is put together from; or outcome.Ended with
``submodule_refused``, ``submodule_unavailable``, ``submodule_commit_not_found``.

``git submodule`` is never run: of what the repository says in .gitmodules, paths and addresses count, nothing
else, and an address goes through the same grammar as the project's own.
"""

from __future__ import absolute_import, print_function

import os
import re

from business_hyper_fusion import compat, files, git, outcome
from business_hyper_fusion.grammar.git import check_repository
from business_hyper_fusion.grammar.refused import Refused
from business_hyper_fusion.mirror import EVERYTHING, Mirror
from business_hyper_fusion.process import CAPTURE_LIMIT

MOST = 500
DEPTH = 10
MOST_KEPT = 100
"""Commits whose links a mirror remembers."""
"""A repository can be its own submodule."""

_LINK = re.compile(b"160000 commit ([0-9a-f]{40})\t(.+)", re.DOTALL)
_ENTRY = re.compile(b"^[0-7]{6} [a-z]+ [0-9a-f]{40}\t", re.MULTILINE)
"""What a listing begins with; git's warnings share the stream."""

_HASH = re.compile(r"[0-9a-f]{40}\Z")
_SETTING = re.compile(r"submodule\.(.+)\.(path|url)\Z", re.DOTALL)
_ADDRESS = re.compile(
    r"([a-z]+://[^/]+/|(?:[^/:\[\]]*@)?(?:\[[^/\]]*\]|[^/:\[\]]*):/?)(.*)\Z", re.DOTALL
)


class Part(object):
    """A repository's share of the tree; made under its mirror's lock.

    .path: bytes, where in the tree, b"" for the project's own repository. .links: {path below .path: commit}, its
    submodules. .filled: those of them that are parts, too.
    """

    def __init__(self, path, mirror, commit):
        self.path = path
        self.mirror = mirror
        self.commit = commit
        self.links = _links(mirror, commit)
        self.filled = set()


def _links(mirror, commit):
    """What a commit links to never changes, so it is kept in the mirror: listing all of a tree takes a while."""
    path = os.path.join(mirror.path, "links.json")
    kept = _read_kept(path)
    if commit in kept:
        return kept[commit]
    links = _listed(mirror, commit)
    kept = dict(list(kept.items())[: MOST_KEPT - 1])
    kept[commit] = links
    _keep(path, kept)
    return links


def _read_kept(path):
    """:returns: {commit: its links}; nothing where the file is not as it was written."""
    try:
        kept = (files.read_json(path) or {}).items()
        return dict((commit, _bytes_of(links)) for commit, links in kept)
    except (AttributeError, TypeError, ValueError, outcome.Ended):
        return {}


def _bytes_of(links):
    links = dict((compat.to_latin1(path), commit) for path, commit in links.items())
    for path in links:
        _check_path(path)
        if not _HASH.match(links[path]):
            raise ValueError("no hash: %r" % links[path])
    return links


def _keep(path, kept):
    """JSON knows no bytes: one character for each. Where there is no room, the tree is listed again the next time."""
    document = dict(
        (commit, dict((path.decode("latin-1"), links[path]) for path in links))
        for commit, links in kept.items()
    )
    try:
        files.publish_json(path, document)
    except (IOError, OSError):
        pass


def _listed(mirror, commit):
    found = mirror.git.run(git.links(mirror.path, commit), capture=True)
    begin = _ENTRY.search(found.output)
    entries = found.output[begin.start() :].split(b"\0") if begin else []
    failed = found.exit_status != 0
    if not failed and len(found.output) >= CAPTURE_LIMIT:
        entries = _listed_alone(mirror, commit)
        failed = b"failed" in entries
    if failed:
        raise outcome.error("git_failed", "git could not list the files of %s" % commit)
    matched = [_LINK.match(entry) for entry in entries]
    links = dict((link.group(2), compat.to_native(link.group(1))) for link in matched if link)
    for path in links:
        _check_path(path)
    return links


def _listed_alone(mirror, commit):
    """:returns: entries of submodules, and b"failed" when git did."""
    output = mirror.git.run(git.links_alone(mirror.path, commit), capture=True).output
    if len(output) >= CAPTURE_LIMIT:
        raise _refused("%s has too many submodules" % mirror.address)
    return [line.replace(b"\0", b"\n") for line in output.split(b"\n")]


def _check_path(path):
    """Git has such rules for what it writes; here it is us who follow the path."""
    for part in path.split(b"/"):
        if part.lower() in (b"", b".", b"..", b".git"):
            raise _refused("the path %s leads out of the tree" % _shown(path))


class Fetcher(object):
    """Fetches the submodules of a tree, each mirror once.

    :param after: callable(Mirror, commit), under a mirror's lock, once it has the commit.
    """

    def __init__(self, work, runner, after):
        self._work = work
        self._git = runner
        self._after = after
        self._fetched = {}
        self.parts = []

    def fetch(self, part, depth=1):
        """Fetch what the part links to, and what that links to; ``parts`` has them, outer ones first."""
        if not part.links:
            return
        addresses = self._addresses(part)
        for path in sorted(part.links):
            if path not in addresses:
                say = "==> source: submodule %s has no address in .gitmodules; it stays empty"
                self._work.log.say(say % _shown(path))
                continue
            whole = part.path + b"/" + path if part.path else path
            if depth > DEPTH or len(self.parts) >= MOST:
                message = "submodule %s is one too many: %d in all, %d within each other at most"
                raise _refused(message % (_shown(whole), MOST, DEPTH))
            found = self._fetch_one(whole, addresses[path], part, part.links[path])
            part.filled.add(path)
            self.parts.append(found)
            self.fetch(found, depth + 1)

    def _addresses(self, part):
        """:returns: {path, bytes: what .gitmodules says of where it comes from}."""
        content = self._git.run(
            git.file_content(part.mirror.path, part.commit, ".gitmodules"), capture=True
        )
        if content.exit_status != 0:
            return {}
        path = self._work.scratch("gitmodules")
        files.publish(path, content.output, 0o600)
        read = self._git.run(git.settings_in(path, r"^submodule\..*\.(path|url)$"), capture=True)
        if read.exit_status not in (0, 1):
            raise _refused(".gitmodules of %s can't be read" % part.mirror.address)
        return _addresses(read.output)

    def _fetch_one(self, path, url, parent, commit):
        try:
            address = resolved(url, parent.mirror.address)
            check_repository(address)
        except Refused as refused:
            raise _refused("submodule %s: %s" % (_shown(path), refused))
        say = "==> source: submodule %s: %s at %s"
        self._work.log.say(say % (_shown(path), address, commit[:12]))
        mirror = self._fetched.get(address) or Mirror(self._work, self._git, address)
        held = mirror.lock()
        try:
            self._bring(mirror, path, commit)
            self._after(mirror, commit)
            return Part(path, mirror, commit)
        finally:
            os.close(held)

    def _bring(self, mirror, path, commit):
        """The server is asked also where the mirror has the commit: who may read it is for the server to say."""
        if mirror.address not in self._fetched:
            try:
                mirror.fetch(EVERYTHING)
            except outcome.Ended as ended:
                raise _unavailable(path, ended)
            self._fetched[mirror.address] = mirror
        if not mirror.find(commit)[0] and not mirror.fetch_commit(commit):
            message = "submodule %s: %s has no commit %s; was it pushed there?"
            raise outcome.error(
                "submodule_commit_not_found", message % (_shown(path), mirror.address, commit)
            )


def _addresses(output):
    """:param output: of git.settings_in."""
    entries = {}
    for record in output.split(b"\0"):
        key, _, value = record.partition(b"\n")
        setting = _SETTING.match(compat.to_native(key))
        if setting:
            entries.setdefault(setting.group(1), {})[setting.group(2)] = value
    complete = [entry for entry in entries.values() if len(entry) == 2]
    return dict((entry["path"], compat.to_native(entry["url"])) for entry in complete)


def resolved(url, base):
    """A relative address against the one of the repository that has the submodule, as git does it.

    :param base: text that passed the grammar.
    :raises Refused: it leads out of the server.
    """
    if not url.startswith(("./", "../")):
        return url
    server, path = _ADDRESS.match(base).groups()
    parts = [part for part in path.split("/") if part]
    while url.startswith(("./", "../")):
        step, _, url = url.partition("/")
        if step == "..":
            if not parts:
                raise Refused("a relative address must not lead above the server's root", base)
            parts.pop()
    return server + "/".join(parts + [url])


def _unavailable(path, ended):
    if ended.cause != "repository_unavailable":
        return ended
    message = "submodule %s: %s; the project's account is only for the project's own git server"
    return outcome.error("submodule_unavailable", message % (_shown(path), ended.message))


def _refused(message):
    return outcome.error("submodule_refused", message)


def _shown(path):
    """A path for people, in one line."""
    text = compat.to_native(path)
    return "".join(character if character >= " " else "?" for character in text)
