"""Host keys that are known: Tristan's own known_hosts, the user's and the system's.

In: known_hosts files as OpenSSH has them (plain, patterns, hashed, [host]:port, several key types,
    @revoked, @cert-authority). Out: what is pinned for a host, a verdict on a key, a new pin.

Where Tristan's own file knows a host, it alone decides; a revocation counts wherever it stands.
Pins are replaced by rename, so a reader sees all of them or the ones before.
"""

from __future__ import absolute_import, print_function, unicode_literals

import base64
import binascii
import collections
import fcntl
import fnmatch
import hashlib
import hmac
import os

from controller.compat import ensure_binary, ensure_text
from controller.local_file import told

Entry = collections.namedtuple("Entry", "marker patterns key_type blob place line")
"""`marker`: "" or "@revoked" or such; `blob`: bytes, the public key; `place`: "file:line" for
people; `line`: text as it stands."""

PORT = 22


class Pins(object):
    """What is known of one host.

    :param own: entries of Tristan's own file. :param others: entries of all other files.
    """

    def __init__(self, own, others):
        both = own + others
        self._revoked = [entry for entry in both if entry.marker == "@revoked"]
        own, others = plain(own), plain(others)
        self.own = own
        self.deciding = own or others
        self.authorities = [entry.blob for entry in both if entry.marker == "@cert-authority"]

    def key_types(self):
        """Types of the keys that would be accepted, in the files' order."""
        found = []
        for entry in self.deciding:
            if entry.key_type not in found:
                found.append(entry.key_type)
        return found

    def verdict(self, blob):
        """A public key's: "known", "unknown", "changed" or "revoked". :param blob: its bytes."""
        if self.revocation(blob):
            return "revoked"
        if any(entry.blob == blob for entry in self.deciding):
            return "known"
        return "changed" if self.deciding else "unknown"

    def trusted_authorities(self):
        """Public keys that may sign this host's; none where the host's own key is known."""
        if self.deciding:
            return []
        return [blob for blob in self.authorities if not self.revocation(blob)]

    def revocation(self, blob):
        """The entry that revokes a key, or None."""
        return next((entry for entry in self._revoked if entry.blob == blob), None)


def plain(entries):
    return [entry for entry in entries if not entry.marker]


def pins(host, port, own, others):
    """What is known of a host.

    :param host: text as it stands behind HostName, or a HostKeyAlias. :param port: int, or None for
        an alias, which has none.
    :param own: path of Tristan's file. :param others: paths of the others; files may be missing.
    """
    name = name_of(host, port)
    found = [entry for path in others for entry in matching(path, name)]
    if not plain(found) and name != host:
        # as OpenSSH does: a key known of the host's standard port is good on another one, too
        found += [entry for path in others for entry in matching(path, host)]
    return Pins(matching(own, name), found)


def name_of(host, port):
    """The name a host goes by in known_hosts."""
    host = host.lower()
    return host if port in (None, PORT) else "[%s]:%d" % (host, port)


def matching(path, name):
    return [entry for entry in read(path) if matches(entry.patterns, name)]


def read(path):
    """Entries of a file; none when it is missing, lines that are no entries left out."""
    try:
        with open(path, "rb") as opened:
            lines = opened.read().splitlines()
    except EnvironmentError:
        return []
    parsed = [
        parse(ensure_text(line, errors="replace"), "%s:%d" % (path, number))
        for number, line in enumerate(lines, 1)
    ]
    return [entry for entry in parsed if entry is not None]


def parse(line, place):
    """Entry, or None for a comment, an empty line or noise."""
    words = line.split()
    marker = words.pop(0) if words and words[0].startswith("@") else ""
    if len(words) < 3 or words[0].startswith("#"):
        return None
    try:
        blob = base64.b64decode(ensure_binary(words[2]))
    except (TypeError, ValueError, binascii.Error):
        return None
    return Entry(marker, words[0], words[1], blob, place, line) if blob else None


def matches(patterns, name):
    """Whether a host field (patterns with commas, or a hash) stands for a name."""
    if patterns.startswith("|1|"):
        return matches_hash(patterns, name)
    matched = False
    for pattern in patterns.lower().split(","):
        # "[" means itself here, unlike in a shell's patterns
        glob = pattern.lstrip("!").replace("[", "[[]")
        if fnmatch.fnmatchcase(name, glob):
            if pattern.startswith("!"):
                return False
            matched = True
    return matched


def matches_hash(field, name):
    """|1|salt|HMAC-SHA1 of the name, see sshd(8)."""
    try:
        salt, digest = [base64.b64decode(ensure_binary(part)) for part in field.split("|")[2:4]]
    except (TypeError, ValueError, binascii.Error):
        return False
    return hmac.new(salt, ensure_binary(name), hashlib.sha1).digest() == digest


def fingerprint(blob):
    """SHA256:... of a public key's bytes, as ssh-keygen -l prints it."""
    digest = base64.b64encode(hashlib.sha256(blob).digest())
    return "SHA256:" + digest.decode("ascii").rstrip("=")


def pin(path, host, port, key_type, blob):
    """Makes this key the one that Tristan knows of a host, in place of those it knew.

    Other lines, revocations too, stay as they are.
    """
    name = name_of(host, port)
    new = "%s %s %s" % (name, key_type, base64.b64encode(blob).decode("ascii"))
    with locked(path):
        old = dict((entry.line, without(entry, name)) for entry in plain(matching(path, name)))
        kept = [old.get(line, line) for line in lines_of(path)]
        publish(path, "".join(line + "\n" for line in kept + [new] if line is not None))


def without(entry, name):
    """An entry's line for all its names but this one; None when there is no other."""
    if entry.patterns.lower() == name or entry.patterns.startswith("|1|"):
        return None
    return entry.line.replace(entry.patterns, entry.patterns + ",!" + name, 1)


def lines_of(path):
    try:
        with open(path, "rb") as opened:
            data = opened.read()
    except EnvironmentError:
        return []
    return [ensure_text(line, errors="replace") for line in data.splitlines()]


def publish(path, text):
    """Replaces the file at once, readable by its owner alone."""
    temporary = "%s.%d.new" % (path, os.getpid())
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
    with told(path):
        with os.fdopen(os.open(temporary, flags, 0o600), "wb") as target:
            target.write(ensure_binary(text))
            target.flush()
            os.fsync(target.fileno())
        os.rename(temporary, path)


class locked(object):  # noqa: N801 - reads as a statement
    """Two `tristan enroll` at once lose no pin: one waits for the other."""

    def __init__(self, path):
        self._path = path + ".lock"

    def __enter__(self):
        with told(self._path):
            self._descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        fcntl.flock(self._descriptor, fcntl.LOCK_EX)

    def __exit__(self, *_):
        os.close(self._descriptor)
