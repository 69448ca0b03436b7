"""Secrets that can be told from all other text, and where they are looked for: processes, files, images.

In: names of slots. Out: a secret for each, and every place where one of them was seen.
"""

from __future__ import absolute_import, print_function, unicode_literals

import base64
import gzip
import io
import os
import subprocess
import threading
import time
import uuid

from business_hyper_fusion.encodings import base64_alignments
from tests.lab import process

PAUSE = 0.003
"""Seconds between two looks at all processes."""

LAB = b"LAB_GIT_LOGIN="
"""In the environment of the lab's own git server, which stands for another machine."""


class Canaries(object):
    """One secret a slot, all with one part in common, and in files of an operator's.

    :param directory: where the files are, there already
    """

    def __init__(self, directory):
        self.directory = directory
        self.common = "c4nary" + uuid.uuid4().hex[:10]
        self._others = []

    def text(self, slot):
        """:returns: str, the secret of a slot"""
        return "%s-%s" % (self.common, slot)

    def reference(self, slot, text=""):
        """:param text: the secret, where it is not to be the slot's own
        :returns: dict, how tristan.yml names it
        """
        return {"file": self.keep(slot, text or self.text(slot))}

    def keep(self, slot, text):
        """:returns: str, path of a file with the text, for its owner alone"""
        path = os.path.join(self.directory, slot)
        with io.open(path, "w", encoding="utf-8") as target:
            target.write(text)
        os.chmod(path, 0o600)
        return path

    def keep_key(self, slot, path):
        """A private key, which is what it is: its lines are what is looked for. :returns: path of a copy."""
        with io.open(path, encoding="ascii") as source:
            text = source.read()
        self._others += [line.encode("ascii") for line in text.splitlines()[2:-1]]
        return self.keep(slot, text)

    def needles(self):
        """:returns: list of bytes, what must not be found: as it is, in hex, and in base64 wherever it begins"""
        found = list(self._others)
        common = self.common.encode("ascii")
        found += [common, base64.b16encode(common), base64.b16encode(common).lower()]
        return found + list(base64_alignments(common))

    def seen_in(self, data):
        """:param data: bytes or text"""
        data = data if isinstance(data, bytes) else data.encode("utf-8", "surrogateescape")
        return [needle for needle in self.needles() if needle in data]


class Sampler(object):
    """Looks at the arguments and the environment of every process, over and over; a context manager.

    .found: set of (what, bytes): the process's name and where in it
    :param look: function that is called now and then, for what else is there only meanwhile
    """

    def __init__(self, canaries, look=None):
        self._needles = canaries.needles()
        self._look = look
        self._ended = threading.Event()
        self._threads = [threading.Thread(target=self._run)]
        if look is not None:
            self._threads.append(threading.Thread(target=self._call))
        self.found, self.rounds = set(), 0

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *problem):
        self._ended.set()
        for thread in self._threads:
            thread.join()

    def _run(self):
        while not self._ended.is_set():
            for name in os.listdir("/proc"):
                if name.isdigit():
                    self._sample(name)
            self.rounds += 1
            time.sleep(PAUSE)

    def _call(self):
        while not self._ended.wait(0.2):
            self._look()

    def _sample(self, pid):
        environment = _bytes("/proc/%s/environ" % pid)
        if LAB in environment:
            return
        arguments = _bytes("/proc/%s/cmdline" % pid)
        for where, data in (("arguments", arguments), ("environment", environment)):
            if any(needle in data for needle in self._needles):
                self.found.add((where, arguments, _variables(data, self._needles)))


def _variables(data, needles):
    parts = data.split(b"\0")
    return tuple(part for part in parts if any(needle in part for needle in needles))


def _bytes(path):
    try:
        with open(path, "rb") as source:
            return source.read()
    except EnvironmentError:
        return b""


def files_with(canaries, directories, newer="", but=()):
    """:param newer: path of a file: only what changed since it did
    :param but: directories that are not looked into
    :returns: list of str, files in which a canary is
    """
    patterns = process.directory("patterns")
    try:
        with open(os.path.join(patterns, "needles"), "wb") as target:
            target.write(b"\n".join(canaries.needles()) + b"\n")
        words = ["find"] + list(directories) + ["-xdev"]
        for path in list(but) + [patterns]:
            words += ["-path", path, "-prune", "-o"]
        words += ["-type", "f"] + (["-newer", newer] if newer else [])
        words += ["-exec", "grep", "-lFaf", os.path.join(patterns, "needles"), "{}", "+"]
        child = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        return child.communicate()[0].decode("utf-8", "replace").splitlines()
    finally:
        process.remove(patterns)


def unpacked(path):
    """:returns: bytes of a file, those of a layer as they are inside"""
    with open(path, "rb") as source:
        data = source.read()
    return gzip.GzipFile(fileobj=io.BytesIO(data)).read() if data[:2] == b"\x1f\x8b" else data
