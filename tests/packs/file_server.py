"""Files over HTTP on loopback, counted: a Maven repository, distributions of wrappers, packages' archives.

In: a directory, or none; single files. Out: an address, and every request it got.
"""

from __future__ import absolute_import, print_function, unicode_literals

import hashlib
import io
import os
import zipfile

from tests.packs.index import TEXT, Index


class FileServer(Index):
    """Listens from the start; call `stop()`; .address and .requests as an Index has them.

    :param directory: str, what it serves besides what is added; each file with its .sha1, as Maven asks for it
    """

    def __init__(self, directory="", certificates=None):
        self._directory = directory
        self._files = {}
        Index.__init__(self, certificates)
        # Clients that ask for hundreds of files keep their connections.
        self._server.RequestHandlerClass.protocol_version = str("HTTP/1.1")

    def add(self, path, content):
        """:param content: bytes"""
        self._files[path] = content

    def answer(self, path, authorization):
        content = self._content(path)
        if content is None and path.endswith(".sha1"):
            content = self._content(path[: -len(".sha1")])
            if content is not None:
                content = hashlib.sha1(content).hexdigest().encode("ascii")
        return (404, TEXT, b"") if content is None else (200, TEXT, content)

    def _content(self, path):
        below = os.path.join(self._directory, path.lstrip("/"))
        if path in self._files or not self._directory or not os.path.isfile(below):
            return self._files.get(path)
        with io.open(below, "rb") as source:
            return source.read()


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
