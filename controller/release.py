"""The release: the one immutable set of files a machine needs, and its name, the hash over them.

Job: collect what is pushed, from the directory Tristan is installed in and from the settings.
In: the installed root (a checkout or a site-packages directory), derived data files.
Out: a Release: its hash, its files by path, its manifest for the machine.
"""

from __future__ import absolute_import, print_function, unicode_literals

import hashlib
import os
import re
import time

import six

from controller import errors

INSTALLED_ROOT = six.ensure_text(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
DEPENDENCY_LIB = os.path.join("cache", "dependency_lib")
PUSHED_DIRECTORIES = ("business_hyper_fusion", DEPENDENCY_LIB)
SKIPPED = re.compile(r"^(__pycache__|\.git|\.DS_Store|.*\.py[co]|.*~|\..*\.sw[a-p])$")
PATH = re.compile(r"^[A-Za-z0-9._@+-]+(/[A-Za-z0-9._@+-]+)*$")
"""The machine's rule too, in business_hyper_fusion/receive.py, which must stand alone."""


class File(object):
    """One pushed file.

    :param path: text, relative, with `/`.
    :param content: bytes as they travel.
    :param update_time: float, seconds since the epoch; informs, decides nothing.
    """

    def __init__(self, path, content, update_time):
        if not PATH.match(path):
            raise errors.UsageError(
                "the file name %r can't be pushed to a machine" % path,
                remedy="use letters, digits and . _ @ + - in names below cache/dependency_lib",
            )
        self.path = path
        self.content = content
        self.update_time = update_time
        self.mode = mode_of(path)
        self.sha256 = hashlib.sha256(content).hexdigest()

    def entry(self):
        """The file's line of the manifest."""
        return {
            "path": self.path,
            "mode": self.mode,
            "sha256": self.sha256,
            "size": len(self.content),
            "update_time": time_text(self.update_time),
        }


class Release(object):
    """:param files: list of File. `hash` names the release, `files` maps path to File."""

    def __init__(self, files):
        self.files = dict((pushed.path, pushed) for pushed in files)
        rows = [
            "%s\0%d\0%s\n" % (path, self.files[path].mode, self.files[path].sha256)
            for path in sorted(self.files)
        ]
        self.hash = hashlib.sha256("".join(rows).encode("ascii")).hexdigest()

    def manifest(self):
        return [self.files[path].entry() for path in sorted(self.files)]


def collect(data_files=(), root=INSTALLED_ROOT, beside=None):
    """The release of this installation.

    :param data_files: (path, bytes, update time in seconds) of each derived file, such as
        data_data/git_server.json.
    :param root: directory that holds startup.py and business_hyper_fusion/.
    :param beside: the operator's directory, whose cache/dependency_lib/ takes the place of the
        installed one, file by file; None for none.
    """
    return Collection(data_files, root, beside).release()


class Collection(object):
    """The same for a process that lives long. The installation's files are read once: what runs is of the same version.
    The operator's are read again when one of them is another one.

    :param data_files, root, beside: as of collect().
    """

    def __init__(self, data_files=(), root=INSTALLED_ROOT, beside=None):
        self._root = root
        self._beside = beside
        self._data = [File(*one) for one in data_files]
        self._installed = None
        self._made = (None, None)  # what the operator's files were like, and the Release with them

    def release(self):
        """:returns: Release, the same one as long as nothing has changed."""
        paths = paths_below(self._beside, DEPENDENCY_LIB) if self._beside is not None else []
        seen = [(path, look(os.path.join(self._beside, path))) for path in paths]
        if self._made[0] != seen:
            own = [read_file(self._beside, path) for path in paths]
            self._made = seen, Release(self._read_once() + own + self._data)
        return self._made[1]

    def _read_once(self):
        if self._installed is None:
            found = ["startup.py"]
            for directory in PUSHED_DIRECTORIES:
                found.extend(paths_below(self._root, directory))
            self._installed = [read_file(self._root, path) for path in found]
        return self._installed


def look(path):
    """What is different when a file is another one; None when nothing can be told."""
    try:
        found = os.stat(path)
    except EnvironmentError:
        return None
    return found.st_ino, found.st_size, found.st_mtime, found.st_ctime


def languages(root=INSTALLED_ROOT):
    """The languages this installation has a pack for: a folder with a build_project.sh each."""
    packages = os.path.join(root, "business_hyper_fusion")
    found = os.listdir(packages)
    return sorted(
        name for name in found if os.path.exists(os.path.join(packages, name, "build_project.sh"))
    )


def paths_below(root, directory):
    """Sorted relative paths of the files to push below `directory`."""
    found = []
    for folder, directories, names in os.walk(os.path.join(root, directory)):
        directories[:] = [name for name in directories if not SKIPPED.match(name)]
        relative = os.path.relpath(folder, root)
        found.extend(os.path.join(relative, name) for name in names if not SKIPPED.match(name))
    return sorted(found)


def read_file(root, path):
    full = os.path.join(root, path)
    try:
        with open(full, "rb") as opened:
            content = opened.read()
        update_time = os.stat(full).st_mtime
    except EnvironmentError as error:
        raise errors.UsageError(
            "%s is to be pushed and can't be read: %s" % (full, error.strerror),
            remedy="make it readable, or remove it",
        )
    return File(path.replace(os.sep, "/"), with_unix_line_ends(content), update_time)


def with_unix_line_ends(content):
    """Bytes of a text with CRLF as LF, so that a checkout on another system still runs; others as
    they are.
    """
    return content if b"\0" in content else content.replace(b"\r\n", b"\n")


def mode_of(path):
    """By rule and not from the disk: a wheel loses run bits."""
    return 0o755 if path.endswith(".sh") or path == "startup.py" else 0o644


def time_text(seconds):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))
