"""Private key files, each loaded once a process: parsing an RSA key takes a tenth of a second.

In: paths. Out: what a file holds, seen without its passphrase; a key that signs, with its
    certificate.
"""

from __future__ import absolute_import, print_function, unicode_literals

import base64
import binascii
import collections
import io
import os
import struct
import threading

from controller import secrets
from controller.transport import certificates
from controller.transport.library import paramiko

KeyFile = collections.namedtuple("KeyFile", "path kind encrypted public trouble")
"""`kind`: "rsa", "ecdsa", "ed25519" or ""; `public`: bytes of the public key, b"" when they can't
be told; `trouble`: text, why the file can't be used as it is, or ""."""

KINDS = {
    "rsa": paramiko.RSAKey,
    "ecdsa": paramiko.ECDSAKey,
    "ed25519": paramiko.Ed25519Key,
}
TITLES = {"RSA PRIVATE KEY": "rsa", "EC PRIVATE KEY": "ecdsa"}
MAGIC = b"openssh-key-v1\0"
CERTIFICATE_FAULTS = (
    paramiko.SSHException,
    EnvironmentError,
    ValueError,
    IndexError,
    binascii.Error,
    struct.error,
)
CONVERT = "convert it: ssh-keygen -p -f %s"

_loaded = {}
_lock = threading.Lock()


class Unusable(Exception):
    """:param reason: text, why a key can't be used."""

    def __init__(self, reason):
        Exception.__init__(self, reason)
        self.reason = reason


def look(path):
    """What is in a key file.

    :returns: KeyFile; one with `public` alone for a public key file, as kept beside an agent.
    :raises errors.SecretUnavailable: it can't be read, or everyone can read it.
    """
    beside = public_of(path if path.endswith(".pub") else path + ".pub")
    if path.endswith(".pub") or (beside and not os.path.exists(path)):
        return KeyFile(path, "", True, beside, "is a public key, which needs ssh-agent")
    text = secrets.read_key_file(path).reveal()
    title, body = armour(text)
    if title == "OPENSSH PRIVATE KEY":
        return openssh(path, body)
    if title in TITLES:
        encrypted = "Proc-Type: 4,ENCRYPTED" in text
        trouble = "needs a passphrase" if encrypted else ""
        return KeyFile(path, TITLES[title], encrypted, beside, trouble)
    return KeyFile(path, "", False, beside, foreign(path, title, text))


def openssh(path, body):
    """The outside of an OpenSSH private key, which tells its cipher and its public key."""
    if not body.startswith(MAGIC):
        return KeyFile(path, "", False, b"", "is damaged")
    try:
        cipher, _, _, rest = fields(body[len(MAGIC) :], 3)
        public = fields(rest[4:], 1)[0]
        name = fields(public, 1)[0].decode("ascii", "replace")
    except (struct.error, IndexError):
        return KeyFile(path, "", False, b"", "is damaged")
    kind = next((kind for kind in KINDS if kind in name.replace("ssh-", "")), "")
    trouble = "" if kind and not name.startswith("sk-") else "is of type %s" % name
    if cipher != b"none":
        trouble = "needs a passphrase"
    return KeyFile(path, kind, cipher != b"none", public, trouble)


def fields(data, count):
    """The first `count` length-prefixed strings of SSH's wire format, then the rest."""
    found = []
    for _ in range(count):
        (length,) = struct.unpack(">I", data[:4])
        if len(data) < 4 + length:
            raise struct.error("short")
        found.append(data[4 : 4 + length])
        data = data[4 + length :]
    return found + [data]


def armour(text):
    """(title, bytes) of the first PEM block; ("", b"") when there is none."""
    title, lines = "", []
    for line in text.splitlines():
        if line.startswith("-----BEGIN ") and not title:
            title = line[len("-----BEGIN ") :].rstrip("-")
        elif line.startswith("-----END "):
            break
        elif title and ":" not in line:
            lines.append(line.strip())
    try:
        return title, base64.b64decode("".join(lines).encode("ascii", "replace"))
    except (TypeError, ValueError, binascii.Error):
        return title, b""


def foreign(path, title, text):
    """Why a file that is no key of a known form can't be used, and what to do."""
    if text.startswith("PuTTY-User-Key-File"):
        return "is a PuTTY key; convert it: puttygen %s -O private-openssh -o NEW" % path
    if title.endswith("PRIVATE KEY"):
        return "is in %s form; " % (title.replace(" PRIVATE KEY", "") or "PKCS#8") + CONVERT % path
    return "holds no private key"


def public_of(path):
    """Bytes of the key in a .pub file, b"" when there is none."""
    try:
        with open(path, "rb") as opened:
            return base64.b64decode(opened.read().split()[1])
    except (EnvironmentError, IndexError, TypeError, ValueError, binascii.Error):
        return b""


def load(key_file, certificate=""):
    """The key that signs.

    :param certificate: path; the one beside the key (KEY-cert.pub) by default.
    :returns: paramiko.PKey, the same one each time.
    :raises Unusable:
    """
    beside = certificate or key_file.path + "-cert.pub"
    identity = (key_file.path, modified(key_file.path), beside, modified(beside))
    with _lock:
        if identity not in _loaded:
            _loaded[identity] = parse(key_file, beside)
        return _loaded[identity]


def modified(path):
    try:
        return os.stat(path).st_mtime
    except OSError:
        return None


def parse(key_file, certificate):
    if key_file.trouble:
        raise Unusable(key_file.trouble)
    text = secrets.read_key_file(key_file.path).reveal()
    try:
        key = KINDS[key_file.kind].from_private_key(io.StringIO(text))
    except Exception as error:  # each form and each backend has errors of its own
        raise Unusable("can't be read: %s" % error)
    if os.path.exists(certificate):
        certify(key, certificate)
    return key


def certify(key, path):
    """Adds a certificate, after a look whether it is this key's; paramiko looks at the type only."""
    try:
        key.load_certificate(str(path))
        blob = key.public_blob.key_blob
        matches = certifies(blob, key.asbytes())
        trouble = certificates.time_trouble(certificates.parse(blob))
    except CERTIFICATE_FAULTS as error:
        raise Unusable("has a certificate that can't be read, %s: %s" % (path, error))
    if not matches:
        raise Unusable("does not go with its certificate %s" % path)
    if trouble:
        raise Unusable("has a certificate that %s, %s" % (trouble, path))


def certifies(certificate, public):
    """Whether a certificate is of a key. :param certificate: bytes. :param public: bytes of the public key.

    Behind the certificate's type and nonce stands the key without its type.
    """
    return fields(certificate, 2)[2].startswith(fields(public, 1)[1])
