"""Debian's rsyslogd as a shipper of log files and as the central receiver; each with its own state, on loopback.

In: file patterns. Out: the lines that arrived, in their order, each with the path it came from.
"""

from __future__ import absolute_import, print_function, unicode_literals

import io
import os
import socket

from tests.lab import process

PROGRAM = "/usr/sbin/rsyslogd"

LONGEST = "64k"
"""Of a line; the default of 8k would cut."""

RECEIVER = """
global(workDirectory="{directory}" maxMessageSize="{longest}")
module(load="imptcp")
template(name="whole" type="string" string="%rawmsg%\\n")
ruleset(name="keep") {{ action(type="omfile" file="{received}" template="whole" asyncWriting="off" flushOnTXEnd="on") }}
input(type="imptcp" address="127.0.0.1" port="{port}" ruleset="keep")
"""

SHIPPER = """
global(workDirectory="{directory}/state" maxMessageSize="{longest}")
module(load="imfile" mode="inotify")
template(name="whole" type="string" string="%$!metadata!filename% %msg%\\n")
ruleset(name="ship") {{
  action(type="omfwd" target="127.0.0.1" port="{port}" protocol="tcp" template="whole" action.resumeRetryCount="-1")
}}
"""

INPUT = """
input(type="imfile" file="{pattern}" tag="tristan:" ruleset="ship" addMetadata="on" persistStateInterval="1")
"""


class Receiver(object):
    """The central server. .port"""

    def __init__(self):
        self.directory = process.directory("receiver")
        self.port = process.free_port()
        self._received = os.path.join(self.directory, "received")
        text = RECEIVER.format(
            directory=self.directory, longest=LONGEST, received=self._received, port=self.port
        )
        self._child = start(self.directory, text)
        self._child.wait_for(self._listens, 60, "the receiving rsyslogd")

    def lines(self):
        """:returns: dict of path -> list of bytes, the lines that came from that file"""
        found = {}
        if os.path.exists(self._received):
            with io.open(self._received, "rb") as received:
                for line in received.read().split(b"\n")[:-1]:
                    path, _, text = line.partition(b" ")
                    found.setdefault(path.decode("utf-8"), []).append(text)
        return found

    def stop(self):
        self._child.stop()
        process.remove(self.directory)

    def _listens(self):
        try:
            socket.create_connection(("127.0.0.1", self.port), 2).close()
            return True
        except (IOError, OSError):
            return False


class Shipper(object):
    """Follows the files of some patterns; what it was at it knows again after `stop()` and `start()`."""

    def __init__(self, patterns, port):
        self.directory = process.directory("shipper")
        os.mkdir(os.path.join(self.directory, "state"))
        self._text = SHIPPER.format(directory=self.directory, longest=LONGEST, port=port)
        self._text += "".join(INPUT.format(pattern=pattern) for pattern in patterns)
        self.start()

    def start(self):
        self._child = start(self.directory, self._text)

    def stop(self):
        self._child.stop(120)  # what it was at it writes down last

    def states(self):
        """:returns: list of str, names of its state files"""
        return os.listdir(os.path.join(self.directory, "state"))

    def remove(self):
        self.stop()
        process.remove(self.directory)


def start(directory, text):
    path = os.path.join(directory, "rsyslog.conf")
    with io.open(path, "w", encoding="utf-8") as configuration:
        configuration.write(text)
    words = [PROGRAM, "-n", "-f", path, "-i", os.path.join(directory, "pid")]
    return process.Child(words, os.path.join(directory, "rsyslogd.log"))
