"""Children of the lab: started, waited for, stopped by pid, and never left behind.

In: an argument list, a log file. Out: a `Child` that dies with the test process (pdeathsig) or by
`stop()`.
Also the two things every part needs: a free port and a short-lived command's output.
"""

from __future__ import absolute_import, print_function, unicode_literals

import collections
import fcntl
import io
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time

try:
    from shlex import quote  # noqa: F401
except ImportError:  # Python 2
    from pipes import quote  # noqa: F401


class LabError(Exception):
    """A part of the lab can't be had here; the message says which and why."""


def directory(name):
    """Make a fresh directory that other users can enter and Docker can mount.

    Not below /tmp: tests make /tmp noexec, small or full.

    :param name: str, part of the directory's name
    :returns: str, absolute path
    """
    base = os.environ.get("TRISTAN_LAB_DIRECTORY", "/var/tmp")
    if not os.path.isdir(base):
        os.makedirs(base)
    path = tempfile.mkdtemp(prefix="tristan-lab-{0}-".format(name), dir=base)
    os.chmod(path, 0o755)
    return path


def remove(path):
    """Remove a directory of the lab, whoever owns what is in it."""
    shutil.rmtree(path.encode("utf-8"), ignore_errors=True)


_PORTS = collections.deque(maxlen=100)
"""Sockets that keep the last ports of `free_port`; those of stopped servers, which come back, are among them."""


def free_port():
    """:returns: int, a TCP port on 127.0.0.1 that nobody listens on now

    It stays bound here, so that nobody who takes any port gets it before its server listens, or while that is stopped.
    Who listens on it wants SO_REUSEADDR, as servers do.
    """
    keeper = socket.socket()
    fcntl.fcntl(keeper, fcntl.F_SETFD, fcntl.FD_CLOEXEC)
    keeper.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    keeper.bind(("127.0.0.1", 0))
    _PORTS.append(keeper)
    return keeper.getsockname()[1]


def output(command, stdin=b"", environment=None, directory=None):
    """Run a command to its end.

    :param command: list of str
    :param stdin: bytes given to it
    :param environment: dict of str added to the environment
    :returns: str, its standard output
    :raises LabError: it failed; the message carries its standard error
    """
    process = subprocess.Popen(
        [native(word) for word in command],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=merged_environment(environment),
        cwd=directory,
    )
    out, err = process.communicate(stdin)
    if process.returncode:
        message = "{0} ended with {1}: {2}".format(
            " ".join(command), process.returncode, err.decode("utf-8", "replace").strip()
        )
        raise LabError(message)
    return out.decode("utf-8", "replace")


def merged_environment(additions):
    """:returns: dict, this process's environment with `additions` (dict or None) put over it"""
    environment = dict(os.environ)
    for name, value in (additions or {}).items():
        environment[native(name)] = native(value)
    return environment


def native(text):
    """:returns: str as the running Python hands it to a program; UTF-8 whatever the locale"""
    data = text if isinstance(text, bytes) else text.encode("utf-8")
    return data if str is bytes else os.fsdecode(data)


def wait_until(ready, seconds, what):
    """Call `ready` until it is true.

    :raises LabError: not within `seconds`; the message names `what`
    """
    end = time.time() + seconds
    while not ready():
        if time.time() > end:
            raise LabError("{0} was not ready within {1} s".format(what, seconds))
        time.sleep(0.02)


def children(pid):
    """:returns: list of int, the pids of all living descendants of `pid`, parents first"""
    parents = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            parents.setdefault(parent_of(int(name)), []).append(int(name))
    found, waiting = [], [pid]
    while waiting:
        below = parents.get(waiting.pop(0), [])
        found.extend(below)
        waiting.extend(below)
    return found


def parent_of(pid):
    """:returns: int, the parent's pid; 0 when the process is gone"""
    fields = _stat(pid)  # read once: the process may end between two looks
    return int(fields[1]) if fields else 0


def alive(pid):
    """:returns: bool, the process exists and is no zombie"""
    fields = _stat(pid)
    return bool(fields) and fields[0] not in ("Z", "X")


def command_name(pid):
    """:returns: str, the kernel's short name of the process; "" when it is gone"""
    try:
        with open("/proc/{0}/comm".format(pid)) as comm:
            return comm.read().strip()
    except (IOError, OSError):
        return ""


def command_line(pid):
    """:returns: list of str, the words it was started with; [] when it is gone"""
    try:
        with io.open("/proc/{0}/cmdline".format(pid), encoding="utf-8", errors="replace") as words:
            return words.read().split("\0")[:-1]
    except (IOError, OSError):
        return []


def end_at_once(pid):
    """End a process that may be gone already."""
    try:
        os.kill(pid, signal.SIGKILL)
    except OSError:
        pass


def _stat(pid):
    try:
        with open("/proc/{0}/stat".format(pid)) as stat:
            return stat.read().rpartition(")")[2].split()
    except (IOError, OSError):
        return []


class Child(object):
    """A long-running child whose output goes to a file.

    :param command: list of str
    :param log: str, path of the file that gets its standard output and error
    """

    def __init__(self, command, log, environment=None):
        self.log = log
        with open(log, "ab") as sink, open(os.devnull) as nothing:
            # setpriv: a test run killed with -9 leaves no server behind.
            self._process = subprocess.Popen(
                ["setpriv", "--pdeathsig", "TERM"] + list(command),
                stdin=nothing,
                stdout=sink,
                stderr=subprocess.STDOUT,
                env=merged_environment(environment),
            )
        self.pid = self._process.pid

    def running(self):
        return self._process.poll() is None

    def wait_for(self, ready, seconds, what):
        """Wait until `ready()`; a child that ended meanwhile is reported with the end of its
        log."""

        def ready_or_dead():
            return not self.running() or ready()

        wait_until(ready_or_dead, seconds, what)
        if not self.running():
            raise LabError("{0} ended at once: {1}".format(what, self.log_end()))

    def log_end(self):
        """:returns: str, the last 2000 characters it wrote"""
        with open(self.log, "rb") as log:
            return log.read().decode("utf-8", "replace")[-2000:]

    def signal(self, number):
        if self.running():
            self._process.send_signal(number)

    def stop(self, seconds=60):
        """End it: TERM, then KILL after `seconds`. Harmless when it is gone already."""
        self.signal(signal.SIGCONT)
        self.signal(signal.SIGTERM)
        end = time.time() + seconds
        while self.running() and time.time() < end:
            time.sleep(0.02)
        self.signal(signal.SIGKILL)
        self._process.wait()
