"""Receives one release on a machine and switches to it; the controller sends it as a program.

Job: put a release together beside the others, rename it into place, switch links, write the record.
In: on stdin one JSON line {"root", "business", "protocol", "release", "manifest": [{"path", "mode",
    "sha256", "size", "update_time"}]}, then for each file this side lacks {"path", "size"} and its
    bytes, then {"end": true}.
Out: on stdout JSON lines: {"answer": "have"}; or {"answer": "lack", "files"} and {"answer":
    "synced", "release", "sent"}; or {"answer": "failed", "cause", "message"}.

A stream that is cut changes nothing. Self-contained (nothing of Tristan is on the machine yet),
standard library, Python 2.7 and 3.6+, cheap imports.
"""

from __future__ import absolute_import, print_function

import binascii
import errno
import fcntl
import hashlib
import json
import os
import re
import select
import stat
import sys
import time

PROTOCOL = 1
TEXT = type(b"".decode("ascii"))  # what JSON texts are: unicode on 2.7
RECORD = "local_update_time_record"
LINKS = ("business_hyper_fusion", "data_data", "startup.py")
TOP_LEVEL = ("business_hyper_fusion", "cache", "data_data", "startup.py")
MAX_HEADER = 8 * 1024 * 1024  # bytes of one JSON line
MAX_FILES = 5000
MAX_FILE = 16 * 1024 * 1024  # bytes
MAX_TOTAL = 64 * 1024 * 1024  # bytes
SILENCE = (
    60.0  # seconds without a byte before the connection counts as dead; it must not hold the lock
)
LOCK_PAUSE = 0.02  # seconds between two tries
LOCK_WAIT = 90.0  # seconds; longer than SILENCE, so a dead sync ahead of us has let go
KEPT = 3  # newest releases, never pruned
PRUNE_AGE = 86400.0  # seconds
MAX_DIGITS = 20  # of a number; larger ones take hours
SHA256 = re.compile(r"[0-9a-f]{64}\Z")
PATH = re.compile(r"[A-Za-z0-9._@+-]+(/[A-Za-z0-9._@+-]+)*\Z")
ROOT = re.compile(r"/[ -~]*\Z")
BUSINESS = re.compile(r"[0-9]{1,9}\Z")
CAUSES = {
    errno.ENOSPC: "disk_full",
    errno.EDQUOT: "disk_full",
    errno.EACCES: "denied",
    errno.EPERM: "denied",
    errno.EROFS: "read_only",
    errno.EIO: "io_error",
    errno.ENOTDIR: "occupied",
    errno.EEXIST: "occupied",
    errno.EISDIR: "occupied",
}


class Failed(Exception):
    """:param cause: slug; :param message: one sentence for the operator."""

    def __init__(self, cause, message):
        Exception.__init__(self, message)
        self.cause = cause
        self.message = message


class Stream(object):
    """Lines and counted bytes from a descriptor; an end or a long silence in the middle raises
    Failed.
    """

    def __init__(self, descriptor):
        self.descriptor = descriptor
        self.held = b""

    def _more(self):
        if not select.select([self.descriptor], [], [], SILENCE)[0]:
            raise Failed("cut", "nothing arrived for %d seconds" % SILENCE)
        chunk = os.read(self.descriptor, 262144)
        if not chunk:
            raise Failed("cut", "the connection ended in the middle of a sync")
        return chunk

    def line(self):
        """One JSON document from one line."""
        pieces, size = [self.held], len(self.held)
        while b"\n" not in pieces[-1]:
            if size > MAX_HEADER:
                raise Failed("corrupt", "a header line is too long")
            pieces.append(self._more())
            size += len(pieces[-1])
        text, self.held = b"".join(pieces).split(b"\n", 1)
        try:
            document = parse_json(text)
        except ValueError:
            raise Failed("corrupt", "a header line is not JSON")
        if not isinstance(document, dict):
            raise Failed("corrupt", "a header line is not a JSON object")
        return document

    def chunks(self, size):
        """Yields exactly `size` bytes in pieces."""
        while size:
            chunk, self.held = self.held or self._more(), b""
            piece, self.held = chunk[:size], chunk[size:]
            size -= len(piece)
            yield piece


def parse_json(data):
    """What grammar/json_text.py says of JSON; that is not on the machine yet."""
    try:
        return json.loads(data.decode("utf-8"), parse_int=parse_integer)
    except RuntimeError:
        raise ValueError("nested too deeply")


def parse_integer(digits):
    if len(digits) > MAX_DIGITS:
        raise ValueError("a number is too large")
    return int(digits)


def is_count(value, limit):
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= limit


