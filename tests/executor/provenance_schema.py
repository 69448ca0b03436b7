"""The rules of in-toto's Statement v1 and of SLSA's provenance v1 predicate, as a JSON schema of our own.

Written from https://github.com/in-toto/attestation/tree/main/spec/v1 (statement, resource_descriptor, digest_set,
field_types) and https://slsa.dev/spec/v1.0/provenance. Stricter than these in one way: what neither specification
names is refused, so that a misspelled field is found.
"""

from __future__ import absolute_import, print_function

URI = r"^[a-z][a-z0-9+.-]*:[A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=%-]+$"
TIME = r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$"

DIGESTS = {
    "type": "object",
    "minProperties": 1,
    "additionalProperties": False,
    "properties": {
        "sha256": {"type": "string", "pattern": "^[0-9a-f]{64}$"},
        "gitCommit": {"type": "string", "pattern": "^([0-9a-f]{40}|[0-9a-f]{64})$"},
    },
}

RESOURCE = {
    "type": "object",
    "additionalProperties": False,
    "anyOf": [{"required": ["uri"]}, {"required": ["digest"]}, {"required": ["content"]}],
    "properties": {
        "name": {"type": "string", "minLength": 1},
        "uri": {"type": "string", "pattern": URI},
        "digest": DIGESTS,
        "content": {"type": "string"},
        "downloadLocation": {"type": "string", "pattern": URI},
        "mediaType": {"type": "string"},
        "annotations": {"type": "object"},
    },
}

RESOURCES = {"type": "array", "items": RESOURCE}

SUBJECT = {"allOf": [RESOURCE, {"required": ["name", "digest"]}]}

DEFINITION = {
    "type": "object",
    "additionalProperties": False,
    "required": ["buildType", "externalParameters"],
    "properties": {
        "buildType": {"type": "string", "pattern": URI},
        "externalParameters": {"type": "object", "minProperties": 1},
        "internalParameters": {"type": "object"},
        "resolvedDependencies": RESOURCES,
    },
}

RUN = {
    "type": "object",
    "additionalProperties": False,
    "required": ["builder"],
    "properties": {
        "builder": {
            "type": "object",
            "additionalProperties": False,
            "required": ["id"],
            "properties": {
                "id": {"type": "string", "pattern": URI},
                "version": {"type": "object", "additionalProperties": {"type": "string"}},
                "builderDependencies": RESOURCES,
            },
        },
        "metadata": {
            "type": "object",
            "additionalProperties": False,
            "properties": {
                "invocationId": {"type": "string"},
                "startedOn": {"type": "string", "pattern": TIME},
                "finishedOn": {"type": "string", "pattern": TIME},
            },
        },
        "byproducts": RESOURCES,
    },
}

STATEMENT = {
    "type": "object",
    "additionalProperties": False,
    "required": ["_type", "subject", "predicateType", "predicate"],
    "properties": {
        "_type": {"enum": ["https://in-toto.io/Statement/v1"]},
        "subject": {"type": "array", "minItems": 1, "items": SUBJECT},
        "predicateType": {"enum": ["https://slsa.dev/provenance/v1"]},
        "predicate": {
            "type": "object",
            "additionalProperties": False,
            "required": ["buildDefinition", "runDetails"],
            "properties": {"buildDefinition": DEFINITION, "runDetails": RUN},
        },
    },
}
