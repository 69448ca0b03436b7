"""Trees as they lie on an operator's disk: kept on the machine by the hash of each file, put out for a build.

In:  files and manifests that receive_tree.py checked.
Out: a directory with exactly the files of one manifest.

<business>/trees/files/<2 digits>/<hash>    content, never changed
                 manifests/<hash>.json      a sealed tree: every file of it is there; its time is that of its last use
                 incoming/                  what travels just now
                 lock                       shared by those who bring or use trees, alone for who removes them
"""

from __future__ import absolute_import, print_function

import json
import os
import shutil

from business_hyper_fusion import compat, files, lock, outcome

CHUNK = 1024 * 1024
PROGRAM, FILE = 0o755, 0o644


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
                return compat.native(json.loads(file.read().decode("utf-8")))
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
        os.utime(store.manifest(tree["sha256"]), None)
        put_out(store, entries, work.ref.source)
    finally:
        os.close(held)
    work.log.say("==> source: %s" % described(tree, len(entries)))
    return tree["base"]


def put_out(store, entries, directory):
    """Make ``directory`` hold exactly these files; it does not exist, or may go."""
    from business_hyper_fusion import checkout

    checkout.remove_tree(directory)
    compat.make_directories(directory)
    top = compat.to_bytes(directory)
    for entry in entries:
        target = os.path.join(top, compat.to_bytes(entry["path"]))
        compat.make_directories(os.path.dirname(target))
        kept = store.file(entry["sha256"])
        if entry["kind"] == "link":
            with open(kept, "rb") as content:
                os.symlink(content.read(), target)
        else:
            shutil.copyfile(compat.to_bytes(kept), target)
            os.chmod(target, PROGRAM if entry["kind"] == "program" else FILE)


def described(tree, count):
    """:returns: one line that says which tree it is."""
    text = "%d files of tree %s" % (count, tree["sha256"][:12])
    if tree["base"]:
        changed = "with changes %s" % tree["difference"][:12] if tree["difference"] else "unchanged"
        text += ", commit %s %s" % (tree["base"][:12], changed)
    return text
