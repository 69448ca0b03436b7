"""How commands reach a machine: one connection, many channels.

Job: `connect` gives a Transport (base.py); today there is one kind, SSH.
In: a settings Machine, the path of Tristan's known_hosts. Out: a Transport, or an error of
    errors.py.

Importing this package imports no SSH library; connecting does.
"""

from __future__ import absolute_import, print_function, unicode_literals

from controller.transport.base import (
    Channel,
    Completed,
    NoChannel,
    ReceiveTimeout,
    Terminal,
    Transport,
)

__all__ = [
    "Channel",
    "Completed",
    "NoChannel",
    "ReceiveTimeout",
    "Terminal",
    "Transport",
    "connect",
]

TIMEOUT = 15.0
"""Seconds for each step of making a connection: TCP, key exchange, login."""


def connect(machine, known_hosts, ssh_config_path=None, timeout=TIMEOUT):
    """Logs in on a machine whose host key is known.

    :param machine: settings Machine; what it leaves open, ~/.ssh/config decides.
    :param known_hosts: path of Tristan's own known_hosts; it may be missing.
    :param ssh_config_path: path, read instead of the user's and the system's own.
    :param timeout: seconds for each step.
    :returns: Transport.
    :raises errors.MachineUnreachable, errors.HostKeyUnknown, errors.HostKeyChanged,
        errors.AuthenticationFailed, errors.SecretUnavailable, errors.SettingsError:
    """
    from controller.transport import ssh

    return ssh.connect(machine, known_hosts, ssh_config_path, timeout)
