"""Phase ``package``: the built files, copied out of the source tree to where the next build does not touch them.

In: globs, relative to the module path; ``**`` stands for any directories, a directory for all files in it.
Out: ``artifacts/`` of the attempt and its list with sizes and hashes. Links are never followed: a build
could have pointed one at anything.
"""

from __future__ import absolute_import, print_function

import fnmatch
import hashlib
import json
import os
import stat

from business_hyper_fusion import compat, files, outcome
from business_hyper_fusion.grammar import Refused, check_artifact_name

CHUNK = 1024 * 1024

LARGEST_LIST = files.LARGEST_DOCUMENT // 2
"""Bytes of JSON: the list is a part of the status, which nobody believes any more when it is too large."""

BESIDES = 400
"""Bytes of an entry's JSON that are not its name, its path's beginning included."""


def run(work):
    """:returns: list of {"name", "path", "size", "sha256"}; name is relative to the module path."""
    base = module_directory(work.ref.source, work.request["project"]["module_path"])
    patterns = work.request["artifacts"] or pack_patterns(work)
    names = sorted(set(name for pattern in patterns for name in matching(base, pattern)))
    names = _fetchable(work, names)
    _check_count(names)
    if work.request["artifacts"] and not names:
        work.log.say("==> package: nothing matches artifacts %s" % ", ".join(patterns))
    return [_keep(work, base, name) for name in names]


def _fetchable(work, names):
    """The files whose names a controller takes; of the others the log tells."""
    kept = [name for name in names if _is_name(name)]
    if len(kept) < len(names):
        left = "==> package: %d files of artifacts are left out, their names can't be had elsewhere"
        work.log.say(left % (len(names) - len(kept)))
    return kept


def _is_name(name):
    """:param name: bytes."""
    try:
        text = name.decode("utf-8")
        check_artifact_name(text)
    except (UnicodeError, Refused):
        return False
    return text.encode("utf-8") == name


def _check_count(names):
    """:raises outcome.Ended: their list does not fit into a status."""
    size = sum(2 * len(json.dumps(name.decode("utf-8"))) + BESIDES for name in names)
    if size > LARGEST_LIST:
        message = "artifacts matches %d files, too many to list; pack them into an archive"
        raise outcome.failed("too_many_artifacts", message % len(names))


def module_directory(source, module_path):
    """:returns: bytes, where the globs begin: the module's directory, or b"" when a link leads elsewhere."""
    source = os.path.realpath(compat.to_bytes(source))
    base = os.path.normpath(os.path.join(source, compat.to_bytes(module_path)))
    return base if os.path.realpath(base) == base else b""


def pack_patterns(work):
    """:returns: the globs of the language pack's ``artifacts`` file, one a line."""
    try:
        with open(os.path.join(work.ref.build, "artifacts")) as file:
            lines = [line.strip() for line in file]
    except (IOError, OSError):
        return []
    return [line for line in lines if line and not line.startswith("#")]


def matching(base, pattern):
    """:returns: names (bytes, relative to ``base``) of the regular files that a glob finds.

    Below ``base`` only, and none for b"".
    """
    parts = [part for part in compat.to_bytes(pattern).split(b"/") if part not in (b"", b".")]
    if not base:
        return []
    return [path for found in _walk(base, b"", parts) for path in _files_in(base, found)]


def _walk(base, below, parts):
    """Names that match ``parts`` below a directory reached without a link."""
    if not parts:
        yield below
        return
    first, rest = parts[0], parts[1:]
    if first == b"**":
        for found in _walk(base, below, rest):
            yield found
    for entry in _entries(os.path.join(base, below)):
        path = os.path.join(below, entry)
        if first == b"**" and _is_directory(os.path.join(base, path)):
            for found in _walk(base, path, parts):
                yield found
        elif fnmatch.fnmatchcase(entry, first) and (
            not rest or _is_directory(os.path.join(base, path))
        ):
            for found in _walk(base, path, rest):
                yield found


def _entries(directory):
    try:
        return sorted(os.listdir(directory))
    except OSError:
        return []


def _is_directory(path):
    try:
        return stat.S_ISDIR(os.lstat(path).st_mode)
    except OSError:
        return False


def _files_in(base, name):
    """A file, or the files below a directory; what is neither is left out."""
    path = os.path.join(base, name)
    if _is_directory(path):
        return [
            found
            for entry in _entries(path)
            for found in _files_in(base, os.path.join(name, entry))
        ]
    try:
        return [name] if stat.S_ISREG(os.lstat(path).st_mode) else []
    except OSError:
        return []


def _keep(work, base, name):
    target = os.path.join(compat.to_bytes(work.attempt.artifacts), name)
    compat.make_directories(os.path.dirname(target))
    digest, size = hashlib.sha256(), 0
    descriptor = os.open(os.path.join(base, name), os.O_RDONLY | os.O_NOFOLLOW)
    with os.fdopen(descriptor, "rb") as source, open(target, "wb") as copy:
        for chunk in iter(lambda: source.read(CHUNK), b""):
            copy.write(chunk)
            digest.update(chunk)
            size += len(chunk)
    found = {"name": compat.to_native(name), "path": compat.to_native(target)}
    return dict(found, size=size, sha256=digest.hexdigest())
