"""The files that `ca_file` names: certificates of an own authority, in PEM.

In:  the entries of a section as tristan.yml has them, and the directory it lies in.
Out: dict of (section, name, "ca_file") to the certificates alone, as PEM text; faults for what
    can't be read or is none.
"""

from __future__ import absolute_import, print_function, unicode_literals

import base64
import binascii
import re

import six

from business_hyper_fusion import grammar
from business_hyper_fusion.grammar.network import CERTIFICATES_BYTES
from controller.settings import scripts

SECTIONS = ("machines", "git_servers", "docker_registries", "build_profiles")
_CERTIFICATE = re.compile(
    "-----BEGIN CERTIFICATE-----\\s*\n([A-Za-z0-9+/=\\s]+?)\n-----END CERTIFICATE-----"
)


def read(section, entries, directory, faults):
    """Read the certificates of all entries of a section.

    :param entries: iterable of (name, dict).
    :param directory: text, where relative paths start.
    :param faults: Faults.
    :return: dict of (section, name, "ca_file") to text.
    """
    found = {}
    for name, entry in entries:
        key_path = (section, name, "ca_file")
        if entry.get("ca_file") is None or key_path in faults:
            continue
        try:
            found[key_path] = _certificates(scripts.absolute(entry["ca_file"], directory))
        except grammar.Refused as refused:
            faults.add(key_path, six.text_type(refused))
    return found


def _certificates(path):
    """What stands between them, as in a system's bundle, stays here: a private key never leaves."""
    content = scripts.content_of(path, CERTIFICATES_BYTES + 1)
    if len(content) > CERTIFICATES_BYTES:
        raise grammar.Refused("file %s is larger than %d bytes" % (path, CERTIFICATES_BYTES))
    if b"PRIVATE KEY-----" in content:
        raise grammar.Refused("file %s holds a private key; name the certificates alone" % path)
    bodies = _CERTIFICATE.findall(content.decode("latin-1").replace("\r\n", "\n"))
    if not bodies:
        raise grammar.Refused(
            "file %s holds no certificate in PEM (-----BEGIN CERTIFICATE-----)" % path
        )
    if not all(_is_certificate(body) for body in bodies):
        raise grammar.Refused("file %s holds a broken certificate" % path)
    return "".join(
        "-----BEGIN CERTIFICATE-----\n%s\n-----END CERTIFICATE-----\n" % "\n".join(body.split())
        for body in bodies
    )


def _is_certificate(body):
    """Whether it is base64 of a DER sequence of the length that it says (X.690, 8.1.3)."""
    try:
        der = bytearray(base64.b64decode(body.encode("ascii")))
    except (binascii.Error, TypeError):  # TypeError on 2.7
        return False
    if len(der) < 4 or der[0] != 0x30:
        return False
    if der[1] < 0x80:
        return len(der) == der[1] + 2
    count = der[1] & 0x7F
    length = int(binascii.hexlify(bytes(der[2 : 2 + count])) or b"0", 16)
    return len(der) == 2 + count + length
