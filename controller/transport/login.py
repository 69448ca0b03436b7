"""Proves to a machine, whose host key was checked before, who is logging in.

Job: try keys (files, agent, certificates), then the password; say what was tried when none fits.
In: a paramiko Transport behind its key exchange, a Destination, a password reference.
Out: an authenticated transport, or errors.AuthenticationFailed.
"""

from __future__ import absolute_import, print_function, unicode_literals

from controller import errors
from controller.transport import keys, known_hosts
from controller.transport.library import paramiko


class Login(object):
    """:param transport: paramiko.Transport. :param destination: ssh_config.Destination.
    :param password: secrets.SecretReference or None; it is read only when it is needed.
    """

    def __init__(self, transport, destination, password):
        self._transport = transport
        self._destination = destination
        self._password = password
        self._tried = []
        self._rsa = False

    def run(self):
        """:raises errors.AuthenticationFailed, errors.SecretUnavailable:"""
        agent = paramiko.Agent()
        try:
            accepted = self._by_keys(agent) or self._by_password()
        finally:
            agent.close()
        if not accepted:
            raise self._failure()

    def _by_keys(self, agent):
        for title, key in self._keys(agent):
            if self._is_useless(title, key):
                continue
            if self._attempt(title, self._transport.auth_publickey, key):
                return True
        return False

    def _is_useless(self, title, key):
        """Whether the machine says that it takes no signature that an RSA key gives here: it is too old for SHA-2."""
        if "ssh-rsa" not in key.get_name():
            return False
        self._rsa = True
        told = self._transport.server_extensions.get("server-sig-algs", b"")
        useless = bool(told) and b"rsa-sha2-" not in told
        if useless:
            self._tried.append(
                "%s (the machine takes RSA keys with SHA-1 signatures alone)" % title
            )
        return useless

    def _keys(self, agent):
        """(title, key) pairs in the order to try them; a file's key may be the agent's."""
        held = dict((known_hosts.fingerprint(key.asbytes()), key) for key in agent_keys(agent))
        for path in self._destination.key_files:
            found = self._from_file(path, held)
            if found is not None:
                yield "key %s" % path, found
        if not self._destination.explicit and not self._destination.identities_only:
            for fingerprint in sorted(held):
                yield "agent's key %s" % fingerprint, held[fingerprint]

    def _from_file(self, path, held):
        """The key of a file, from the agent where the file can't be used alone; None for neither.

        :param held: {fingerprint: agent's key}; a key that is taken is taken out.
        """
        try:
            key_file = keys.look(path)
        except errors.SecretUnavailable as error:
            if self._destination.explicit:
                raise
            self._note_missing(path, error)
            return None
        in_agent = held.pop(known_hosts.fingerprint(key_file.public), None)
        if in_agent is not None and key_file.trouble:
            return in_agent
        try:
            return keys.load(key_file, self._destination.certificate)
        except keys.Unusable as error:
            self._tried.append("key %s %s" % (path, error.reason))
            return None

    def _note_missing(self, path, error):
        """A key that only may be there is worth a word when it is there."""
        if keys.modified(path) is not None:
            self._tried.append(error.message)

    def _by_password(self):
        if self._password is None:
            return False
        text = self._password.resolve().reveal()
        return self._attempt("the password", self._transport.auth_password, text)

    def _attempt(self, title, method, proof):
        """Whether the machine let us in; False also when it wants something more behind this."""
        try:
            missing = method(self._destination.username, proof)
        except paramiko.BadAuthenticationType as error:
            allowed = ", ".join(error.allowed_types) or "nothing"
            self._tried.append("%s (the machine accepts %s)" % (title, allowed))
            return False
        except paramiko.AuthenticationException as error:
            self._tried.append(title)
            if not self._transport.is_active():
                raise self._failure("then the connection ended: %s" % error)
            return False
        except (paramiko.SSHException, EOFError, EnvironmentError) as error:
            self._tried.append(title)
            raise self._failure("then the connection ended: %s" % error)
        if missing:
            self._tried.append("%s (accepted; it wants %s too)" % (title, ", ".join(missing)))
        return not missing

    def _failure(self, more=""):
        where = self._destination
        tried = "; tried: %s" % ", ".join(self._tried) if self._tried else ""
        if not self._tried:
            tried = "; there is no key and no password to log in with"
        remedy = "check username, key_file and password of the machine in tristan.yml"
        if self._rsa:
            remedy += ", for an RSA key PubkeyAcceptedAlgorithms rsa-sha2-256 of its sshd"
        if any("passphrase" in one for one in self._tried):
            remedy = "load the key into ssh-agent (`ssh-add KEY`), or use one without a passphrase"
        return errors.AuthenticationFailed(
            "%s refuses to let %s in%s%s"
            % (where.label, where.username, tried, ", " + more if more else ""),
            remedy="%s; `ssh -p %d %s@%s` must work"
            % (remedy, where.port, where.username, where.host),
        )


def agent_keys(agent):
    try:
        return agent.get_keys()
    except (paramiko.SSHException, EnvironmentError):
        return ()