def check_entry(entry):
    """Refuses a manifest entry that could be written outside of the release or without a bound."""
    path = entry.get("path")
    if not isinstance(path, TEXT) or not PATH.match(path) or len(path) > 1024:
        raise Failed("corrupt", "the manifest names an illegal path: %.80r" % (path,))
    parts = path.split("/")
    if "." in parts or ".." in parts or parts[0] not in TOP_LEVEL:
        raise Failed("corrupt", "the manifest names a path outside of a release: %.80r" % (path,))
    digest = entry.get("sha256")
    if not isinstance(digest, TEXT) or not SHA256.match(digest):
        raise Failed("corrupt", "the manifest holds an illegal hash for %s" % path)
    if entry.get("mode") not in (0o644, 0o755) or not is_count(entry.get("size"), MAX_FILE):
        raise Failed("corrupt", "the manifest holds an illegal mode or size for %s" % path)


def check_manifest(release, manifest):
    """The manifest as {path: entry}, once it is safe and hashes to the release's name."""
    if not isinstance(manifest, list) or len(manifest) > MAX_FILES:
        raise Failed("corrupt", "the manifest is not a list of at most %d files" % MAX_FILES)
    entries = {}
    for entry in manifest:
        if not isinstance(entry, dict):
            raise Failed("corrupt", "a manifest entry is not an object")
        check_entry(entry)
        entries[str(entry["path"])] = entry
    if len(entries) != len(manifest):
        raise Failed("corrupt", "the manifest names a path twice")
    if any(parent in entries for path in entries for parent in parents(path)):
        raise Failed("corrupt", "the manifest names a file as a directory")
    if sum(entry["size"] for entry in manifest) > MAX_TOTAL:
        raise Failed("corrupt", "the release is larger than %d bytes" % MAX_TOTAL)
    rows = (
        "%s\0%d\0%s\n" % (path, entries[path]["mode"], entries[path]["sha256"])
        for path in sorted(entries)
    )
    if hashlib.sha256("".join(rows).encode("ascii")).hexdigest() != release:
        raise Failed("corrupt", "the manifest does not hash to the release's name")
    return entries


def parents(path):
    parts = path.split("/")
    return ["/".join(parts[:count]) for count in range(1, len(parts))]


def check_request(request):
    """(business directory, release hash, manifest entries by path)."""
    if request.get("protocol") != PROTOCOL:
        raise Failed("protocol", "this sync speaks protocol %d only" % PROTOCOL)
    root, business, release = (request.get(key) for key in ("root", "business", "release"))
    if not isinstance(root, TEXT) or not ROOT.match(root) or os.path.normpath(root) != root:
        raise Failed("corrupt", "the root is not an absolute, normalised path")
    if not isinstance(business, TEXT) or not BUSINESS.match(business):
        raise Failed("corrupt", "the business id is not a number")
    if not isinstance(release, TEXT) or not SHA256.match(release):
        raise Failed("corrupt", "the release is not named by a hash")
    return (
        os.path.join(str(root), str(business)),
        str(release),
        check_manifest(release, request.get("manifest")),
    )


def digest_of(path):
    """SHA-256 of a regular file, or "" for anything else."""
    try:
        if os.path.islink(path) or not os.path.isfile(path):
            return ""
        with open(path, "rb") as opened:
            return hashlib.sha256(opened.read()).hexdigest()
    except EnvironmentError:
        return ""


def files_below(directory):
    """Relative paths of everything below that is not a directory."""
    found = []
    for folder, directories, names in os.walk(directory):
        names = names + [name for name in directories if os.path.islink(os.path.join(folder, name))]
        found.extend(os.path.relpath(os.path.join(folder, name), directory) for name in names)
    return found


def is_complete(directory, entries):
    """Whether a release holds exactly the files of its manifest; a damaged one is made anew."""
    if os.path.islink(directory) or not os.path.isdir(directory):
        return False
    if set(files_below(directory)) != set(entries):
        return False
    return all(
        digest_of(os.path.join(directory, path)) == entries[path]["sha256"] for path in entries
    )


def names_in(releases, hidden):
    return [name for name in os.listdir(releases) if name.startswith(".") == hidden]


def find_local(releases, entries):
    """{path: file with the same content in another release}; every candidate's hash is checked
    again on copy.
    """
    found, rest = same_places(releases, entries)
    by_size = {}
    for name in names_in(releases, hidden=False) if rest else ():
        for path in files_below(os.path.join(releases, name)):
            full = os.path.join(releases, name, path)
            if not os.path.islink(full):
                by_size.setdefault(os.path.getsize(full), []).append((path, full))
    for path, entry in rest.items():
        candidates = sorted(by_size.get(entry["size"], ()), key=lambda pair: pair[0] != path)
        match = next((full for _, full in candidates if digest_of(full) == entry["sha256"]), None)
        if match:
            found[path] = match
    return found


