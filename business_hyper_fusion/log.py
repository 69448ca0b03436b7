"""A build's log: append-only bytes, masked before they are written, bounded in size.

A flood keeps its head up to the cap; behind that two files take turns as a ring, and their content is
appended once, behind a marker that counts what was left out, when the log is closed. Memory stays flat.

On a disk that takes nothing a command's output is refused by an exception, so that the command ends; Tristan's own
lines are written as far as there is room, so that nothing that tidies up is kept from it.
"""

from __future__ import absolute_import, print_function

import hashlib
import os

from business_hyper_fusion import compat, files

TAIL_BYTES = 1024 * 1024
"""Size of each of the two files of the ring: between one and two of these survive of a flood's end."""


class Log(object):
    """:param path: the log file, made when missing.
    :param cap: bytes kept of the head.
    :param masker: Masker for all that is written.
    """

    def __init__(self, path, cap, masker):
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
        self._descriptor = compat.close_on_exec(os.open(path, flags, 0o644))
        self._tail = Tail(path + ".tail")
        self._masker = masker
        self._cap = cap
        self._size = os.fstat(self._descriptor).st_size
        self._line_open = False

    def write(self, data):
        """Append what a process wrote.

        :param data: bytes.
        :raises OSError: disk full, read-only.
        """
        self._append(self._masker.feed(data))

    def say(self, text):
        """Append a line of Tristan's own, on a line of its own, if it can be had."""
        try:
            self._append(self._masker.flush())
            start = b"\n" if self._line_open else b""
            self._append(start + self._masked_line(text) + b"\n")
        except (IOError, OSError):
            pass

    def close(self):
        """Finish the log: the ring is appended, the file synced.

        :returns: {"bytes": int, "sha256": hex} of the whole file.
        """
        try:
            self._append(self._masker.flush())
            self._append_tail()
            os.fsync(self._descriptor)
        except (IOError, OSError):
            # A full disk must not keep the build from ending; the digest then tells what is there.
            pass
        self._tail.remove()
        return digest_of(self._descriptor_path())

    def _descriptor_path(self):
        return "/proc/self/fd/%d" % self._descriptor

    def _masked_line(self, text):
        line = compat.to_bytes(text).replace(b"\n", b" ")
        return self._masker.feed(line) + self._masker.flush()

    def _append(self, data):
        if not data:
            return
        try:
            self._append_bounded(data)
        finally:
            self._size = os.fstat(self._descriptor).st_size

    def _append_bounded(self, data):
        self._line_open = not data.endswith(b"\n")
        room = max(self._cap - self._size, 0)
        head, rest = data[:room], data[room:]
        if head:
            files.write_all(self._descriptor, head)
        if rest:
            self._tail.write(rest)

    def _append_tail(self):
        if not self._tail.total:
            return
        left_out = self._tail.total - self._tail.kept()
        marker = "\n==> tristan: %d bytes of log left out here (limit %d bytes); the end follows\n"
        files.write_all(self._descriptor, (marker % (left_out, self._cap)).encode("ascii"))
        for chunk in self._tail.chunks():
            files.write_all(self._descriptor, chunk)


class Tail(object):
    """The last one to two ``TAIL_BYTES`` of what is written, in two files that take turns."""

    def __init__(self, stem):
        self._paths = [stem + ".0", stem + ".1"]
        self._turn = 1
        self._file = None
        self._filled = 0
        self.total = 0

    def write(self, data):
        self.total += len(data)
        while data:
            if self._file is None or self._filled >= TAIL_BYTES:
                self._switch()
            part, data = data[: TAIL_BYTES - self._filled], data[TAIL_BYTES - self._filled :]
            files.write_all(self._file.fileno(), part)
            self._filled += len(part)

    def _switch(self):
        self._close()
        self._turn = 1 - self._turn
        # Nothing is buffered: what a full disk refuses is refused to who writes it, and not when it is closed.
        self._file = open(self._paths[self._turn], "wb", 0)
        self._filled = 0

    def _oldest_first(self):
        paths = [self._paths[1 - self._turn], self._paths[self._turn]]
        return [path for path in paths if os.path.exists(path)]

    def kept(self):
        """:returns: bytes in the ring."""
        return sum(os.path.getsize(path) for path in self._oldest_first())

    def chunks(self):
        """The ring's content, oldest first."""
        for path in self._oldest_first():
            with open(path, "rb") as file:
                yield file.read()

    def remove(self):
        self._close()
        for path in self._paths:
            try:
                compat.remove_file(path)
            except OSError:
                pass  # A file system that is read-only by now; gc takes it with the build.

    def _close(self):
        if self._file is not None:
            self._file.close()
            self._file = None


def digest_of(path):
    """:returns: {"bytes": int, "sha256": hex} of a file."""
    digest, size = hashlib.sha256(), 0
    with open(path, "rb") as file:
        for chunk in iter(lambda: file.read(1024 * 1024), b""):
            digest.update(chunk)
            size += len(chunk)
    return {"bytes": size, "sha256": digest.hexdigest()}
