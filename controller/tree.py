"""The tree as it lies in a directory of the operator: which files it has, and what it differs from.

Job: list tracked files and those that are untracked but not ignored, as git tells; without git all of them.
In: a directory. Out: a Tree: entries as the machine checks them, its hash, its base commit, the hash of the
    difference from it.

Nothing outside of the directory is read: links stay links. Owners, times and other modes do not travel.
"""

from __future__ import absolute_import, print_function, unicode_literals

import hashlib
import io
import os
import stat
import subprocess

import six

from business_hyper_fusion import grammar, names
from business_hyper_fusion.grammar import tree as tree_grammar
from controller import errors, requester

CHUNK = 1024 * 1024
NULL = b"\0"


class Tree(object):
    """:param directory: absolute path. :param entries: list of dict, sorted by path.
    :param base: full commit hash, "" outside of a repository. :param difference: hex SHA-256, "" for none.
    """

    def __init__(self, directory, entries, base, difference):
        self.directory = directory
        self.entries = entries
        self.base = base
        self.difference = difference
        self.sha256 = tree_grammar.tree_hash(entries)
        self.name = name_of(directory)

    def document(self):
        """What the request says of it."""
        return {
            "name": self.name,
            "sha256": self.sha256,
            "base": self.base,
            "difference": self.difference,
        }

    def files(self, wanted):
        """{hash: (path, size)} of the wanted hashes: for each one file of that content."""
        return dict(
            (entry["sha256"], (entry["path"], entry["size"]))
            for entry in self.entries
            if entry["sha256"] in wanted
        )

    def content(self, path):
        """A file-like object with the bytes of an entry: a file's, or a link's target."""
        full = os.path.join(encoded(self.directory), encoded(path))
        if os.path.islink(full):
            return io.BytesIO(encoded(os.readlink(full)))
        return open(full, "rb")


def name_of(directory):
    """One name for this directory of this user, in every later build of it: alice-laptop-src-shop__5e2a..."""
    return six.ensure_text(names.component("%s:%s" % (requester.requested_by(), directory)))


def collect(directory):
    """:returns: Tree.

    :raises errors.UsageError: it is no directory, or holds a file that can't be sent.
    """
    directory = os.path.realpath(six.ensure_text(directory))
    if not os.path.isdir(directory):
        raise errors.UsageError("--from: there is no directory %s" % directory)
    repository = is_in_repository(directory)
    paths = listed(directory) if repository else walked(directory)
    entries = [entry for entry in (described(directory, path) for path in paths) if entry]
    entries.sort(key=lambda entry: entry["path"])
    if not entries:
        raise errors.UsageError(
            "--from: there is no file in %s that git does not ignore" % directory
        )
    try:
        tree_grammar.check_tree_entries(entries)
    except grammar.Refused as refused:
        raise errors.UsageError("--from %s: %s" % (directory, refused), "rename it, or ignore it")
    base = commit(directory) if repository else ""
    return Tree(directory, entries, base, difference(directory, base, entries))


def is_in_repository(directory):
    """Whether git knows the directory. A repository that git does not trust is an error, not a plain directory."""
    try:
        return git(directory, "rev-parse", "--is-inside-work-tree").strip() == b"true"
    except errors.UsageError:
        if repository_above(directory):
            raise
        return False


def repository_above(directory):
    while True:
        if os.path.exists(os.path.join(directory, ".git")):
            return True
        above = os.path.dirname(directory)
        if above == directory:
            return False
        directory = above


def listed(directory):
    """Relative paths (bytes) that git lists; of a submodule, or a repository inside, its own list."""
    words = ["ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", "."]
    found = []
    for path in sorted(set(git(directory, *words).split(NULL))):
        inner = os.path.join(encoded(directory), path)
        if not path:
            continue
        if os.path.isdir(inner) and not os.path.islink(inner):
            path = path.rstrip(b"/")
            inside = listed(inner) if os.path.exists(os.path.join(inner, b".git")) else []
            found.extend(path + b"/" + below for below in inside)
        else:
            found.append(path)
    return found


