"""Moves tags in a Docker registry, by its HTTP API (version 2): the image's manifest gets another name.

Job: fetch a manifest by its digest, check it, put the same bytes under the moving tags.
In: a settings DockerRegistry, the image's reference and digest, tags. Out: nothing, or errors.RegistryError.

Sources: the OCI distribution specification (pulling and pushing manifests) and the token authentication of Docker
registries (a 401 names the realm that gives tokens). No image data passes through here.
"""

from __future__ import absolute_import, print_function, unicode_literals

import base64
import hashlib
import re

import six
from six.moves.urllib.parse import urlencode

from business_hyper_fusion.grammar.json_text import parse_json
from controller import compat, errors, web

MANIFESTS = ", ".join(
    [
        "application/vnd.oci.image.index.v1+json",
        "application/vnd.oci.image.manifest.v1+json",
        "application/vnd.docker.distribution.manifest.list.v2+json",
        "application/vnd.docker.distribution.manifest.v2+json",
    ]
)

API_HOSTS = {"docker.io": "registry-1.docker.io", "index.docker.io": "registry-1.docker.io"}
"""Where the API of a registry is, when it is not where images say it is."""

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}\Z")
_PARAMETER = re.compile(r'([a-z_]+)="([^"]*)"', re.IGNORECASE)
_BEARER = re.compile(r"\bbearer\b(.*)", re.IGNORECASE | re.DOTALL)
_PRINTABLE = re.compile(r"[\x21-\x7e]+\Z")
_BASIC = re.compile(r"\bbasic\b", re.IGNORECASE)


class Registry(object):
    """:param registry: settings DockerRegistry."""

    def __init__(self, registry):
        self._registry = registry
        self._url = base_url(registry)
        self._client = web.Client(
            "the registry " + registry.address, errors.RegistryError, registry.ca_file
        )
        self._authorization = None

    def move_tags(self, image, digest, tags):
        """Lets every tag name the image that has the digest, in the image's own repository.

        May be repeated: a tag that is there already stays what it is.

        :param image: text, ``address/namespace/name:tag``. :param digest: text, ``sha256:...``.
        """
        repository = repository_of(image, self._registry.address)
        media_type, manifest = self._manifest(repository, digest)
        for tag in tags:
            answer = self._send("PUT", repository, tag, {"Content-Type": media_type}, manifest)
            if answer.status not in (200, 201, 202):
                raise self._refusal(answer, "%s:%s can't be written" % (repository, tag))

    def _manifest(self, repository, digest):
        """(media type, bytes) of a manifest that is what its digest says."""
        if not _DIGEST.match(digest):
            raise self._client.failure("%.80r is no digest of an image" % digest)
        answer = self._send("GET", repository, digest, {"Accept": MANIFESTS})
        if answer.status != 200:
            raise self._refusal(answer, "%s@%s can't be read" % (repository, digest))
        stated = answer.headers.get("Docker-Content-Digest", digest)
        found = "sha256:" + hashlib.sha256(answer.body).hexdigest()
        if (stated, found) != (digest, digest):
            raise self._client.failure(
                "%s@%s: the manifest that it sent is another one (%s)" % (repository, digest, found)
            )
        return answer.headers.get("Content-Type", "").partition(";")[0].strip(), answer.body

    def _send(self, method, repository, reference, headers, body=None):
        url = "%s/v2/%s/manifests/%s" % (self._url, repository, reference)
        answer = self._client.send(method, url, headers, body, self._authorize)
        if answer.status == 401 and self._authorization is None:
            self._log_in(answer.headers.get("WWW-Authenticate", ""), repository)
            answer = self._client.send(method, url, headers, body, self._authorize)
        return answer

    def _authorize(self, request):
        if self._authorization is not None:
            request.headers[str("Authorization")] = compat.ensure_str(self._authorization)
        return request

    def _log_in(self, challenge, repository):
        """:param challenge: text, the WWW-Authenticate header of an answer 401."""
        bearer = _BEARER.search(challenge)
        if bearer is not None:
            parameters = dict(
                (name.lower(), value) for name, value in _PARAMETER.findall(bearer.group(1))
            )
            self._authorization = "Bearer " + self._token(parameters, repository)
        elif _BASIC.search(challenge):
            self._authorization = self._basic()

    def _basic(self):
        """The account's header; None when there is no account."""
        if not self._registry.username:
            return None
        password = self._registry.password.resolve().reveal() if self._registry.password else ""
        login = "%s:%s" % (self._registry.username, password)
        return "Basic " + base64.b64encode(login.encode("utf-8")).decode("ascii")

    def _token(self, parameters, repository):
        """A token for this repository, of the server that the registry trusts for that."""
        realm = parameters.get("realm", "")
        if not realm.startswith("https://") and not (
            realm.startswith("http://") and self._url.startswith("http://")
        ):
            raise self._client.failure(
                "it wants the login to be sent to %s" % (web.place(realm) if realm else "nowhere"),
                "a registry with TLS must have its token server behind TLS too",
            )
        wanted = [("scope", "repository:%s:pull,push" % repository)]
        if "service" in parameters:
            wanted.append(("service", parameters["service"]))
        query = urlencode([(name, compat.ensure_str(value)) for name, value in wanted])
        url = realm + ("&" if "?" in realm else "?") + query
        answer = self._client.send("GET", url, authorize=self._with_account)
        token = token_of(answer) if answer.status == 200 else None
        if token is None:
            raise self._refusal(answer, "%s gives no token" % web.place(realm))
        return token

    def _with_account(self, request):
        basic = self._basic()
        if basic is not None:
            request.headers[str("Authorization")] = compat.ensure_str(basic)
        return request

    def _refusal(self, answer, what):
        message = "%s (answer %d%s)" % (what, answer.status, said(answer))
        name = self._registry.name
        remedies = {
            401: "check username and password of docker_registries.%s" % name,
            403: "the account of docker_registries.%s must be allowed to push there" % name,
            404: "is it still there? a new build pushes a new image",
        }
        return self._client.failure(message, remedies.get(answer.status, ""))


def base_url(registry):
    """http only on this host's own interface, or where the settings say so."""
    host = registry.address.partition(":")[0]
    plain = registry.insecure or (web.is_loopback(host) and not registry.ca_file)
    address = API_HOSTS.get(registry.address, registry.address)
    return ("http://" if plain else "https://") + address


def repository_of(image, address):
    """The repository within its registry: ``team/shop-main`` of ``host:5000/team/shop-main:1``."""
    if not image.startswith(address + "/"):
        raise errors.RegistryError("the image %.200s is not in the registry %s" % (image, address))
    return image[len(address) + 1 :].rpartition(":")[0]


def token_of(answer):
    """The token in a token server's answer, or None."""
    document = parsed(answer.body)
    token = document.get("token") or document.get("access_token")
    return token if is_text(token) and _PRINTABLE.match(token) else None


def said(answer):
    """The registry's own code of an error, such as ": DENIED"; a word, since it may be anybody's."""
    found = parsed(answer.body).get("errors")
    first = found[0] if isinstance(found, list) and found else None
    code = first.get("code") if isinstance(first, dict) else None
    return ": " + code if is_text(code) and re.match(r"[A-Z_]{1,40}\Z", code) else ""


def parsed(body):
    """The JSON object in a body, {} when it is none."""
    try:
        document = parse_json(body)
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}


def is_text(value):
    return isinstance(value, six.text_type)
