"""Files over HTTP on loopback, counted: a Maven repository, distributions of wrappers, packages' archives.

In: a directory, or none; single files. Out: an address, and every request it got.
"""

from __future__ import absolute_import, print_function, unicode_literals

import io
import os
import zipfile

from tests.packs.index import TEXT, Index


class FileServer(Index):
    """Listens from the start; call `stop()`; .address and .requests as an Index has them.

    :param directory: str, what it serves besides what is added
    """

    def __init__(self, directory="", certificates=None):
        self._directory = directory
        self._files = {}
        Index.__init__(self, certificates)

    def add(self, path, content):
        """:param content: bytes"""
        self._files[path] = content

    def answer(self, path, authorization):
        if path in self._files:
            return 200, TEXT, self._files[path]
        below = os.path.join(self._directory, path.lstrip("/"))
        if not self._directory or not os.path.isfile(below):
            return 404, TEXT, b""
        with io.open(below, "rb") as source:
            return 200, TEXT, source.read()


def zipped(files):
    """:param files: dict of path -> text; scripts become executable
    :returns: bytes
    """
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for path, text in sorted(files.items()):
            member = zipfile.ZipInfo(path)
            member.external_attr = (0o755 if text.startswith("#!") else 0o644) << 16
            archive.writestr(member, text)
    return target.getvalue()
