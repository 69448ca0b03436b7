"""What the controller remembers on the operator's side: facts about machines, pins, the journal.

Job: keep small JSON files below the XDG state directory, whole or not at all, readable by the user
    alone.
In: facts by machine name. Out: the same facts; {} where there are none, or where a file is damaged.

Everything here is a hint that the machines themselves can replace, but for the pins in known_hosts.
"""

from __future__ import absolute_import, print_function, unicode_literals

import json
import os

from business_hyper_fusion import names

MAX_BYTES = 1024 * 1024


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
        make_private(self.directory)
        return os.path.join(self.directory, "known_hosts")

    @property
    def journal(self):
        from controller.journal import Journal

        return Journal(self.directory, self.on_note)

    def machine(self, name):
        """What is known of a machine, of {"python", "python_version", "release"}."""
        return read_json(self._facts(name), self.on_note)

    def remember(self, name, **facts):
        write_json(self._facts(name), dict(self.machine(name), **facts))

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


def make_private(directory):
    """Makes what is missing of a path, for the user alone; makedirs does that to its end only."""
    if os.path.isdir(directory):
        return
    make_private(os.path.dirname(directory))
    try:
        os.mkdir(directory, 0o700)
    except OSError:
        if not os.path.isdir(directory):  # another tristan may have been quicker
            raise


def read_json(path, on_note):
    """The object in a file, {} when there is none or it is damaged (which is noted)."""
    try:
        with open(path, "rb") as opened:
            document = json.loads(opened.read(MAX_BYTES).decode("utf-8"))
    except ValueError:
        document = None
    except EnvironmentError:
        return {}
    if not isinstance(document, dict):
        on_note("ignoring %s: it is damaged" % path)
        return {}
    return document


def write_json(path, document, durable=False):
    """Replaces a file at once.

    :param durable: whether it must be on the disk before this returns.
    """
    make_private(os.path.dirname(path))
    temporary = "%s.%d.new" % (path, os.getpid())
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
    with os.fdopen(os.open(temporary, flags, 0o600), "wb") as target:
        target.write(json.dumps(document, sort_keys=True).encode("utf-8") + b"\n")
        if durable:
            target.flush()
            os.fsync(target.fileno())
    os.rename(temporary, path)


def remove(path):
    try:
        os.unlink(path)
    except OSError:
        if os.path.lexists(path):
            raise
