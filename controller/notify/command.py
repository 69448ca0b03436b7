"""Tells a command: the document on its stdin, the most wanted of it in its environment.

In: a target's words. Out: nothing, or errors.NotifyFailed with the last line the command complained in.

No shell runs it. It starts in the directory of tristan.yml and has a minute; then it is ended with all that it started.
"""

from __future__ import absolute_import, print_function, unicode_literals

import errno
import json
import os
import signal
import subprocess
import tempfile
import time

from controller import compat, errors

SECONDS = 60.0
TICK = 0.02
STDERR_BYTES = 4096


def send(target, told, delivery, settings):
    """See notify.send."""
    with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as complaints:
        given.write(json.dumps(told, sort_keys=True).encode("ascii") + b"\n")
        given.seek(0)
        process = start(target.target, environment(told, delivery), settings, given, complaints)
        status = wait(process)
        if status != 0:
            raise failure(target.target[0], status, complaints)


def environment(told, delivery):
    """What a shell script would want, without having to read JSON."""
    image = told["app_image"] or {}
    added = {
        "TRISTAN_EVENT": told["event"],
        "TRISTAN_DELIVERY": delivery,
        "TRISTAN_BUILD_ID": told["build_id"],
        "TRISTAN_PROJECT": told["project"],
        "TRISTAN_REF_KIND": told["ref"]["kind"],
        "TRISTAN_REF": told["ref"]["name"],
        "TRISTAN_COMMIT": told["commit"],
        "TRISTAN_STATE": told["state"],
        "TRISTAN_PREVIOUS_STATE": told["previous_state"],
        "TRISTAN_CAUSE": told["cause"],
        "TRISTAN_MESSAGE": told["message"],
        "TRISTAN_MACHINE": told["machine"],
        "TRISTAN_IMAGE": image.get("image", ""),
        "TRISTAN_DIGEST": image.get("digest", ""),
    }
    made = dict(os.environ)
    for name, value in added.items():
        made[str(name)] = value.replace("\0", "").encode("utf-8", "replace")
    return made


def start(words, environ, settings, given, complaints):
    try:
        with open(os.devnull, "r+b") as nothing:
            return subprocess.Popen(
                [word.encode("utf-8") for word in words],
                stdin=given,
                stdout=nothing,
                stderr=complaints,
                env=environ,
                cwd=os.path.dirname(os.path.abspath(settings.path)),
                preexec_fn=os.setsid,
                close_fds=True,
            )
    except EnvironmentError as error:
        why = "not found" if error.errno == errno.ENOENT else error.strerror
        raise errors.NotifyFailed("the command %s can't be run: %s" % (words[0], why))


def wait(process):
    """:returns: its exit status, None when it took too long and was ended."""
    end = compat.monotonic() + SECONDS
    try:
        while process.poll() is None:
            if compat.monotonic() > end:
                return None
            time.sleep(TICK)
        return process.returncode
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def failure(name, status, complaints):
    if status is None:
        return errors.NotifyFailed(
            "the command %s did not end within %d seconds" % (name, SECONDS), "run it by hand"
        )
    size = complaints.seek(0, os.SEEK_END) or complaints.tell()
    complaints.seek(max(0, size - STDERR_BYTES))
    lines = complaints.read().decode("utf-8", "replace").strip().splitlines()
    said = ": " + lines[-1][:300] if lines else ""
    how = "signal %d" % -status if status < 0 else "status %d" % status
    return errors.NotifyFailed("the command %s ended with %s%s" % (name, how, said))
