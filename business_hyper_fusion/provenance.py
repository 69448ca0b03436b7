"""``provenance.json`` of a build that made something: from what, how and where; written just before its end.

An in-toto Statement v1 (https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md) with a SLSA provenance
v1 predicate (https://slsa.dev/spec/v1.0/provenance). What a build and its repetition have in common stands in
``buildDefinition``, what differs in ``runDetails``. docs/artifacts.md describes the fields that are Tristan's own.
"""

from __future__ import absolute_import, print_function

import hashlib
import json
import os
import sys

from business_hyper_fusion import compat, files
from business_hyper_fusion.grammar.git import parse_repository
from business_hyper_fusion.protocol import PROTOCOL

STATEMENT = "https://in-toto.io/Statement/v1"
PREDICATE = "https://slsa.dev/provenance/v1"

BUILD_TYPE = "tristan:build/v1"
BUILDER = "tristan:machine/%s"

OF_ONE_ATTEMPT = (
    "attempt",
    "build_id",
    "disk",
    "engine",
    "executor_id",
    "machine",
    "requested_at",
    "requested_by",
)
"""Keys of a request that say who asked, when, and where it runs; a repetition has others."""

_UNRESERVED = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"


def write(work):
    """Write the statement; ``status.provenance`` is its path, "" for a build that made nothing to state it of."""
    if _subjects(work.status.document):
        files.publish_json(work.attempt.provenance, statement(work))
        work.status.document["provenance"] = work.attempt.provenance


def statement(work):
    """:returns: the whole document."""
    return {
        "_type": STATEMENT,
        "subject": _subjects(work.status.document),
        "predicateType": PREDICATE,
        "predicate": {"buildDefinition": _definition(work), "runDetails": _run(work)},
    }


def _subjects(status):
    found = [
        {"name": one["name"], "digest": {"sha256": one["sha256"]}} for one in status["artifacts"]
    ]
    image = status["app_image"]
    if image:
        found.append({"name": image["image"], "digest": {"sha256": _hex(image["digest"])}})
    return found


def _definition(work):
    return {
        "buildType": BUILD_TYPE,
        "externalParameters": _external(work.request),
        "internalParameters": _internal(work),
        "resolvedDependencies": _dependencies(work),
    }


def _external(request):
    """What the operator chose; of the environment the names alone, its values could be anything."""
    publish = request["publish"]
    return {
        "project": request["project"]["name"],
        "language": request["project"]["language"],
        "modulePath": request["project"]["module_path"],
        "repository": request["repository"]["address"],
        "ref": full_ref(request["ref"]),
        "checkout": request["checkout"],
        "image": request["image"]["name"],
        "isolation": request["isolation"],
        "network": request["network"],
        "cache": request["cache"]["scope"],
        "environmentNames": sorted(request["environment"]),
        "artifacts": request["artifacts"],
        "imageRepository": publish["image"].rpartition(":")[0] if publish else "",
    }


def _internal(work):
    return {
        "release": work.request["release"],
        "scriptsVersion": work.status.document["scripts_version"],
        "scripts": _scripts(work.ref.build),
        "definition": definition_hash(work.request),
    }


def _scripts(directory):
    """:returns: {name: SHA-256} of every script that was there to be run."""
    found = {}
    for name in os.listdir(directory):
        with open(os.path.join(directory, name), "rb") as script:
            found[name] = hashlib.sha256(script.read()).hexdigest()
    found.pop("version", None)
    return found


def definition_hash(request):
    """:returns: SHA-256 of what is asked for, but for what differs between a build and its repetition."""
    asked = dict((key, value) for key, value in request.items() if key not in OF_ONE_ATTEMPT)
    asked["ref"] = dict(request["ref"], commit="")
    asked["image"] = dict(request["image"], id="")
    if request["publish"]:
        repository = request["publish"]["image"].rpartition(":")[0]
        asked["publish"] = dict(request["publish"], image=repository)
    return canonical_hash(asked)


