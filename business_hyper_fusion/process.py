"""Running a command on the machine: its output to the log, its end measured, its life bounded.

In: an argument list (planned elsewhere), an environment, a Control. Out: Finished, or outcome.Ended when
the attempt was cancelled or ran out of time while the command ran.
"""

from __future__ import absolute_import, print_function

import errno
import os
import pwd
import signal
import subprocess

from business_hyper_fusion import compat, files, outcome

TICK = 0.1
"""Seconds between two looks at the clock and the cancel marker, at most."""

LEFTOVER_WAIT = 0.5
"""Seconds to read on after a command's end while something it left behind holds its output open."""

CAPTURE_LIMIT = 1024 * 1024
"""Bytes kept of a captured output; more is read and dropped."""

STANDARD_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def host_environment():
    """What programs on the host get: the login's environment, with a PATH that holds the usual places."""
    environment = dict(os.environ)
    path = environment.get("PATH", "")
    environment["PATH"] = path + ":" + STANDARD_PATH if path else STANDARD_PATH
    environment.setdefault("HOME", pwd.getpwuid(os.getuid()).pw_dir)
    return environment


class Finished(object):
    """A command that ended: ``exit_status`` (int, 128 + signal), ``killed`` (by a signal), ``output`` (captured bytes),
    ``usage`` (rusage).
    """

    def __init__(self, wait_status, output, usage):
        self.exit_status = _exit_status(wait_status)
        self.killed = os.WIFSIGNALED(wait_status)
        self.output = output
        self.usage = usage

    def text(self):
        return compat.to_native(self.output).strip()

    def last_line(self):
        """The last line that says something; what a program's error usually comes down to."""
        lines = [line.strip() for line in self.text().splitlines() if line.strip()]
        return lines[-1] if lines else ""


class Command(object):
    """What to run and how.

    :param words: argument list of texts.
    :param environment: dict of the whole environment.
    :param directory: working directory.
    :param stdin: bytes handed in, or None for nothing to read.
    :param capture: True keeps the output instead of logging it.
    :param seconds: own time limit, or None; past it the command is killed.
    """

    progress = None
    """What says ``has_stalled(pid)``; then the command is killed."""

    stop = None
    """Called with a signal's number when the command runs as another user (``sudo docker``), who can't be signalled."""

    kept = ()
    """Descriptors of locks that the command holds as well: they are held until it is dead, whoever is killed before."""

    lifeline = None
    """Lifeline that signals go down first, to where the command's work is done."""

    def __init__(self, words, environment, directory=None, stdin=None, capture=False, seconds=None):
        self.words = words
        self.environment = environment
        self.directory = directory
        self.stdin = stdin
        self.capture = capture
        self.seconds = seconds


class Runner(object):
    """:param log: Log that output goes to.
    :param control: Control that may end a command early, or None for commands that clean up.
    :param disk: room.Room, which looks at the disk while a command runs, or None.
    """

    def __init__(self, log, control, disk=None):
        self._log = log
        self._control = control
        self._disk = disk
        self.usages = []

    def unstoppable(self):
        """:returns: a Runner for cleaning up, which a cancellation or a limit does not end."""
        runner = Runner(self._log, None)
        runner.usages = self.usages
        return runner

    def run(self, command, meter=None):
        """Run to the end.

        :param meter: ContainerMeter, sampled as often as it wants.
        :raises outcome.Ended: cancelled, timeout; the command is dead then. ``not_found`` when it can't start.
        """
        return self.finish(self.begin(command), meter)

    def begin(self, command):
        """Start it, and do something else meanwhile. :returns: what one of :func:`finish` and :func:`abandon` takes."""
        return command, _start(command)

    def abandon(self, begun):
        """Nobody wants to know any more."""
        _Watch(begun[1], begun[0], None).kill()
        _reap(begun[1], wait=True)
        begun[1].stdout.close()

    def finish(self, begun, meter=None):
        """The same as :func:`run`, of a command that runs already; its time limit is counted from here."""
        command, process = begun
        watch = _Watch(process, command, self._control)
        try:
            self._pump(process, watch, command, meter)
        except BaseException:
            watch.kill()
            _reap(process, wait=True)
            if watch.reason is not None:
                raise watch.reason  # What it said while it was ended may not have found room.
            raise
        finished = Finished(watch.wait_status, bytes(watch.captured), watch.usage)
        finished.stalled = watch.stalled
        self.usages.append(finished.usage)
        if watch.reason is not None:
            raise watch.reason
        return finished

    def _pump(self, process, watch, command, meter):
        """Read, look around, until the command is gone and its output is read."""
        output = process.stdout.fileno()
        wakeup = [self._control.wakeup] if self._control else []
        is_open = True
        while is_open or watch.wait_status is None:
            # Before it reads: once more after the end was noticed, however long this process itself was stopped then.
            is_last = watch.ended_for() > LEFTOVER_WAIT
            pause = min(TICK, meter.pause()) if meter else TICK
            readable = compat.wait_readable(([output] if is_open else []) + wakeup, pause)
            if self._control:
                self._control.drain()
            if output in readable:
                is_open = self._read(output, watch, command)
            if meter:
                meter.sample()
            if self._disk:
                self._disk.look()
            watch.look()
            is_open = is_open and not is_last
        process.stdout.close()

    def _read(self, output, watch, command):
        """:returns: False at the end of the output."""
        data = compat.retry_interrupted(os.read, output, 65536)
        if not command.capture:
            self._tell(data)
        elif len(watch.captured) < CAPTURE_LIMIT:
            watch.captured.extend(data)
        return bool(data)

    def _tell(self, data):
        """A full disk ends a command, unless that is what tidies up."""
        try:
            self._log.write(data)
        except (IOError, OSError):
            if self._control is not None:
                raise


