"""Why there is no connection, in words of an operator's: what answered, what is the matter, what to do.

In: a Destination, the handshake's Attempt, the error that ended it; or the host key and what is pinned. Out: an
    error of errors.py, to be raised.
"""

from __future__ import absolute_import, print_function, unicode_literals

import errno
import re

from controller import compat, errors
from controller.transport import known_hosts
from controller.transport.library import paramiko

CROWDED = (b"Exceeded MaxStartups", b"Not allowed at this time")
"""What sshd says to a caller whom it does not let in now; the second one to an address that it penalizes."""

CUT = (errno.ECONNRESET, errno.EPIPE)

OPENSSH = re.compile(r"OpenSSH_(\d+)\.(\d+)[^ \r\n]*")
LEAST_OPENSSH = (7, 4)

LACKING = (
    ("kex", "key exchange", "KexAlgorithms curve25519-sha256,diffie-hellman-group14-sha256"),
    ("host key", "host key with SHA-2 signatures", "HostKeyAlgorithms ssh-ed25519,rsa-sha2-256"),
    ("cipher", "cipher", "Ciphers aes128-ctr,aes256-ctr"),
    ("mac", "message authentication", "MACs hmac-sha2-256,hmac-sha2-512"),
)
"""(word of paramiko's, what is not common, what sshd_config must allow for it)."""


def of_call(destination, attempt, error):
    """Of a call that did not get as far as the host key."""
    line = attempt.line
    where = "%s port %d" % (destination.host, destination.port)
    version = compat.ensure_text(attempt.transport.remote_version or "")
    if isinstance(error, paramiko.ssh_exception.IncompatiblePeer) or is_old(version):
        return incompatible(where, version, error)
    if line.complaint:
        return errors.MachineUnreachable(
            "the ProxyCommand to %s failed: %s" % (where, line.complaint),
            remedy="check it in ~/.ssh/config; `ssh %s` must work" % destination.label,
        )
    if line.first.startswith(b"SSH-"):
        was_cut = isinstance(error, EOFError) or getattr(error, "errno", None) in CUT
        return (errors.ConnectionLost if was_cut else errors.MachineUnreachable)(
            "the SSH key exchange with %s failed: %s" % (where, error or "the connection was cut"),
            remedy="try again; the log of sshd there says more",
        )
    if line.first.startswith(CROWDED):
        return crowded(where, line.first)
    return no_sshd(where, line.first)


def crowded(where, first):
    """Of a host that hung up again and again, and said why."""
    if first.startswith(CROWDED[0]):
        return errors.MachineUnreachable(
            "the sshd on %s has too many callers (MaxStartups) and let us in at none of many calls"
            % where,
            remedy="raise MaxStartups in its sshd_config; who else calls it all the time?",
            cause="too_many_callers",
        )
    return errors.MachineUnreachable(
        "the sshd on %s takes no calls from this address for a while (PerSourcePenalties)" % where,
        remedy="try again in some minutes; logins that failed are the usual reason",
        cause="too_many_callers",
    )


def no_sshd(where, first):
    """Of something that is no SSH server, or does not get as far as to say that it is one."""
    if first:
        said = first.split(b"\n")[0].decode("ascii", "replace").strip()
        return errors.MachineUnreachable(
            "what answers on %s is no SSH server: it says %.60r" % (where, str(said)),
            remedy="check host and port of the machine in tristan.yml",
        )
    return errors.MachineUnreachable(
        "%s takes calls, but no SSH server speaks there" % where,
        remedy="check the port; if sshd has too many callers (MaxStartups), try again",
    )


def is_old(version):
    """Whether a server says that it is an OpenSSH older than what is supported."""
    found = OPENSSH.search(version)
    return bool(found) and tuple(int(part) for part in found.groups()) < LEAST_OPENSSH


def incompatible(where, version, error):
    """Of an sshd that has nothing in common with us; an old one, as a rule."""
    found = OPENSSH.search(version)
    if is_old(version):
        return errors.MachineUnreachable(
            "the sshd on %s is too old: %s" % (where, found.group()),
            remedy="Tristan needs OpenSSH %d.%d or newer: update it; Tristan signs with SHA-2 alone"
            % LEAST_OPENSSH,
            cause="incompatible_sshd",
        )
    lacking = [one for one in LACKING if one[0] in ("%s" % error).lower()]
    what, option = lacking[0][1:] if lacking else ("%s" % error, "what OpenSSH allows by default")
    return errors.MachineUnreachable(
        "the sshd on %s (%s) and Tristan have no %s in common"
        % (where, found.group() if found else version or "unknown", what),
        remedy="its sshd_config must allow one of: %s; OpenSSH %d.%d and newer do unless told otherwise"
        % ((option,) + LEAST_OPENSSH),
        cause="incompatible_sshd",
    )


def unknown_key(where, shown, certificate, machine):
    """:param certificate: text, why its certificate is not to be believed; None where no authority is known."""
    more = " (a @cert-authority is known, but its certificate %s)" % certificate
    return errors.HostKeyUnknown(
        "the host key of %s is not known%s: %s" % (where, more if certificate else "", shown),
        remedy="compare it with the machine's own, then `tristan enroll %s`" % machine,
    )


def changed_key(where, shown, pins, machine):
    old = ", ".join(
        "%s %s (%s)" % (entry.key_type, known_hosts.fingerprint(entry.blob), entry.place)
        for entry in pins.deciding
    )
    return errors.HostKeyChanged(
        "the host key of %s has changed: it is %s, known was %s" % (where, shown, old),
        remedy="somebody may stand between; nothing was sent. If the machine was set up anew: "
        "`tristan enroll %s`" % machine,
    )