def same_places(releases, entries):
    """({path: file}, {path: entry} of the others): what the newest release has at the same place, as most of it."""
    names = names_in(releases, hidden=False)
    newest = (
        max(names, key=lambda name: os.stat(os.path.join(releases, name)).st_mtime) if names else ""
    )
    found, rest = {}, {}
    for path, entry in entries.items():
        full = os.path.join(releases, newest, path)
        if newest and digest_of(full) == entry["sha256"]:
            found[path] = full
        else:
            rest[path] = entry
    return found, rest


def remove_tree(path):
    import shutil

    if os.path.islink(path) or not os.path.isdir(path):
        os.unlink(path)
    else:
        shutil.rmtree(path, ignore_errors=True)


def write_file(directory, entry, chunks):
    """Writes one file of a release and checks what arrived against the manifest."""
    path = os.path.join(directory, str(entry["path"]))
    if not os.path.isdir(os.path.dirname(path)):
        os.makedirs(os.path.dirname(path))
    digest = hashlib.sha256()
    with open(path, "wb") as target:
        for chunk in chunks:
            digest.update(chunk)
            target.write(chunk)
    os.chmod(path, entry["mode"])
    if digest.hexdigest() != entry["sha256"]:
        raise Failed("corrupt", "%s arrived with another content than announced" % entry["path"])


def link_file(directory, entry, source):
    """Has a file of another release in this one, too: both never change, so they may be one file, which is on the disk
    already. Where that can't be it is copied.

    :param source: a file with the entry's content.
    """
    path = os.path.join(directory, str(entry["path"]))
    if not os.path.isdir(os.path.dirname(path)):
        os.makedirs(os.path.dirname(path))
    try:
        if stat.S_IMODE(os.stat(source).st_mode) == entry["mode"]:
            return os.link(source, path)
    except EnvironmentError:
        pass  # a file system without links, or with too many of this one
    write_file(directory, entry, read_chunks(source))


def read_chunks(path):
    with open(path, "rb") as opened:
        yield opened.read()


def receive_files(stream, directory, lacking):
    """Takes exactly the files asked for, each once, until {"end": true}."""
    waiting = dict(lacking)
    while True:
        header = stream.line()
        if header.get("end") is True:
            break
        path = header.get("path")
        entry = waiting.pop(path, None) if isinstance(path, TEXT) else None
        if entry is None or header.get("size") != entry["size"]:
            raise Failed("corrupt", "a file arrived that was not asked for: %.80r" % (path,))
        write_file(directory, entry, stream.chunks(entry["size"]))
    if waiting:
        raise Failed("corrupt", "%d of the files asked for did not arrive" % len(waiting))


def flush(path):
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def flush_tree(directory):
    """On disk before the rename; all files first, so one journal commit of the file system serves
    many. A file that is of another release, too, was brought there when that one was made.
    """
    for folder, _, names in os.walk(directory):
        paths = [os.path.join(folder, name) for name in names]
        for path in paths:
            if os.lstat(path).st_nlink == 1:
                flush(path)
        flush(folder)


def assemble(stream, releases, release, entries):
    """Puts the release together in a hidden directory and renames it into place; returns the files
    received.
    """
    local = find_local(releases, entries)
    lacking = dict((path, entry) for path, entry in entries.items() if path not in local)
    suffix = "%d.%s" % (os.getpid(), binascii.hexlify(os.urandom(4)).decode("ascii"))
    beside = os.path.join(releases, ".%s.%s" % (release, suffix))
    os.mkdir(beside)
    try:
        for path, source in local.items():
            link_file(beside, entries[path], source)
        if lacking:
            answer({"answer": "lack", "files": sorted(lacking)})
            receive_files(stream, beside, lacking)
        flush_tree(beside)
        place = os.path.join(releases, release)
        if os.path.lexists(place):  # damaged, or it would not be made anew
            os.rename(place, os.path.join(releases, ".damaged.%s.%s" % (release, suffix)))
        os.rename(beside, place)
        flush(releases)
    except BaseException:
        remove_tree(beside)
        raise
    return len(lacking)


def replace_by_rename(path, make):
    """`make(temporary path)` creates what then replaces `path` at once."""
    temporary = "%s.%d.new" % (path, os.getpid())
    if os.path.lexists(temporary):
        os.unlink(temporary)
    try:
        make(temporary)
        os.rename(temporary, path)
    except BaseException:
        if os.path.lexists(temporary):
            os.unlink(temporary)
        raise


def switch(base, release, entries):
    """Points the links at the release, then writes the record: the last thing a sync does."""
    for name in LINKS:
        target = os.path.join("releases", release, name)
        path = os.path.join(base, name)
        if not os.path.lexists(os.path.join(base, target)):
            continue
        if not os.path.islink(path) or os.readlink(path) != target:
            replace_by_rename(path, lambda temporary, target=target: os.symlink(target, temporary))
    if read_record(base) != (release, recorded_files(entries)):
        replace_by_rename(
            os.path.join(base, RECORD), lambda temporary: write_record(temporary, release, entries)
        )
        flush(base)