def walked(directory):
    """Relative paths (bytes) of all files and links of a directory that is in no repository."""
    top = encoded(directory)
    found = []
    for folder, below, files in os.walk(top):
        links = [name for name in below if os.path.islink(os.path.join(folder, name))]
        below[:] = [name for name in below if name not in links]
        found.extend(os.path.relpath(os.path.join(folder, name), top) for name in files + links)
    return found


def described(directory, path):
    """The entry of one path (bytes); None when it is gone, or neither a file nor a link.

    :raises errors.UsageError: its name is not UTF-8, or it can't be read.
    """
    full = os.path.join(encoded(directory), path)
    try:
        status = os.lstat(full)
        if stat.S_ISLNK(status.st_mode):
            target = encoded(os.readlink(full))
            return entry(path, "link", hashlib.sha256(target).hexdigest(), len(target))
        if not stat.S_ISREG(status.st_mode):
            return None
        kind = "program" if status.st_mode & stat.S_IXUSR else "file"
        return entry(path, kind, hash_of(full), status.st_size)
    except EnvironmentError as error:
        if not os.path.lexists(full):
            return None  # tracked, and removed from the work tree
        raise errors.UsageError("--from: %r can't be read: %s" % (shown(path), error.strerror))


def entry(path, kind, sha256, size):
    try:
        text = path.decode("utf-8")
    except UnicodeDecodeError:
        raise errors.UsageError(
            "--from: the name of %s is not UTF-8" % shown(path), remedy="rename it, or ignore it"
        )
    return {"path": text, "kind": kind, "sha256": six.ensure_text(sha256), "size": int(size)}


def hash_of(path):
    digest = hashlib.sha256()
    with open(path, "rb") as source:
        for chunk in iter(lambda: source.read(CHUNK), b""):
            digest.update(chunk)
    return digest.hexdigest()


def commit(directory):
    """The commit that is checked out; "" before the first one."""
    try:
        return git(directory, "rev-parse", "--verify", "--quiet", "HEAD^{commit}").decode().strip()
    except errors.UsageError:
        return ""


def difference(directory, base, entries):
    """SHA-256 over git's patch from the base and over what is untracked; "" when there is neither."""
    if not base:
        return ""
    patch = git(
        directory,
        "diff",
        "--no-ext-diff",
        "--no-textconv",
        "--no-color",
        "--binary",
        base,
        "--",
        ".",
    )
    words = ("ls-files", "-z", "--others", "--exclude-standard", "--", ".")
    untracked = set(git(directory, *words).split(NULL))
    digest = hashlib.sha256(patch)
    found = bool(patch)
    for one in entries:
        if one["path"].encode("utf-8") in untracked:
            found = True
            digest.update(("%(kind)s %(sha256)s %(path)s\0" % one).encode("utf-8"))
    return six.ensure_text(digest.hexdigest()) if found else ""


def git(directory, *words):
    """What a git command prints, bytes. The repository is the operator's own, and so is its configuration.

    :raises errors.UsageError: git is missing or failed.
    """
    command = ["git", "-C", directory] + list(words)
    environment = dict(os.environ, LC_ALL="C", GIT_OPTIONAL_LOCKS="0")
    try:
        child = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment
        )
    except OSError as error:
        raise errors.UsageError("--from needs git here: %s" % error.strerror)
    out, complaint = child.communicate()
    if child.returncode:
        last = (complaint.decode("utf-8", "replace").strip().splitlines() or ["it says nothing"])[
            -1
        ]
        raise errors.UsageError("--from: git %s failed: %s" % (words[0], last))
    return out


def encoded(path):
    """A path of this machine as bytes."""
    if isinstance(path, bytes):
        return path
    return os.fsencode(path) if six.PY3 else path.encode("utf-8")


def shown(path):
    return path.decode("utf-8", "backslashreplace") if six.PY3 else repr(path)
