"""What ssh-agent holds: keys, and certificates of keys.

In: SSH_AUTH_SOCK, as paramiko's Agent reads it. Out: keys that sign, each with a public part of its own.
"""

from __future__ import absolute_import, print_function, unicode_literals

from controller.transport import keys
from controller.transport.certificates import SUFFIX
from controller.transport.library import paramiko


class Certified(object):
    """A key of the agent's with a certificate that the agent holds, too; paramiko would show the key alone.

    .public_blob: paramiko's, what is shown. :param signer: paramiko's AgentKey of the bare key.
    """

    def __init__(self, signer, name, blob):
        self._signer = signer
        self._name = name
        self.public_blob = paramiko.pkey.PublicBlob(name, blob)

    def get_name(self):
        return self._name

    def asbytes(self):
        return self.public_blob.key_blob

    def public(self):
        """Bytes of the key that is certified."""
        return self._signer.blob

    def sign_ssh_data(self, data, algorithm=None):
        plain = algorithm and algorithm.replace(
            SUFFIX, ""
        )  # 2.7's paramiko knows these names alone
        return self._signer.sign_ssh_data(data, plain)


def held(agent):
    """:param agent: paramiko.Agent. :returns: (list of its bare keys, list of Certified)."""
    try:
        found = agent.get_keys()
    except (paramiko.SSHException, EnvironmentError):
        return [], []
    bare = [key for key in found if not key.get_name().endswith(SUFFIX)]
    certified = [
        Certified(key, one.get_name(), one.blob)
        for one in found
        for key in bare
        if one.get_name().endswith(SUFFIX) and keys.certifies(one.blob, key.blob)
    ]
    return bare, certified
