"""Puts small images into a lab registry through its API, without an engine.

In: a registry, a repository. Out: the digest of what was put there.
"""

from __future__ import absolute_import, print_function, unicode_literals

import hashlib
import json

from tests.lab import process

DOCKER = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
OCI = "application/vnd.oci.image.manifest.v1+json"
OCI_INDEX = "application/vnd.oci.image.index.v1+json"

_CONFIG = {DOCKER: "application/vnd.docker.container.image.v1+json"}
_CONFIG[OCI] = "application/vnd.oci.image.config.v1+json"


def image(registry, repository, tag, media_type=DOCKER):
    """An image without layers; another tag makes another image.

    :returns: str, "sha256:..."
    """
    config = json.dumps({"architecture": "amd64", "os": "linux", "author": tag}).encode("utf-8")
    manifest = {
        "schemaVersion": 2,
        "mediaType": media_type,
        "config": descriptor(_CONFIG[media_type], config),
        "layers": [],
    }
    _put_blob(registry, repository, config)
    return _put_manifest(registry, repository, tag, media_type, manifest)


def index(registry, repository, tag, media_type=DOCKER_LIST):
    """An image for one platform, and an index (a manifest list) of it.

    :returns: str, the index's digest
    """
    single = DOCKER if media_type == DOCKER_LIST else OCI
    digest = image(registry, repository, tag + "-amd64", single)
    size = len(json.dumps(registry.manifest(repository, digest), indent=3).encode("utf-8"))
    one = {"mediaType": single, "digest": digest, "size": size}
    one["platform"] = {"architecture": "amd64", "os": "linux"}
    manifest = {"schemaVersion": 2, "mediaType": media_type, "manifests": [one]}
    return _put_manifest(registry, repository, tag, media_type, manifest)


def descriptor(media_type, data):
    return {"mediaType": media_type, "digest": digest_of(data), "size": len(data)}


def digest_of(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def _put_blob(registry, repository, data):
    _, headers, _ = _asked(registry, "POST", "/v2/%s/blobs/uploads/" % repository)
    path = "/" + headers["location"].partition("://")[2].partition("/")[2]
    _asked(registry, "PUT", "%s&digest=%s" % (path, digest_of(data)), data)


def _put_manifest(registry, repository, tag, media_type, manifest):
    # white space, so that only the very bytes have the digest
    data = json.dumps(manifest, indent=3).encode("utf-8")
    path = "/v2/%s/manifests/%s" % (repository, tag)
    _asked(registry, "PUT", path, data, {"Content-Type": media_type})
    return digest_of(data)


def _asked(registry, method, path, body=b"", headers=None):
    answer = registry.ask(
        method, path, body, dict({"Content-Length": str(len(body))}, **(headers or {}))
    )
    if answer[0] not in (200, 201, 202):
        raise process.LabError("{0} {1}: {2} {3}".format(method, path, answer[0], answer[2]))
    return answer
