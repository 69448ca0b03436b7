"""The executor side's one place for differences between Python 2.7 and 3.

Inside, text is the native ``str`` (UTF-8 bytes on 2.7, Unicode on 3); what reaches a process, a file or a
descriptor is encoded here, so that a locale of ``C`` changes nothing.
"""

from __future__ import absolute_import, print_function

import errno
import os
import re
import select as _select
import signal
import sys
import time

PY2 = sys.version_info[0] == 2

if PY2:
    text_type = unicode  # noqa: F821 - exists on 2.7 only
else:
    text_type = str


LONE_SURROGATE = re.compile(
    b"[\\ud800-\\udbff](?![\\udc00-\\udfff])|(?<![\\ud800-\\udbff])[\\udc00-\\udfff]".decode(
        "unicode_escape"
    )
)
"""A half of a character beyond U+FFFF without the other one: legal in no UTF."""

REPLACEMENT = b"\\ufffd".decode("unicode_escape")


def to_bytes(text):
    """:param text: native, Unicode or bytes. :returns: bytes, UTF-8."""
    return text if isinstance(text, bytes) else text.encode("utf-8", "surrogateescape")


def to_native(data):
    """:param data: bytes or text. :returns: native str; bytes that are not UTF-8 are replaced."""
    if PY2:
        text = data if isinstance(data, text_type) else data.decode("utf-8", "replace")
        # 2.7 decodes halves of characters, which are no UTF-8 for anybody else.
        return LONE_SURROGATE.sub(REPLACEMENT, text).encode("utf-8")
    return data if isinstance(data, str) else data.decode("utf-8", "replace")


def to_latin1(text):
    """:param text: native, characters up to 255. :returns: bytes, one for each character."""
    return (text.decode("utf-8") if PY2 else text).encode("latin-1")


def native(document):
    """A JSON document with every text made native: on 2.7 ``json`` hands out Unicode, which would spread."""
    if isinstance(document, dict):
        return dict((native(key), native(value)) for key, value in document.items())
    if isinstance(document, list):
        return [native(value) for value in document]
    if isinstance(document, (text_type, bytes)):
        return to_native(document)
    return document


def words(arguments):
    """:returns: an argument list as bytes, for ``exec`` under any locale."""
    return [to_bytes(argument) for argument in arguments]


def environment(values):
    """:returns: an environment as bytes, for ``exec`` under any locale."""
    return dict((to_bytes(name), to_bytes(value)) for name, value in values.items())


if hasattr(time, "monotonic"):
    monotonic = time.monotonic
else:

    def monotonic():
        """Seconds since boot: 2.7 has no monotonic clock, and the wall clock may jump."""
        with open("/proc/uptime") as uptime:
            return float(uptime.read().split()[0])


_TIME = re.compile("([0-9]{4})-(0[1-9]|1[0-2])-([0-3][0-9])T([0-9]{2}):([0-9]{2}):([0-9]{2})")


def iso_time(seconds=None):
    """:returns: UTC as ``2026-11-21T06:55:12.123Z``."""
    seconds = time.time() if seconds is None else seconds
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds)) + ".%03dZ" % (
        seconds % 1 * 1000
    )


def seconds_of(text):
    """:param text: a time of ``iso_time``, or "". :returns: seconds since the epoch; 0 for ""."""
    found = _TIME.match(text)
    if not found:
        return 0
    year, month, day, hours, minutes, seconds = [int(part) for part in found.groups()]
    return ((_days(year, month, day) * 24 + hours) * 60 + minutes) * 60 + seconds


def _days(year, month, day):
    """:returns: days since 1970-01-01; ``time.strptime`` and ``calendar`` take 5 ms to import for as much.

    Counted in years that begin in March, so that a leap day is a year's last one.
    """
    year, month = (year, month - 3) if month > 2 else (year - 1, month + 9)
    leap_days = year // 4 - year // 100 + year // 400
    return year * 365 + leap_days + (month * 153 + 2) // 5 + day - 719469


def make_directories(path, mode=0o755):
    """``mkdir -p``; fine when it is there."""
    try:
        os.makedirs(path, mode)
    except OSError as error:
        if error.errno != errno.EEXIST or not os.path.isdir(path):
            raise


def remove_file(path):
    """Remove a file; fine when it is gone."""
    try:
        os.unlink(path)
    except OSError as error:
        if error.errno != errno.ENOENT:
            raise


def wait_readable(descriptors, seconds):
    """``select`` for reading that a signal ends early, as 3.5+ does not and 2.7 does by an exception."""
    try:
        return _select.select(descriptors, [], [], seconds)[0]
    except (OSError, _select.error) as error:
        if error.args[0] == errno.EINTR:
            return []
        raise


def retry_interrupted(call, *arguments):
    """Call again while a signal interrupts (2.7; newer Pythons do that themselves)."""
    while True:
        try:
            return call(*arguments)
        except (IOError, OSError) as error:
            if error.errno != errno.EINTR:
                raise


def close_on_exec(descriptor):
    """Keep a descriptor from children; 2.7 hands all of them down."""
    import fcntl

    flags = fcntl.fcntl(descriptor, fcntl.F_GETFD)
    fcntl.fcntl(descriptor, fcntl.F_SETFD, flags | fcntl.FD_CLOEXEC)
    return descriptor


def inherit(descriptor):
    """Let a descriptor survive ``exec``; 3.4 and up close all of them."""
    import fcntl

    flags = fcntl.fcntl(descriptor, fcntl.F_GETFD)
    fcntl.fcntl(descriptor, fcntl.F_SETFD, flags & ~fcntl.FD_CLOEXEC)
    return descriptor


if PY2:

    def leading_own_session(kept):
        def prepare():
            os.setsid()
            signal.signal(signal.SIGPIPE, signal.SIG_DFL)
            for descriptor in map(int, os.listdir("/proc/self/fd")):
                if descriptor > 2 and descriptor not in kept:
                    _close_unless_exec_does(descriptor)
            for descriptor in kept:
                inherit(descriptor)

        return {"preexec_fn": prepare}

    def _close_unless_exec_does(descriptor):
        import fcntl

        try:
            if not fcntl.fcntl(descriptor, fcntl.F_GETFD) & fcntl.FD_CLOEXEC:
                os.close(descriptor)
        except (IOError, OSError):
            pass  # What the list itself was read by.

else:

    def leading_own_session(kept):
        """:param kept: descriptors that the child inherits, of all but the standard ones.
        :returns: options of Popen for a child with a session of its own, its signals as they are by default.

        With a function to run in the child Python would copy itself first, which takes 2 ms of each.
        """
        return {"start_new_session": True, "pass_fds": kept}


def quote(word):
    """:returns: the word as a shell reads it back."""
    if PY2:
        import pipes as module
    else:
        import shlex as module
    return module.quote(word)


def http_client():
    """:returns: the standard library's module; imported by the few who ask, it is large."""
    if PY2:
        import httplib as module
    else:
        import http.client as module
    return module
