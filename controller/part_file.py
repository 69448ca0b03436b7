"""A file that arrives in pieces on the operator's side: ``.name.part`` first, then renamed to ``name``.

Job: keep what came for the next try, know its SHA-256, let nothing lead out of the directory.
In: a directory, a relative name that passed the grammar, bytes. Out: the file, or errors.LocalFileError.
"""

from __future__ import absolute_import, print_function, unicode_literals

import errno
import fcntl
import hashlib
import io
import os
import stat

from controller import compat, errors
from controller.local_file import is_there, shown, told

CHUNK = 1024 * 1024
LONGEST_NAME = 255
"""Bytes of a file's name on every common file system."""


class PartFile(object):
    """:param directory: text; links on the way to it are the operator's own and are followed.
    :param name: text, checked by grammar.check_artifact_name.
    """

    def __init__(self, directory, name):
        self.name = name
        self._top = os.path.realpath(compat.path_bytes(directory))
        self.path = os.path.join(self._top, compat.path_bytes(name))
        folder, base = os.path.split(self.path)
        self.part = os.path.join(folder, part_name(base))
        self._file = None
        self._digest = None
        self.size = 0

    def present(self):
        """:returns: SHA-256 of the file that is there already, or None.

        :raises errors.LocalFileError: something else than a file is in the way.
        """
        with told(self.path):
            self._check_folders()
            mode = mode_of(self.path)
            if mode is None:
                return None
            if not stat.S_ISREG(mode):
                raise in_the_way(self.path)
            with open(self.path, "rb") as source:
                return digest_of(source).hexdigest()

    def arrived(self):
        """:returns: int, bytes that an earlier try left."""
        with told(self.part):
            return os.lstat(self.part).st_size if mode_of(self.part) == stat.S_IFREG else 0

    def open(self):
        """Goes on where an earlier try stopped: ``size`` says how much is there."""
        with told(self.part):
            self._make_folders()
            if mode_of(self.part) not in (None, stat.S_IFREG):
                raise in_the_way(self.part)
            self._take()
            while not is_there(self._file.fileno(), self.part):
                self.close()  # another tristan was done with it just then: it has its name by now
                self._take()
            self._digest = digest_of(self._file)
            self.size = self._file.tell()

    def _take(self):
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW
        self._file = io.open(os.open(self.part, flags, 0o666), "r+b", 0)
        self._lock()

    def _lock(self):
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except EnvironmentError:
            raise errors.LocalFileError("another tristan is fetching %s" % shown(self.path))

    def write(self, data):
        with told(self.part):
            view = memoryview(data)
            while len(view):
                view = view[self._file.write(view) :]
        self._digest.update(data)
        self.size += len(data)

    def sha256(self):
        return self._digest.hexdigest()

    def restart(self):
        """Throws away what came."""
        with told(self.part):
            self._file.seek(0)
            self._file.truncate()
        self._digest = hashlib.sha256()
        self.size = 0

    def discard(self):
        """Nothing of it is to be kept for a next try."""
        with told(self.part):
            os.unlink(self.part)

    def keep(self):
        """The whole file is there: gives it its name."""
        with told(self.path):
            os.rename(self.part, self.path)

    def close(self):
        if self._file is not None:
            self._file.close()
            self._file = None

    def _folders(self):
        """Every directory between the top and the file."""
        below = os.path.dirname(self.path)[len(self._top) :].split(b"/")
        for count in range(1, len(below)):
            yield self._top + b"/".join(below[: count + 1])

    def _check_folders(self):
        """Only real directories: a link could lead anywhere."""
        for folder in self._folders():
            if mode_of(folder) not in (None, stat.S_IFDIR):
                raise in_the_way(folder)

    def _make_folders(self):
        make_missing(os.makedirs, self._top)
        for folder in self._folders():
            make_missing(os.mkdir, folder)
        self._check_folders()


def part_name(base):
    """:param base: bytes, a file's name."""
    name = b"." + base + b".part"
    if len(name) <= LONGEST_NAME:
        return name
    return b"." + compat.ensure_binary(hashlib.sha256(base).hexdigest()) + b".part"


def make_missing(make, folder):
    """:param make: os.makedirs or os.mkdir."""
    try:
        if mode_of(folder) is None:
            make(folder)
    except EnvironmentError as error:
        if error.errno != errno.EEXIST:  # another tristan may have been quicker
            raise


def mode_of(path):
    """:returns: the kind of file (stat.S_IFMT), or None when there is nothing."""
    try:
        return stat.S_IFMT(os.lstat(path).st_mode)
    except EnvironmentError as error:
        if error.errno != errno.ENOENT:
            raise
        return None


def free_bytes(directory):
    """:returns: int, what may still be written where a directory is or will be; None where nobody knows."""
    path = os.path.realpath(compat.path_bytes(directory))
    while not os.path.isdir(path):
        path = os.path.dirname(path)
    try:
        found = os.statvfs(path)
    except EnvironmentError:
        return None
    return found.f_bavail * found.f_frsize


def digest_of(source):
    """:param source: binary file, read to its end. :returns: hashlib's object."""
    digest = hashlib.sha256()
    for chunk in iter(lambda: source.read(CHUNK), b""):
        digest.update(chunk)
    return digest


def in_the_way(path):
    return errors.LocalFileError(
        "%s is in the way: it is a link, or no file" % shown(path), remedy="move it away"
    )
