"""Secrets: a type that prints as a mask, and references that say where one is read from.

In:  a reference from tristan.yml: an environment variable, a file, or a command.
Out: a `Secret`, or errors.SecretUnavailable that names the reference and never the value.
"""

from __future__ import absolute_import, print_function, unicode_literals

import errno
import os
import stat
import subprocess
import threading
from collections import namedtuple

import six

from business_hyper_fusion.masker import Masker
from controller import errors

MASK = "\u2022\u2022\u2022\u2022"
SECRET_BYTES = 64 * 1024
COMMAND_SECONDS = 30
_revealed = set()
"""What left its Secret in this process; from there on an exception's message could hold it."""


def mask(text):
    """:return: the text without any secret that was revealed, in none of the forms that are masked in logs."""
    masker = Masker(sorted(_revealed), MASK.encode("utf-8"))
    return six.ensure_text(masker.whole(six.ensure_str(text, "utf-8", "replace")))


@six.python_2_unicode_compatible
class Secret(object):
    """Text that must not be seen; `reveal` is the one way to it."""

    __slots__ = ("_text",)

    def __init__(self, text):
        self._text = text

    def reveal(self):
        """:return: text, the secret itself."""
        _revealed.add(self._text)
        return self._text

    def __str__(self):
        return MASK

    def __repr__(self):
        return str("<Secret>")

    def __format__(self, specification):
        return format(MASK, specification)

    def __reduce_ex__(self, protocol):
        raise TypeError("a Secret is not written anywhere")


class SecretReference(namedtuple("SecretReference", "kind value")):
    """Where a secret is read from, each time it is needed.

    :param kind: "env", "file" or "command".
    :param value: text, the variable's name or the file's absolute path; for a command a tuple
        of words, run without a shell.
    """

    __slots__ = ()

    def resolve(self):
        """:return: Secret, without the line end it may have.

        :raise errors.SecretUnavailable: it can't be read, is empty or is open to everyone.
        """
        text = _READERS[self.kind](self.value)
        text = text[:-1] if text.endswith("\n") else text
        text = text[:-1] if text.endswith("\r") else text
        if not text:
            raise errors.SecretUnavailable(
                "%s gives an empty secret" % self.described(), "put the secret there"
            )
        return Secret(text)

    def described(self):
        """:return: text that names the reference in a message."""
        value = " ".join(self.value) if self.kind == "command" else self.value
        noun = {"env": "the environment variable", "file": "the file", "command": "the command"}
        return "%s %s" % (noun[self.kind], value)


def read_key_file(path):
    """Read a private key as it is, line ends and all.

    :param path: text, absolute.
    :return: Secret.
    :raise errors.SecretUnavailable: it can't be read, or is open to everyone.
    """
    return Secret(_read_file(path))


def _read_variable(name):
    value = os.environ.get(str(name))
    if value is None:
        raise errors.SecretUnavailable(
            "the environment variable %s is not set" % name, "export it and try again"
        )
    return _as_text(_encoded(value), "the environment variable %s" % name)


def _encoded(value):
    """The bytes an environment variable has, under any locale."""
    return value if isinstance(value, bytes) else value.encode("utf-8", "surrogateescape")


def _read_file(path):
    try:
        with open(path, "rb") as opened:
            mode = os.fstat(opened.fileno()).st_mode
            content = opened.read(SECRET_BYTES + 1) if stat.S_ISREG(mode) else None
    except EnvironmentError as error:
        raise errors.SecretUnavailable(
            "the secret file %s can't be read: %s" % (path, error.strerror),
            "write the secret there, with mode 0600",
        )
    if content is None:
        raise errors.SecretUnavailable("%s is not a regular file" % path, "name a file")
    if mode & stat.S_IROTH:
        raise errors.SecretUnavailable(
            "everyone on this host can read the secret file %s" % path, "chmod 600 %s" % path
        )
    return _as_text(content, "the secret file %s" % path)


def _read_output(words):
    """What a command prints; it has half a minute, and the terminal for its questions."""
    name = "the command %s" % " ".join(words)
    process = _start(words, name)
    ended = []
    # Read in a thread: a grandchild may hold the pipe open long after the command was killed.
    reader = threading.Thread(target=_drain, args=(process, ended))
    reader.daemon = True
    reader.start()
    reader.join(COMMAND_SECONDS)
    if reader.is_alive():
        _kill(process)
        process.wait()
        raise errors.SecretUnavailable(
            "%s gave no secret within %d seconds" % (name, COMMAND_SECONDS), "run it by hand"
        )
    content, status = ended
    if status and len(content) <= SECRET_BYTES:  # cut off when it printed too much
        raise errors.SecretUnavailable(
            "%s ended with status %d" % (name, status), "run it by hand to see why"
        )
    return _as_text(content, name)


def _drain(process, ended):
    """Append what the process printed, bounded, and its exit status, to a list."""
    content = process.stdout.read(SECRET_BYTES + 1)
    process.stdout.close()
    ended.extend([content, process.wait()])


def _start(words, name):
    try:
        return subprocess.Popen(
            [word.encode("utf-8") for word in words], stdout=subprocess.PIPE, close_fds=True
        )
    except EnvironmentError as error:
        reason = "not found" if error.errno == errno.ENOENT else error.strerror
        raise errors.SecretUnavailable("%s can't be run: %s" % (name, reason), "install it")


def _kill(process):
    try:
        process.kill()
    except EnvironmentError as error:
        if error.errno != errno.ESRCH:
            raise


def _as_text(content, name):
    if len(content) > SECRET_BYTES:
        raise errors.SecretUnavailable(
            "%s gives more than %d bytes" % (name, SECRET_BYTES), "give the secret alone"
        )
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        text = None
    if text is None or "\0" in text:
        raise errors.SecretUnavailable("%s gives no UTF-8 text" % name, "give text")
    return text


_READERS = {"env": _read_variable, "file": _read_file, "command": _read_output}
