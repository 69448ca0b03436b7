"""Verb ``tree``: takes a tree from an operator's disk, and of its files only those that the machine lacks.

In:  a line {"sha256", "entries"}; then a tar stream of the files asked for, each named by its hash.
Out: {"answer": "wanted", "files": [hash, ...]} when some are lacking; then, or at once,
     {"answer": "held", "received": int}; or {"answer": "failed", "cause", "message"}.

Nothing of a stream that is not exactly what was asked for is kept. Its headers are read one by one: ``tarfile`` itself
would take in whatever length an extension header announces, and make a file of terabytes of a sparse one's few bytes.
"""

from __future__ import absolute_import, print_function

import hashlib
import os
import shutil
import sys
import tarfile
import tempfile

from business_hyper_fusion import builds, compat, lock, outcome, trees
from business_hyper_fusion.grammar import Refused
from business_hyper_fusion.grammar import tree as grammar
from business_hyper_fusion.grammar.json_text import parse_json

LARGEST_MANIFEST = 128 * 1024 * 1024
"""Bytes; of 500000 files with paths of 100 characters."""

BLOCK = tarfile.BLOCKSIZE


class Failed(Exception):
    """:param cause: slug. The message is for people."""

    def __init__(self, cause, message):
        Exception.__init__(self, message)
        self.cause = cause


def main(business):
    """:returns: exit status; 0 whenever there is an answer."""
    store = trees.Store(business)
    try:
        received = receive(store, getattr(sys.stdin, "buffer", sys.stdin))
        builds.answer_with({"answer": "held", "received": received})
    except Failed as failed:
        _answer_failed(failed.cause, str(failed))
    except Refused as refused:
        _answer_failed("refused", str(refused))
    except MemoryError:
        _answer_failed("memory", "the machine has not the memory for a list of that many files")
    except (IOError, OSError) as problem:
        ended = outcome.of_os_error(problem, "taking the tree")
        _answer_failed(ended.cause, ended.message)
    return 0


def _answer_failed(cause, message):
    builds.answer_with({"answer": "failed", "cause": cause, "message": message})


def receive(store, stream):
    """:param stream: binary file. :returns: int, files that travelled."""
    digest, entries = read_manifest(stream)
    store.prepare()
    held = lock.acquire(store.lock(), shared=True)
    if held is None:
        raise Failed("busy", "trees are being removed on the machine; try again in a moment")
    try:
        lacking = store.lacking(entries)
        if lacking:
            sizes = dict((entry["sha256"], entry["size"]) for entry in entries)
            builds.answer_with({"answer": "wanted", "files": lacking})
            check_room(store, sum(sizes[wanted] for wanted in lacking))
            take(store, stream, dict((wanted, sizes[wanted]) for wanted in lacking))
        store.seal(digest, entries)
    finally:
        os.close(held)
    return len(lacking)


def read_manifest(stream):
    """:returns: (the tree's hash, entries), checked.

    :raises Failed, Refused: it is none.
    """
    try:
        document = parse_json(stream.readline(LARGEST_MANIFEST))
        digest, entries = document["sha256"], document["entries"]
    except (ValueError, KeyError, TypeError):
        raise Failed("request", "stdin holds no list of files")
    grammar.check_tree_entries(entries)
    if grammar.tree_hash(entries) != digest:
        raise Failed("request", "the list of files is not the one that its hash names")
    return digest, compat.native(entries)


def check_room(store, size):
    """:raises Failed: what was announced can't fit."""
    found = os.statvfs(store.incoming)
    free = found.f_bavail * found.f_frsize
    if size > free:
        raise Failed("disk_full", "the tree needs %d bytes more, and %d are free" % (size, free))


def take(store, stream, wanted):
    """Unpack beside, check all, then keep.

    :param wanted: {hash: size}.
    """
    directory = tempfile.mkdtemp(dir=store.incoming)
    try:
        try:
            unpack(stream, directory, wanted)
        except (tarfile.TarError, EOFError) as problem:
            raise Failed("torn", "the stream of files broke off: %s" % problem)
        for digest in wanted:
            store.keep(digest, os.path.join(directory, digest))
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def unpack(stream, directory, wanted):
    """Each wanted file once, as a plain file of its size and its hash; anything else is refused."""
    missing = dict(wanted)
    for member in iter(lambda: header(stream), None):
        if member.type != tarfile.REGTYPE or missing.pop(member.name, None) != member.size:
            raise Failed("stream", "the stream holds what nobody asked for")
        path = os.path.join(directory, member.name)
        if save(stream, member.size, path) != member.name:
            raise Failed("changed", "a file changed while it was being sent; build again")
        read_exactly(stream, -member.size % BLOCK)
    if missing:
        raise Failed("torn", "the stream of files broke off: %d are missing" % len(missing))


def header(stream):
    """:returns: tarfile.TarInfo of the next member, None at the end."""
    block = stream.read(BLOCK)
    if len(block) != BLOCK or not block.strip(b"\0"):
        return None
    decoding = () if compat.PY2 else ("ascii", "surrogateescape")
    return tarfile.TarInfo.frombuf(block, *decoding)


def save(stream, size, path):
    """:returns: the SHA-256 of what was written."""
    digest = hashlib.sha256()
    with open(path, "wb") as target:
        while size:
            chunk = read_exactly(stream, min(size, trees.CHUNK))
            digest.update(chunk)
            target.write(chunk)
            size -= len(chunk)
    return digest.hexdigest()


def read_exactly(stream, size):
    """:returns: bytes. :raises EOFError: the stream ends before that."""
    data = stream.read(size)
    if len(data) != size:
        raise EOFError("in the middle of a file")
    return data
