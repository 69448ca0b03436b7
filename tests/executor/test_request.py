"""The request document: one that is right passes; every way to be wrong is named with its key."""

from __future__ import absolute_import, print_function, unicode_literals

import copy
import json

import pytest

from business_hyper_fusion import compat, grammar
from tests.faults import rows

RIGHT = {
    "protocol": 1,
    "build_id": "20261121T065512123-9c1e4f2a",
    "attempt": 1,
    "business_id": "1",
    "executor_id": "1",
    "machine": "builder-1",
    "release": "0" * 64,
    "requested_at": "2026-11-21T06:55:12.123Z",
    "requested_by": "al\u00efce@laptop",
    "project": {"name": "shop", "language": "python", "module_path": ""},
    "repository": {
        "address": "git@git.example.com:group/shop.git",
        "host": "git.example.com",
        "path": "group/shop",
        "git_server": "main",
    },
    "ref": {"kind": "branch", "name": "main", "commit": ""},
    "checkout": {"submodules": False, "lfs": False, "git_directory": False},
    "tree": None,
    "isolation": "docker",
    "engine": {
        "kind": "docker",
        "command": ["sudo", "docker"],
        "selinux": "shared",
        "run_options": ["--ulimit=nofile=1024:4096"],
    },
    "image": {"name": "python:3.12-slim", "recipe": "FROM python:3.12-slim\n", "id": ""},
    "scripts": {"compile_to_execute.sh": "#!/bin/sh\r\necho $(id)\r\n"},
    "publish": None,
    "cache": {"scope": "project"},
    "proxy": {"address": "", "no_proxy": ""},
    "ca": "",
    "environment": {"NAME": "$(id); `id`"},
    "artifacts": ["dist/*.whl"],
    "limits": {
        "soft_seconds": 3540,
        "hard_seconds": 3600,
        "memory": "",
        "cpus": "",
        "pids": 4096,
        "log_bytes": 67108864,
        "keep_failed_seconds": 14400,
        "stall_seconds": 60,
    },
    "disk": {
        "builds": 50,
        "history_bytes": 10737418240,
        "cache_bytes": 21474836480,
        "keep_free_bytes": 0,
    },
    "network": "bridge",
}


PUBLISH = {
    "registry": "main",
    "address": "127.0.0.1:5000",
    "username": "robot",
    "image": "127.0.0.1:5000/team/shop-main:20261121T065512123-9c1e4f2a_202611210655",
    "project_tag": "shop-main",
    "base_image": "",
}
CERTIFICATE = "-----BEGIN CERTIFICATE-----\nTUlJ\n-----END CERTIFICATE-----\n"


def altered(key_path, value):
    """A copy of the right document, as JSON gives it, with one value replaced or added."""
    document = json.loads(json.dumps(RIGHT))
    place = document
    keys = key_path.split(".")
    for key in keys[:-1]:
        place = place[key]
    place[keys[-1]] = value
    return document


def faults(document):
    with pytest.raises(grammar.RequestRefused) as caught:
        grammar.check_request(document)
    return caught.value.faults


def test_the_right_document_passes():
    grammar.check_request(copy.deepcopy(RIGHT))
    grammar.check_request(json.loads(json.dumps(RIGHT)))
    grammar.check_request(compat.native(RIGHT))


@pytest.mark.parametrize(
    "key_path, value",
    [
        ("ref", {"kind": "tag", "name": "$(id)", "commit": ""}),
        ("ref", {"kind": "commit", "name": "a" * 40, "commit": "a" * 40}),
        ("ref", {"kind": "branch", "name": "f\u00fcr", "commit": "a" * 40}),
        ("repository.git_server", ""),
        ("project.module_path", "service/web"),
        ("limits.memory", "2g"),
        ("image.id", "sha256:" + "a" * 64),
        ("publish", PUBLISH),
        ("cache.scope", "language"),
        ("proxy", {"address": "http://proxy:3128", "no_proxy": ".example.com,10.0.0.0/8"}),
        ("ca", CERTIFICATE),
        ("checkout.submodules", True),
        ("environment", {}),
        ("artifacts", []),
        ("network", "none"),
    ],
)
def test_other_right_documents_pass(key_path, value):
    grammar.check_request(altered(key_path, value))


def test_isolation_host_needs_no_image():
    document = altered("isolation", "host")
    document["image"] = {"name": "", "recipe": "", "id": ""}
    grammar.check_request(document)


def test_a_tree_goes_with_a_ref_of_its_name():
    tree = {"name": "alice-shop", "sha256": "a" * 64, "base": "b" * 40, "difference": "c" * 64}
    document = altered("tree", tree)
    document["ref"] = {"kind": "tree", "name": "alice-shop", "commit": ""}
    grammar.check_request(document)
    document["ref"]["name"] = "other"
    assert faults(document)[0][0] == "tree"