class _Watch(object):
    """A running command's end: noticed when it comes, brought about when it must."""

    def __init__(self, process, command, control):
        self._process = process
        self._command = command
        self._control = control
        self._deadline = None
        if command.seconds is not None:
            self._deadline = compat.monotonic() + command.seconds
        self._kill_at = None
        self._ended_at = None
        self.reason = None
        self.captured = bytearray()
        self.wait_status = None
        self.usage = None
        self.stalled = False

    def look(self):
        """Notice an end; bring one about where control or the command's own limit says so."""
        if self.wait_status is None:
            reaped = _reap(self._process, wait=False)
            if reaped is not None:
                self.wait_status, self.usage = reaped
                self._ended_at = compat.monotonic()
                return
            self._bring_about()

    def ended_for(self):
        """Seconds since the command's end was noticed; 0 while it runs."""
        return 0.0 if self._ended_at is None else compat.monotonic() - self._ended_at

    def kill(self):
        self._signal(signal.SIGKILL)

    def _bring_about(self):
        now = compat.monotonic()
        if self._deadline is not None and now >= self._deadline:
            self.kill()
        progress = self._command.progress
        if progress is not None and progress.has_stalled(self._process.pid):
            self.stalled = True
            self.kill()
        if self._control is None:
            return
        reason = self._control.reason()
        if reason is not None and self.reason is None:
            self.reason = reason
            self._kill_at = now + self._control.grace(reason)
            self._signal(signal.SIGTERM)
        if self.reason is not None and now >= self._kill_at:
            if reason is not None and reason.cause == "hard_limit":
                self.reason = reason
            self.kill()

    def _signal(self, number):
        """Signal the command's whole process group; it is the leader of its own."""
        if self._command.lifeline is not None and self._command.lifeline.pass_on(number):
            return
        try:
            os.killpg(self._process.pid, number)
        except OSError as error:
            if error.errno == errno.EPERM and self._command.stop is not None:
                self._command.stop(number)
            elif error.errno not in (errno.ESRCH, errno.EPERM):
                raise


def _start(command):
    options = compat.leading_own_session(command.kept)
    options.update(env=compat.environment(command.environment), cwd=command.directory)
    options.update(stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        process = subprocess.Popen(compat.words(command.words), **options)
    except OSError as problem:
        message = "%s can't be started: %s" % (command.words[0], os.strerror(problem.errno or 0))
        raise outcome.error("not_started", message)
    try:
        files.write_all(process.stdin.fileno(), command.stdin or b"")
        process.stdin.close()
    except (IOError, OSError) as problem:
        if problem.errno != errno.EPIPE:
            raise
    return process


def _reap(process, wait):
    """:returns: (wait status, rusage), or None while it runs; ``wait4``, because it measures."""
    try:
        pid, status, usage = compat.retry_interrupted(
            os.wait4, process.pid, 0 if wait else os.WNOHANG
        )
    except OSError as error:
        if error.errno != errno.ECHILD:
            raise
        return None
    if pid == 0:
        return None
    process.returncode = status  # Popen must not wait for a pid that is no longer its child.
    return status, usage


def _exit_status(status):
    return os.WEXITSTATUS(status) if os.WIFEXITED(status) else 128 + os.WTERMSIG(status)
