"""Rules for what lies between a machine and its servers: proxies, certificates, registries, accounts.

In:  text. Out: None, or `Refused`.
"""

from __future__ import absolute_import, print_function

import re

from business_hyper_fusion.grammar.engine import check_image
from business_hyper_fusion.grammar.refused import Refused, bounded, matching, printable

CERTIFICATES_BYTES = 1024 * 1024
NO_PROXY_BYTES = 8 * 1024

_PROXY = re.compile(r"http://[A-Za-z0-9_.-]{1,253}(?::[0-9]{1,5})?\Z")
_NO_PROXY = re.compile(r"[A-Za-z0-9_.:/*-]+(?:,[A-Za-z0-9_.:/*-]+)*\Z")
_REGISTRY = re.compile(r"[A-Za-z0-9.-]+(?::[0-9]{1,5})?\Z")
_CERTIFICATE = re.compile(
    r"-----BEGIN CERTIFICATE-----\r?\n[A-Za-z0-9+/=\r\n]+-----END CERTIFICATE-----"
)


def check_proxy(value):
    """Refuse what is no ``http://host[:port]``; never printed, it could hold a password.

    A user and a password would stand in the environment of every process of a build.
    """
    if not _PROXY.match(bounded(value, "a proxy", 300)):
        raise Refused("a proxy must look like http://host:port, without user and password")


def check_no_proxy(value):
    """Refuse what is no list of hosts, domains and networks with commas between."""
    bounded(value, "no_proxy", NO_PROXY_BYTES)
    matching(_NO_PROXY, "no_proxy must be hosts joined by commas, no spaces", value, "no_proxy")


def check_certificates(value):
    """Refuse what holds no certificate in PEM form."""
    text = bounded(value, "the certificates", CERTIFICATES_BYTES)
    if not _CERTIFICATE.search(text) or "PRIVATE KEY" in text:
        raise Refused("certificates must be in PEM form, at least one, and no private key")


def check_registry(value):
    """Refuse what is no address of a registry: host[:port] as docker tells it from a name."""
    text = bounded(value, "the address of a registry", 253)
    if not _REGISTRY.match(text):
        raise Refused("the address of a registry must look like host:5000", value)
    check_image(text + "/x")


def check_account(value):
    """Refuse what is no login at a registry; HTTP ends it at a colon."""
    text = printable(value, "a username", 255)
    if text.startswith("-") or ":" in text:
        raise Refused("a username must not begin with '-' or contain ':'", value)