WRONG = [
    ("protocol", 2, "protocol", "speaks protocol 1"),
    ("protocol", True, "protocol", "speaks protocol 1"),
    ("build_id", "../x", "build_id", "a build id must"),
    ("attempt", "1", "attempt", "whole number"),
    ("executor_id", 1, "executor_id", "must be text"),
    ("executor_id", "../2", "executor_id", "a number from 1"),
    ("release", "x", "release", "64 hexadecimal"),
    ("requested_by", "a\nb", "requested_by", "control characters"),
    ("project", None, "project", "must be an object"),
    ("project", [], "project", "must be an object"),
    ("project.language", "../x", "project.language", "must be 1 to 32 letters"),
    ("project.module_path", "../x", "project.module_path", "'..'"),
    ("repository.address", "ext::sh -c x", "repository.address", "must be ssh://"),
    ("repository.host", "evil", "repository", "must be those of the address"),
    ("repository.path", "../../x", "repository", "must be those of the address"),
    ("ref.kind", "head", "ref.kind", "must be one of"),
    ("ref.name", "--upload-pack=x", "ref.name", "must not begin with '-'"),
    ("ref.commit", "main", "ref.commit", "hexadecimal"),
    ("ref.commit", None, "ref.commit", "must be text"),
    ("isolation", "none", "isolation", "must be one of"),
    ("engine.command", "docker", "engine.command", "a list of"),
    ("image.name", "--privileged", "image.name", "must not begin with '-'"),
    ("image.name", "", "image", "demands an image"),
    ("image.recipe", "", "image", "demands an image"),
    ("image.recipe", "a\0b", "image.recipe", "NUL"),
    ("scripts", {}, "scripts", "must hold compile_to_execute.sh"),
    ("scripts", {"compile_to_execute.sh": "x", "../x": "y"}, "scripts", "must hold"),
    ("scripts", {"compile_to_execute.sh": "x", "build_docker.sh": "y"}, "scripts", "must hold"),
    ("scripts", {"compile_to_execute.sh": 1}, "scripts.compile_to_execute.sh", "must be text"),
    (
        "scripts",
        {"compile_to_execute.sh": {"encoding": "utf-7", "text": "x"}},
        "scripts.compile_to_execute.sh",
        "latin-1",
    ),
    (
        "scripts",
        {"compile_to_execute.sh": {"encoding": "latin-1", "text": "\u0100"}},
        "scripts.compile_to_execute.sh",
        "above 255",
    ),
    ("environment", {"LD_PRELOAD": "x"}, "environment", "dynamic loader"),
    ("environment", {"A": 1}, "environment.A", "must be text"),
    ("environment", {"A": "x\n"}, "environment.A", "control characters"),
    ("environment", [], "environment", "must be an object"),
    ("artifacts", ["/etc/passwd"], "artifacts[0]", "relative"),
    ("artifacts", ["x"] * 65, "artifacts", "at most 64"),
    ("limits.soft_seconds", 3600, "limits.soft_seconds", "less than the hard limit"),
    ("limits.memory", "-1", "limits.memory", "memory must"),
    ("limits.pids", 0, "limits.pids", "whole number"),
    ("limits.keep_failed_seconds", -1, "limits.keep_failed_seconds", "whole number"),
    ("limits.stall_seconds", 1, "limits.stall_seconds", "5 to"),
    ("disk.builds", 0, "disk.builds", "1 to"),
    ("disk.keep_free_bytes", -1, "disk.keep_free_bytes", "part of a disk"),
    ("checkout.lfs", 1, "checkout.lfs", "true or false"),
    ("ref.kind", "tree", "tree", "exactly when"),
    ("image.id", "sha256:x", "image.id", "must look like"),
    ("publish", dict(PUBLISH, address="evil:5000"), "publish", "one of the registry's"),
    ("publish", dict(PUBLISH, username="a:b"), "publish.username", "':'"),
    ("cache.scope", "/", "cache.scope", "must be one of"),
    ("proxy.address", "http://me:secret@proxy:1", "proxy.address", "without user and password"),
    ("proxy.no_proxy", "a b", "proxy.no_proxy", "no spaces"),
    ("ca", "-----BEGIN PRIVATE KEY-----", "ca", "PEM"),
    ("network", "container:other", "network", "must be bridge, none, host or the name"),
    ("extra", 1, "?", 'unknown key "extra"'),
    ("project.extra", 1, "project.?", "unknown key"),
]


@rows.hostile(1)
@rows.hostile(13)
@pytest.mark.parametrize("changed, value, key_path, message", WRONG)
def test_each_wrong_value_is_named_by_its_key(changed, value, key_path, message):
    found = faults(altered(changed, value))
    assert [fault[0] for fault in found] == [key_path]
    assert message in found[0][1]


def _every_key(shape, prefix=""):
    for key, value in shape.items():
        if prefix != "environment." and prefix != "scripts.":
            yield prefix + key
        if isinstance(value, dict):
            for deeper in _every_key(value, prefix + key + "."):
                yield deeper


@pytest.mark.parametrize("key_path", sorted(_every_key(RIGHT)))
def test_a_missing_key_is_named(key_path):
    document = altered(key_path, None)
    place = document
    for key in key_path.split(".")[:-1]:
        place = place[key]
    del place[key_path.split(".")[-1]]
    assert faults(document) == [(key_path, "is missing")]


@rows.hostile(9)
@pytest.mark.parametrize("document", [None, [], "x", 1, {}])
def test_what_is_no_request_is_refused(document):
    assert faults(document)


def test_all_faults_are_listed_and_their_number_is_bounded():
    assert len(faults({})) == len(RIGHT)
    assert len(faults(altered("artifacts", ["/x"] * 64))) == 50


def test_the_refusal_names_every_key_in_its_text():
    document = altered("attempt", 0)
    document["network"] = "x:y"
    with pytest.raises(grammar.RequestRefused) as caught:
        grammar.check_request(document)
    assert "attempt: " in str(caught.value) and "network: " in str(caught.value)
