"""A machine as settings name it, on the lab's sshd."""

from __future__ import absolute_import, print_function, unicode_literals

import io
import os

from controller.settings import defaults
from controller.settings.model import Engine, Machine


def machine_of(sshd, **changes):
    """:param sshd: tests.lab.sshd.Sshd, or None for a machine that is not asked.
    :returns: settings Machine.
    """
    values = {
        "name": "builder-1",
        "host": "127.0.0.1",
        "port": sshd.port if sshd else 22,
        "username": sshd.username if sshd else "builder",
        "key_file": sshd.client_key if sshd else None,
        "password": None,
        "jump_hosts": (),
        "executors": 1,
        "labels": (),
        "root": sshd.root if sshd else "/data/tristan",
        "python": None,
        "engine": Engine("docker", ("docker",)),
        "isolation": ("docker",),
        "lost_after": defaults.LOST_AFTER,
        "disk": defaults.disk({}),
        "proxy": "",
        "no_proxy": "",
        "ca_file": None,
        "ca": "",
        "description": "",
    }
    return Machine(**dict(values, **changes))


def known_hosts(sshd):
    """:returns: path of a file that pins the sshd's host key."""
    path = os.path.join(sshd.directory, "pins")
    with io.open(path, "w") as target:
        target.write(sshd.known_hosts_line + "\n")
    return path
