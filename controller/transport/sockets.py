"""The byte stream under an SSH connection: TCP without delays, a proxy command, or a jump host's channel."""

from __future__ import absolute_import, print_function, unicode_literals

import socket

from controller.transport.library import paramiko


def connect_socket(hop, previous, timeout):
    """:param hop: ssh_config.Hop. :param previous: paramiko Transport of the hop before, or None.
    :returns: what paramiko.Transport takes.
    :raises socket.error, paramiko.SSHException: no connection.
    """
    if previous is not None:
        return previous.open_channel("direct-tcpip", (hop.host, hop.port), ("", 0), timeout=timeout)
    if hop.proxy_command:
        return paramiko.ProxyCommand(hop.proxy_command)
    connection = socket.create_connection((hop.host, hop.port), timeout)
    # Without this a small message waits for the acknowledgement of the one before it: 40 ms each.
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return QuickSocket(connection)


class QuickSocket(object):
    """A socket that acknowledges at once: Linux forgets TCP_QUICKACK, so it is set after each receive."""

    def __init__(self, connection):
        self._connection = connection
        self._option = getattr(socket, "TCP_QUICKACK", None)

    def recv(self, count):
        data = self._connection.recv(count)
        if self._option is not None:
            try:
                self._connection.setsockopt(socket.IPPROTO_TCP, self._option, 1)
            except socket.error:
                self._option = None
        return data

    def __getattr__(self, name):
        return getattr(self._connection, name)
