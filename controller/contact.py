"""One machine as the controller talks to it: one pooled connection, the Python to use there, the
verbs.

Job: connect when needed and once; find Python once and remember it; ask the executor side's verbs.
In: a settings Machine, the State, a function that connects. Out: answers (dicts) and open channels.

A pooled connection may have died unseen, so a question, which changes nothing, is asked twice at
most. Threads share the connection; who saw it fail closes it, but never one that another thread has made since.
"""

from __future__ import absolute_import, print_function, unicode_literals

import json
import threading

from controller import answer, errors, remote_command
from controller.outlook import Outlook
from controller.plan import BUSINESS_ID
from controller.shared_watch import SharedWatch
from controller.together import Together

TIMEOUT = 60.0
"""Seconds for a verb's answer."""


class Contact(object):
    """:param machine: settings Machine. :param state: state.State.
    :param connect: function(machine) that gives a Transport.
    """

    def __init__(self, machine, state, connect):
        self.machine = machine
        self.business = remote_command.business_directory(machine.root, BUSINESS_ID)
        self.outlook = Outlook()
        self._state = state
        self._connect = connect
        self._transport = self._launched_over = None
        self._connecting = Together()
        self._watching = SharedWatch(self._open_watch, machine.name)
        self._seen = threading.local()  # .transport: the connection that a thread had last

    def transport(self):
        """The living connection; made when there is none."""
        with self._connecting.turn():
            if self._transport is not None and not self._transport.alive():
                self._close()
            if self._transport is None:
                self._transport = self._connect(self.machine)
            self._seen.transport = self._transport
            return self._transport

    def drop(self):
        """Closes the connection that this thread had last; the next use makes a new one."""
        with self._connecting.lock:
            if self._transport is getattr(self._seen, "transport", None):
                self._close()

    def close(self):
        """Closes the connection, whoever uses it."""
        with self._connecting.lock:
            self._close()

    def _close(self):
        transport, self._transport = self._transport, None
        if transport is not None:
            transport.close()

    def python(self):
        """Path of the Python to use there, as remembered, else as found now."""
        return self._state.machine(self.machine.name).get("python") or self.find_python()

    def find_python(self):
        from controller import python_finder

        found = self._twice(lambda: python_finder.find(self.transport(), self.machine))
        version = ".".join("%d" % part for part in found.version)
        self.remember(python=found.path, python_version=version)
        return found.path

    def facts(self):
        return self._state.machine(self.machine.name)

    def remember(self, **facts):
        """Writes facts down, if they are new."""
        known = self.facts()
        if any(known.get(key) != value for key, value in facts.items()):
            self._state.remember(self.machine.name, **facts)

    def open(self, command):
        """A channel to a command; on a new connection where the one that was kept turns out to be dead."""
        from controller.transport import NoChannel

        try:
            return self.transport().open(command)
        except NoChannel:
            self.drop()
            return self.transport().open(command)

    def expect_more(self):
        """Something was launched. Who does that twice over one connection does it again, and has that prepared for."""
        transport = self._seen.transport
        if self._launched_over is transport:
            transport.keep_ready()
        self._launched_over = transport

    def open_verb(self, name):
        """A channel to a verb of the executor side."""
        release = self.facts().get("release")
        command = remote_command.verb(self.python(), self.business, release, name)
        return self.open(command)

    def join_watch(self, build_ids):
        """A shared_watch.Member, to follow builds on the channel that all threads have for that."""
        member = self._watching.join(build_ids)
        self._seen.transport = member.connection
        return member

    def is_watched(self):
        """Whether there is a channel for that already."""
        return self._watching.is_open()

    def keep_watch(self, channel):
        """A launch's channel, which this thread opened, is that one: the verb ``watch`` is at work there by now."""
        self._watching.keep(channel, self._seen.transport)

    def _open_watch(self):
        channel = self.open_verb("watch")
        return channel, self._seen.transport

    def ask(self, name, document, timeout=TIMEOUT):
        """The answer of a verb, or None when Tristan is not on the machine (any more).

        :param timeout: seconds of silence.
        """
        for found_again in (False, True):
            said = self._twice(lambda: self._ask(name, document, timeout))
            if said["answer"] != "lack":
                return said
            if not found_again:
                self.find_python()
        return None

    def _twice(self, question):
        """Asks, and if the connection was lost, asks once more on a new one."""
        try:
            return question()
        except errors.ConnectionLost:
            self.drop()
            return question()

    def _ask(self, name, document, timeout):
        channel = self.open_verb(name)
        try:
            channel.send(json.dumps(document).encode("utf-8") + b"\n")
            channel.send_eof()
            return answer.read(channel, timeout, "%s on %s" % (name, self.machine.name))
        finally:
            channel.close()
