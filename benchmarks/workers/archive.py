"""The scripts as one archive, for those whose way of sending many files takes a round trip or more for each.

In: a round's order. Out: bytes, or a file, the same for the same scripts.
"""

import io
import os
import tarfile


def packed(order):
    """:returns: file-like, at its beginning."""
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as archive:
        archive.add(order["scripts"], arcname=".")
    made.seek(0)
    return made


def file(order):
    """:returns: path of the archive, made anew."""
    path = os.path.join(order["request"], "scripts.tar")
    with open(path, "wb") as target:
        target.write(packed(order).getvalue())
    return path


def request(order):
    """:returns: text, what startup.py reads."""
    with open(os.path.join(order["request"], "request.json"), encoding="ascii") as source:
        return source.read()