def canonical_hash(document):
    """:returns: SHA-256 of the JSON with sorted keys, without spaces, in ASCII."""
    text = json.dumps(document, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(compat.to_bytes(text)).hexdigest()


def _dependencies(work):
    """What came from elsewhere; sources first."""
    status = work.status.document
    found = [_git(status["repository"]["address"], full_ref(status["ref"]), status["commit"])]
    if status["tree"]:
        tree = {"name": "tree", "digest": {"sha256": status["tree"]["sha256"]}}
        tree["annotations"] = dict(
            (key, status["tree"][key]) for key in ("name", "base", "difference")
        )
        found = [tree] + (found if status["commit"] else [])
    for path, address, commit in work.submodules:
        found.append(dict(_git(address, "", commit), name=path))
    return found + (_images(work) if work.in_docker else [])


def _git(address, ref, commit):
    digest = {"gitCommit": commit}
    return {"name": "source", "uri": git_uri(address, ref), "digest": digest}


def _images(work):
    image = work.status.document["image"]
    known = sorted(name.rpartition("@")[2] for name in work.base_digests)
    base = {
        "name": "base image",
        "uri": image_uri(image["name"], known[0] if known else ""),
        "digest": {"sha256": _hex(known[0] if known else image["id"])},
        "annotations": {"id": image["id"]},
    }
    made = {
        "name": "build image",
        "digest": {"sha256": _hex(image["build_image_id"])},
        "annotations": {"image": image["build_image"]},
    }
    return [base, made]


def _run(work):
    status = work.status.document
    version = {"release": work.request["release"], "protocol": str(PROTOCOL)}
    return {
        "builder": {
            "id": BUILDER % quoted(work.request["machine"]),
            "version": dict(version, python=sys.version.split()[0]),
        },
        "metadata": {
            "invocationId": "%s/%d" % (status["build_id"], status["attempt"]),
            "startedOn": status["started_at"],
            "finishedOn": compat.iso_time(),
        },
        "byproducts": [{"name": "request", "digest": {"sha256": canonical_hash(work.request)}}],
    }


def full_ref(ref):
    """:returns: e.g. ``refs/heads/main``; a commit's hash; ``tree/<name>`` of an operator's tree."""
    prefixes = {"branch": "refs/heads/", "tag": "refs/tags/", "commit": "", "tree": "tree/"}
    return prefixes[ref["kind"]] + ref["name"]


def git_uri(address, ref):
    """:returns: ``git+<address>@<ref>``, as SPDX writes where a source was downloaded from."""
    scheme, host, path = parse_repository(address)
    if "://" not in address:  # scp's way of writing it is no URI
        user = address.partition("@")[0] + "@" if "@" in address.partition(":")[0] else ""
        address = "ssh://%s%s/%s" % (user, host, path)
    rest = address.partition("://")[2]
    authority, slash, below = rest.partition("/")
    uri = "git+%s://%s%s%s" % (scheme, _lower_host(authority), slash, quoted(below, "/%"))
    return uri + ("@" + quoted(ref, "/") if ref and not ref.startswith("tree/") else "")


def _lower_host(authority):
    user, at, host = authority.rpartition("@")
    return user + at + host.lower()


def image_uri(reference, digest):
    """:returns: a package URL, e.g. ``pkg:docker/library/python@3.12?repository_url=registry.example.com``."""
    name = reference.partition("@")[0]
    head, colon, version = name.rpartition(":")
    if colon and "/" not in version:
        name = head
    else:
        version = "latest"
    first, slash, rest = name.partition("/")
    registry = ""
    if slash and ("." in first or ":" in first or first == "localhost"):
        registry, name = first, rest
    uri = "pkg:docker/%s@%s" % (quoted(name, "/"), quoted(digest or version))
    return uri + ("?repository_url=" + quoted(registry, ":") if registry else "")


def quoted(text, kept=""):
    """Percent-encoded as RFC 3986 has it, but for unreserved characters and those to be kept."""
    safe = bytearray(compat.to_bytes(_UNRESERVED + kept))
    return "".join(
        chr(byte) if byte in safe else "%%%02X" % byte for byte in bytearray(compat.to_bytes(text))
    )


def _hex(digest):
    return digest.rpartition(":")[2]
