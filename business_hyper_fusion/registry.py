"""What a Docker registry answers to somebody without a login: whether it is there, and what it wants.

An engine says in words only why a login or a push failed; this asks the registry itself. No password is sent, so it
does not matter here who answers.

In: the registry's address. Out: Answer. Source: the registry API of github.com/distribution/distribution.
"""

from __future__ import absolute_import, print_function

import collections
import glob
import os
import re
import ssl

from business_hyper_fusion import compat

SECONDS = 10
"""For one answer."""

CERTIFICATES = "/etc/docker/certs.d"
"""Where Docker and Podman look for a registry's own CA: <here>/<address>/*.crt."""

HUB = ("docker.io", "index.docker.io")
HUB_ADDRESS = "registry-1.docker.io"
"""The one registry that is not where the names of its images say."""

Answer = collections.namedtuple("Answer", "available trusted wants_login")
"""``available``: it answers, and not with an error of its own. ``trusted``: by a certificate that this machine knows,
or without any. ``wants_login``: it lets nobody in without one."""

UNAVAILABLE = Answer(False, True, False)

UNKNOWN = (ssl.SSLError, getattr(ssl, "CertificateError", ssl.SSLError))
"""What is raised for a certificate; the second is a ValueError up to Python 3.6."""

_REALM = re.compile(r'Bearer .*realm="(https?)://([^/"?]+)([^"?]*)', re.IGNORECASE)


def ask(address):
    """:param address: ``host`` or ``host:port``, as in the names of images. :returns: Answer."""
    host = HUB_ADDRESS if address in HUB else address
    try:
        status, wants, trusted = _ask_by_either(host, os.path.join(CERTIFICATES, address))
        available = status < 500 and _logs_in(wants)
    except (EnvironmentError, compat.http_client().HTTPException):
        return UNAVAILABLE
    return Answer(True, trusted, status == 401) if available else UNAVAILABLE


def _ask_by_either(host, certificates):
    """:returns: (HTTP status, what a login has to look like, whether its certificate is trusted)."""
    try:
        return _get("https", host, "/v2/", _verifying(certificates)) + (True,)
    except UNKNOWN:
        pass  # Unknown to this machine, or no TLS at all.
    try:
        return _get("https", host, "/v2/", _believing()) + (False,)
    except ssl.SSLError:
        return _get("http", host, "/v2/", None) + (True,)


def _logs_in(wants):
    """Many registries leave the login to another server, which has to answer as well."""
    realm = _REALM.match(wants)
    if realm is None:
        return True
    scheme, host, path = realm.groups()
    return _get(scheme, host, path or "/", _believing())[0] < 500


def _get(scheme, host, path, context):
    """:returns: (HTTP status, WWW-Authenticate)."""
    http = compat.http_client()
    if scheme == "http":
        connection = http.HTTPConnection(host, timeout=SECONDS)
    else:
        # The first 2.7s check no certificate, and know no contexts.
        options = {"context": context} if context else {}
        connection = http.HTTPSConnection(host, timeout=SECONDS, **options)
    try:
        compat.retry_interrupted(connection.connect)
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.getheader("WWW-Authenticate") or ""
    finally:
        connection.close()


def _verifying(certificates):
    """:returns: a context that trusts what the engine trusts: the machine's CAs and those for this registry."""
    if not hasattr(ssl, "create_default_context"):
        return None
    context = ssl.create_default_context()
    for path in glob.glob(os.path.join(certificates, "*.crt")):
        try:
            context.load_verify_locations(path)
        except (EnvironmentError, ssl.SSLError):
            continue
    return context


def _believing():
    if not hasattr(ssl, "create_default_context"):
        return None
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
