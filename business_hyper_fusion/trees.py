"""Trees as they lie on an operator's disk: kept on the machine by the hash of each file, put out for a build.

In:  files and manifests that receive_tree.py checked.
Out: a directory with exactly the files of one manifest.

<business>/trees/files/<2 digits>/<hash>    content, never changed
                 manifests/<hash>.json      a sealed tree: every file of it is there; its time is that of its last use
                 incoming/                  what travels just now
                 lock                       shared by those who bring or use trees, alone for who removes them
"""

from __future__ import absolute_import, print_function

import errno
import hashlib
import json
import os
import stat

from business_hyper_fusion import checkout, clocks, compat, files, lock, outcome
from business_hyper_fusion.grammar.json_text import parse_json

CHUNK = 1024 * 1024
PROGRAM, FILE = 0o755, 0o644
MODES = {"program": PROGRAM, "file": FILE}
KINDS = {"program": stat.S_ISREG, "file": stat.S_ISREG, "link": stat.S_ISLNK}


class Store(object):
    """:param business: layout.Business."""

    def __init__(self, business):
        self.path = business.trees
        self.incoming = os.path.join(self.path, "incoming")
        self._manifests = os.path.join(self.path, "manifests")

    def prepare(self):
        for directory in (self.path, self.incoming, self._manifests):
            compat.make_directories(directory)

    def lock(self):
        """:returns: path of the lock."""
        return os.path.join(self.path, "lock")

    def file(self, digest):
        return os.path.join(self.path, "files", digest[:2], digest)

    def manifest(self, digest):
        return os.path.join(self._manifests, digest + ".json")

    def lacking(self, entries):
        """:returns: sorted list of the hashes whose files are not here."""
        wanted = set(entry["sha256"] for entry in entries)
        return sorted(digest for digest in wanted if not os.path.exists(self.file(digest)))

    def keep(self, digest, path):
        """Take over a file whose content was checked."""
        target = self.file(digest)
        compat.make_directories(os.path.dirname(target))
        os.rename(path, target)

    def seal(self, digest, entries):
        """From now on the tree can be built; for one that is here, note that it is used."""
        files.publish(self.manifest(digest), compat.to_bytes(json.dumps(entries)))

    def entries(self, digest):
        """:returns: list of dict, or None when the tree is not here (any more)."""
        try:
            with open(self.manifest(digest), "rb") as file:
                return compat.native(parse_json(file.read()))
        except (IOError, OSError, ValueError):
            return None


def run(work):
    """Phase ``source`` of a tree: put its files out.

    :returns: the commit that the tree is based on, "" for none.
    :raises outcome.Ended: ``tree_not_found``.
    """
    store = Store(work.business)
    store.prepare()
    tree = work.request["tree"]
    held = lock.acquire_in_turn(store.lock(), work.control, lambda: None, shared=True)
    try:
        entries = store.entries(tree["sha256"])
        if entries is None or store.lacking(entries):
            message = "the tree %s is not on the machine (any more); build it from its directory"
            raise outcome.error("tree_not_found", message % tree["sha256"][:12])
        clocks.mark_use(store.manifest(tree["sha256"]), work.request)
        put_out(store, entries, work.ref.source)
    finally:
        os.close(held)
    work.log.say("==> source: %s" % described(tree, len(entries)))
    return tree["base"]


def put_out(store, entries, directory):
    """Make ``directory`` hold exactly these files; what is as it should be, seen by content, stays."""
    compat.make_directories(directory)
    top = compat.to_bytes(directory)
    wanted = dict((os.path.join(top, compat.to_bytes(entry["path"])), entry) for entry in entries)
    _prune(top, wanted)
    for target, entry in wanted.items():
        if not _is_there(target, entry):
            _write(store.file(entry["sha256"]), target, entry["kind"])


def _prune(top, wanted):
    """Remove what is not wanted, or not of its kind; a build could write here, so no link is followed."""
    directories = set()
    for target in wanted:
        above = os.path.dirname(target)
        while above != top and above not in directories:
            directories.add(above)
            above = os.path.dirname(above)
    os.chmod(top, PROGRAM)
    for directory, below, names in os.walk(top):
        for name in below + names:
            path = os.path.join(directory, name)
            mode = os.lstat(path).st_mode
            if path in directories and stat.S_ISDIR(mode):
                os.chmod(path, PROGRAM)
            elif path not in wanted or not KINDS[wanted[path]["kind"]](mode):
                checkout.remove_tree(path)
        below[:] = [name for name in below if os.path.join(directory, name) in directories]


def _is_there(target, entry):
    """Whether a file is the wanted one; then its mode is, too."""
    try:
        if entry["kind"] == "link":
            return hashlib.sha256(os.readlink(target)).hexdigest() == entry["sha256"]
        found = os.lstat(target)
        if found.st_size != entry["size"] or found.st_nlink != 1:
            return False
        os.chmod(target, MODES[entry["kind"]])
        digest = hashlib.sha256()
        with open(target, "rb") as content:
            for chunk in iter(lambda: content.read(CHUNK), b""):
                digest.update(chunk)
    except OSError as error:
        if error.errno != errno.ENOENT:
            raise
        return False
    return digest.hexdigest() == entry["sha256"]


def _write(kept, target, kind):
    compat.make_directories(os.path.dirname(target))
    compat.remove_file(target)
    if kind == "link":
        with open(kept, "rb") as content:
            os.symlink(content.read(), target)
    else:
        import shutil  # 2 ms, which only a build of a tree needs

        shutil.copyfile(compat.to_bytes(kept), target)
        os.chmod(target, MODES[kind])


def described(tree, count):
    """:returns: one line that says which tree it is."""
    text = "%d files of tree %s" % (count, tree["sha256"][:12])
    if tree["base"]:
        changed = "with changes %s" % tree["difference"][:12] if tree["difference"] else "unchanged"
        text += ", commit %s %s" % (tree["base"][:12], changed)
    return text
