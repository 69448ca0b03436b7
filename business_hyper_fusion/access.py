"""A proxy and an own certificate authority: how host-side git, the build and its tools come to know them.

In: ``proxy`` and ``ca`` of the request. Out: variables, mounts, and two files in the attempt's scratch directory. The
one place that decides which.
"""

from __future__ import absolute_import, print_function

import os

from business_hyper_fusion import compat, files

INSIDE = "/tristan/ca"
"""Where the two files are in the container."""

ALONE, BUNDLE = "ca.pem", "bundle.pem"

ADDING = ("TRISTAN_CA_FILE", "NODE_EXTRA_CA_CERTS")
"""Their readers trust the file besides what they trust anyway: it holds the CA alone."""

REPLACING = ("SSL_CERT_FILE", "CURL_CA_BUNDLE", "GIT_SSL_CAINFO", "PIP_CERT", "REQUESTS_CA_BUNDLE")
"""Their readers trust the file and nothing else: it holds the machine's own list, too."""

PUBLIC = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
)
"""The machine's own list of trusted CAs: Debian and Alpine, Red Hat, SUSE, others."""

ALWAYS_DIRECT = ("localhost", "127.0.0.1")
"""What a build starts for its own tests is never behind the proxy."""


def variables(work, inside):
    """:returns: what a build finds in its environment, {} without proxy and CA.

    :param inside: True in the container, False with isolation ``host``.
    """
    values = proxy_variables(work.request["proxy"])
    if values:
        # Yarn from version 2 on looks at variables of its own only.
        values["YARN_HTTP_PROXY"] = values["YARN_HTTPS_PROXY"] = values["http_proxy"]
    if work.request["ca"]:
        directory = INSIDE if inside else _directory(work)
        values.update((name, directory + "/" + ALONE) for name in ADDING)
        values.update((name, directory + "/" + BUNDLE) for name in REPLACING)
    return values


def git_variables(work):
    """:returns: the same for git on the host; ssh goes its own way."""
    values = proxy_variables(work.request["proxy"])
    if work.request["ca"]:
        values["GIT_SSL_CAINFO"] = os.path.join(_directory(work), BUNDLE)
    return values


def mounts(work):
    """:returns: list of (path, target, read-only) for the container."""
    return [(_directory(work), INSIDE, True)] if work.request["ca"] else []


def proxy_variables(proxy):
    """:param proxy: the request's. :returns: what nearly every program looks at, {} without one."""
    if not proxy["address"]:
        return {}
    direct = [name for name in proxy["no_proxy"].split(",") if name]
    direct += [name for name in ALWAYS_DIRECT if name not in direct]
    values = {"http_proxy": proxy["address"], "https_proxy": proxy["address"]}
    values["no_proxy"] = ",".join(direct)
    # curl takes http_proxy in lower case only, others want upper case.
    values.update([(name.upper(), value) for name, value in values.items()])
    return values


def _directory(work):
    """:returns: the directory with both files, which the first who asks writes."""
    directory = work.scratch("ca")
    if not os.path.isdir(directory):
        compat.make_directories(directory)
        own = compat.to_bytes(work.request["ca"]).strip() + b"\n"
        files.publish(os.path.join(directory, ALONE), own)
        files.publish(os.path.join(directory, BUNDLE), _trusted_anyway() + own)
    return directory


def _trusted_anyway():
    """The login's own choice counts before the machine's."""
    named = [os.environ.get(name, "") for name in ("GIT_SSL_CAINFO", "SSL_CERT_FILE")]
    for path in named + list(PUBLIC):
        if os.path.isfile(path):
            with open(path, "rb") as file:
                return file.read().strip() + b"\n"
    return b""