def recorded_files(entries):
    return dict(
        (path, {"update_time": entry.get("update_time"), "sha256": entry["sha256"]})
        for path, entry in entries.items()
    )


def write_record(path, release, entries):
    record = {
        "protocol": PROTOCOL,
        "release": release,
        "synced_at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "files": recorded_files(entries),
    }
    with open(path, "wb") as target:
        target.write(json.dumps(record, indent=1, sort_keys=True).encode("ascii") + b"\n")
        target.flush()
        os.fsync(target.fileno())


def read_record(base):
    """(release, files) of the record; anything unreadable or damaged is (None, None): unknown, to
    be written anew.
    """
    try:
        with open(os.path.join(base, RECORD), "rb") as opened:
            record = parse_json(opened.read(MAX_HEADER))
        return (
            (record["release"], record["files"]) if record["protocol"] == PROTOCOL else (None, None)
        )
    except (EnvironmentError, ValueError, KeyError, TypeError):
        return None, None


def pinned(base):
    """Releases that some executor's request names, running or last run; None when one can't be
    read.
    """
    names = set()
    run = os.path.join(base, "run")
    for executor in os.listdir(run) if os.path.isdir(run) else ():
        path = os.path.join(run, executor, "data_data.json")
        try:
            with open(path, "rb") as opened:
                names.add(parse_json(opened.read(MAX_HEADER))["release"])
        except (EnvironmentError, ValueError, KeyError, TypeError):
            if os.path.lexists(path):
                return None
    return names


def prune(base, release):
    """Drops what nothing needs: not current, not among the newest, not pinned, and older than a
    day.
    """
    releases, kept = os.path.join(base, "releases"), pinned(base)
    if kept is None:
        return
    aged = sorted(
        (os.stat(os.path.join(releases, name)).st_mtime, name)
        for name in names_in(releases, hidden=False)
    )
    for modified, name in aged[:-KEPT]:
        if name != release and name not in kept and modified < time.time() - PRUNE_AGE:
            hidden = os.path.join(releases, ".pruned.%s.%d" % (name, os.getpid()))
            os.rename(
                os.path.join(releases, name), hidden
            )  # gone at once for a launch, never half there
            remove_tree(hidden)


def lock(path):
    """An open descriptor that holds the lock; syncs of one business take turns."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    for _ in range(int(LOCK_WAIT / LOCK_PAUSE)):  # counted, since a clock can jump
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return descriptor
        except EnvironmentError as error:
            if error.errno not in (errno.EAGAIN, errno.EACCES):
                raise
        time.sleep(LOCK_PAUSE)
    raise Failed("busy", "another sync has held %s for %d seconds" % (path, LOCK_WAIT))


def prepare(base, releases):
    """Sources and logs are the SSH user's alone; the root above stays as the system makes it."""
    if not os.path.isdir(base):
        make_directories(base)
        os.chmod(base, 0o700)
    make_directories(releases)


def make_directories(path):
    """``mkdir -p``: another sync may make the same ones at the same moment."""
    try:
        os.makedirs(path)
    except OSError as error:
        if error.errno != errno.EEXIST or not os.path.isdir(path):
            raise


def receive(stream):
    """One sync from request to record; returns the last answer."""
    base, release, entries = check_request(stream.line())
    releases = os.path.join(base, "releases")
    if not os.path.isdir(releases):
        prepare(base, releases)
    descriptor = lock(os.path.join(base, "sync.lock"))
    try:
        for name in names_in(
            releases, hidden=True
        ):  # left by syncs that were cut; ours has the lock
            remove_tree(os.path.join(releases, name))
        done = {"answer": "have", "release": release}
        if not is_complete(os.path.join(releases, release), entries):
            sent = assemble(stream, releases, release, entries)
            done = {"answer": "synced", "release": release, "sent": sent}
        switch(base, release, entries)
        prune(base, release)
        return done
    finally:
        os.close(descriptor)


def answer(document):
    line = json.dumps(document, sort_keys=True).encode("ascii") + b"\n"
    while line:
        line = line[os.write(1, line) :]


def main():
    os.umask(0o022)
    try:
        answer(receive(Stream(0)))
        return 0
    except Failed as failed:
        answer({"answer": "failed", "cause": failed.cause, "message": failed.message})
    except EnvironmentError as error:
        cause = CAUSES.get(error.errno, "os_error")
        where = " (%s)" % error.filename if error.filename else ""
        answer({"answer": "failed", "cause": cause, "message": "%s%s" % (error.strerror, where)})
    return 1


if __name__ == "__main__":
    sys.exit(main())
