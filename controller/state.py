"""What the controller remembers on the operator's side: facts about machines, pins, the journal.

Job: know where below the XDG state directory everything is, and keep the facts about machines.
In: facts by machine name. Out: the same facts; {} where there are none, or where a file is damaged.

Everything here is a hint that the machines themselves can replace, but for the pins in known_hosts.
"""

from __future__ import absolute_import, print_function, unicode_literals

import os

from business_hyper_fusion import names
from controller import errors
from controller.documents import make_private, read_json, remove, write_json
from controller.journal import Journal
from controller.local_file import told
from controller.remembered import FACTS


class State(object):
    """:param directory: path; None for $XDG_STATE_HOME/tristan.
    :param on_note: callable(text), told of files that are ignored because they are damaged.
    """

    def __init__(self, directory=None, on_note=None):
        self.directory = directory or default_directory()
        self.on_note = on_note or (lambda text: None)

    @property
    def known_hosts(self):
        """Path of Tristan's own known_hosts; its directory is there."""
        with told(self.directory):
            make_private(self.directory)
        return os.path.join(self.directory, "known_hosts")

    @property
    def slots(self):
        """Path of the directory of slots.Slots."""
        return os.path.join(self.directory, "slots")

    @property
    def journal(self):
        return Journal(self.directory, self.on_note)

    def machine(self, name):
        """What is known of a machine, of {"python", "python_version", "release"}."""
        return read_json(self._facts(name), self.on_note, FACTS)

    def remember(self, name, **facts):
        """A fact that can't be written down is found out again the next time."""
        try:
            write_json(self._facts(name), dict(self.machine(name), **facts))
        except errors.LocalFileError as error:
            self.on_note(error.message)

    def forget(self, name):
        """Drops the facts about a machine, as after `uninstall`."""
        remove(self._facts(name))

    def _facts(self, name):
        return os.path.join(self.directory, "machines", names.component(name) + ".json")


def default_directory():
    base = os.environ.get("XDG_STATE_HOME", "")
    if not os.path.isabs(base):  # the XDG specification: a relative path is to be ignored
        base = os.path.join(os.path.expanduser("~"), ".local", "state")
    return os.path.join(base, "tristan")
