"""A certificate for 127.0.0.1 and localhost, by a CA that nobody trusts unless told to.

In: a directory; other names than these. Out: paths of PEM files in it.
"""

from __future__ import absolute_import, print_function, unicode_literals

import collections
import os

from tests.lab import process

Certificates = collections.namedtuple("Certificates", "ca_file certificate key")

NEW = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2".split()

# DNS:127.0.0.1 for Python 2.7, which knows no addresses in certificates
NAMES = "IP:127.0.0.1,DNS:127.0.0.1,DNS:localhost"


def make(directory, names=NAMES):
    """:param names: str, as in subjectAltName
    :returns: Certificates
    """
    ca, ca_key, certificate, key = [
        os.path.join(directory, name) for name in ("ca.pem", "ca.key", "certificate.pem", "key.pem")
    ]
    words = NEW + ["-keyout", ca_key, "-out", ca, "-subj", "/CN=Lab CA"]
    # Python 3.13 is strict: a CA's certificate must say what its key is for
    process.output(words + ["-addext", "keyUsage=critical,keyCertSign,cRLSign"])
    words = NEW + ["-CA", ca, "-CAkey", ca_key, "-keyout", key, "-out", certificate]
    words += ["-addext", "subjectAltName=" + names, "-subj", "/CN=localhost"]
    process.output(words + ["-addext", "basicConstraints=critical,CA:FALSE"])
    return Certificates(ca, certificate, key)
