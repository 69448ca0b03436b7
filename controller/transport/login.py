"""Proves to a machine, whose host key was checked before, who is logging in.

Job: try keys (files, agent, certificates), then the password; say what was tried when none fits.
In: a paramiko Transport behind its key exchange, a Destination, a password reference.
Out: an authenticated transport, or errors.AuthenticationFailed.
"""

from __future__ import absolute_import, print_function, unicode_literals

from controller import errors
from controller.transport import agent as agents
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
        self._rsa = self._refused = False

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
        bare, certified = agents.held(agent)
        for path in self._destination.key_files:
            for title, key in self._of_file(path, bare, certified):
                yield title, key
        if not self._destination.explicit and not self._destination.identities_only:
            for key in certified:
                yield "agent's certificate of %s" % known_hosts.fingerprint(key.public()), key
            for key in sorted(bare, key=lambda one: one.blob):
                yield "agent's key %s" % known_hosts.fingerprint(key.blob), key

    def _of_file(self, path, bare, certified):
        """(title, key) pairs of a file: the agent's certificates of its key, and the key.

        :param bare: the agent's keys; one that is taken is taken out, and so are its certificates of `certified`.
        """
        try:
            key_file = keys.look(path)
        except errors.SecretUnavailable as error:
            if self._destination.explicit:
                raise
            self._note_missing(path, error)
            return
        for one in [key for key in certified if key.public() == key_file.public]:
            certified.remove(one)
            yield "key %s with the agent's certificate" % path, one
        found = self._bare(key_file, [key for key in bare if key.blob == key_file.public])
        bare[:] = [key for key in bare if key.blob != key_file.public]
        if found is not None:
            yield "key %s" % path, found

    def _bare(self, key_file, in_agent):
        """The key of a file, from the agent where the file can't be used alone; None for neither."""
        if in_agent and key_file.trouble:
            return in_agent[0]
        try:
            return keys.load(key_file, self._destination.certificate)
        except keys.Unusable as error:
            self._tried.append("key %s %s" % (key_file.path, error.reason))
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
            if not self._transport.is_active():
                raise self._ended(title, error)
            self._tried.append(title)
            self._refused = True
            return False
        except (paramiko.SSHException, EOFError, EnvironmentError) as error:
            raise self._ended(title, error)
        if missing:
            self._tried.append("%s (accepted; it wants %s too)" % (title, ", ".join(missing)))
        return not missing

    def _ended(self, title, error):
        """A machine that has refused something may end the connection with that; else it was cut."""
        self._tried.append(title)
        if self._refused:
            return self._failure("then the connection ended: %s" % error)
        return errors.ConnectionLost(
            "the connection to %s was cut during the login with %s"
            % (self._destination.label, title),
            remedy="try again; the log of sshd there says more",
        )

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
