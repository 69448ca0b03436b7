"""An image of 2 MB with a shell and a web server: busybox, from Debian's package.

In: an engine. Out: the image's name. Tests that push and start images take it: it is built on, packed and sent at once.
"""

from __future__ import absolute_import, print_function, unicode_literals

import io
import tarfile

from tests.lab import process

PROGRAM = "/bin/busybox"
APPLETS = (
    "sh",
    "cat",
    "chmod",
    "cp",
    "echo",
    "env",
    "grep",
    "head",
    "httpd",
    "id",
    "ls",
    "mkdir",
    "sleep",
)
ACCOUNTS = {"etc/passwd": b"root:x:0:0:root:/:/bin/sh\n", "etc/group": b"root:x:0:\n"}


def make(engine, name):
    """Have the image in an engine under a name.

    :param engine: tests.lab.engine.Engine
    :returns: str, the name
    """
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        tar.add(PROGRAM, "bin/busybox")
        for applet in APPLETS:
            link = tarfile.TarInfo(process.native("bin/" + applet))
            link.type, link.linkname = tarfile.SYMTYPE, process.native("busybox")
            tar.addfile(link)
        made = tarfile.TarInfo(process.native("tmp"))
        made.type, made.mode = tarfile.DIRTYPE, 0o777
        tar.addfile(made)
        for path, text in ACCOUNTS.items():
            made = tarfile.TarInfo(process.native(path))
            made.size = len(text)
            tar.addfile(made, io.BytesIO(text))
    engine.run(["import", "--change", "ENV PATH=/bin", "-", name], archive.getvalue())
    return name
