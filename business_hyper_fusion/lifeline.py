"""The line between the worker and the script that it runs in a container: two named pipes in a mounted directory.

``alive``: held by the worker. Signals go down it by name; its end tells attended.sh, the script's own parent in there,
that the worker is dead, and that nothing may stay. No engine and no client of one has a part in it.
``said``: what attended.sh says: that it began; how often the kernel killed for want of memory; how the script ended.
"""

from __future__ import absolute_import, print_function

import errno
import os
import signal

from business_hyper_fusion import checkout, compat

PASSED_ON = {signal.SIGTERM: b"TERM\n"}
"""What attended.sh understands."""


class Lifeline(object):
    """:param directory: made anew.

    .began (bool) .exit_status (of the script, int; None: not known) .oom_kills (int; None: the kernel does not tell)
    """

    def __init__(self, directory):
        self.directory = directory
        self.began = False
        self.exit_status = None
        self.oom_kills = None
        self._buffer = b""
        checkout.remove_tree(directory)
        os.mkdir(directory, 0o700)
        self._alive = _open_pipe(os.path.join(directory, "alive"))
        self._said = _open_pipe(os.path.join(directory, "said"))

    def pass_on(self, number):
        """:returns: True when a signal is on its way to the script, which does not need another one then."""
        self.listen()
        return self.began and number in PASSED_ON and _write(self._alive, PASSED_ON[number])

    def close(self):
        """The step is over, however that came about; what still hangs on the line ends."""
        self.listen()
        os.close(self._alive)
        os.close(self._said)
        checkout.remove_tree(self.directory)

    def listen(self):
        """Take what was said since; a build can say things, too, but takes nothing back."""
        try:
            self._buffer += os.read(self._said, 65536)
        except OSError as error:
            if error.errno not in (errno.EAGAIN, errno.EINTR):
                raise
        lines = self._buffer.split(b"\n")
        self._buffer = lines.pop()[:100]
        for line in lines:
            self._take(compat.to_native(line).split())

    def _take(self, words):
        if words == ["began"]:
            self.began = True
        elif len(words) == 2 and words[1].isdigit():
            if words[0] == "ended":
                self.exit_status = int(words[1])
            elif words[0] == "oom_kill":
                self.oom_kills = int(words[1])


def _open_pipe(path):
    """For both ends: opening one alone would wait for the other."""
    os.mkfifo(path, 0o600)
    return compat.close_on_exec(os.open(path, os.O_RDWR | os.O_NONBLOCK))


def _write(descriptor, data):
    try:
        return os.write(descriptor, data) == len(data)
    except OSError:
        return False
