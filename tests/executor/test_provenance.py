"""What a build says of its origin: by the rules of in-toto and SLSA, and true."""

from __future__ import absolute_import, print_function

import hashlib
import json
import os

import jsonschema
import pytest

from business_hyper_fusion import clean, lock, order, provenance
from tests.executor import provenance_schema

SCRIPT = "mkdir -p dist; echo one >dist/one; echo two >'dist/t wo'"


def statement(machine, request):
    """:returns: the statement that a build's status names, checked by the schema."""
    status = machine.status(request)
    assert status["state"] == "success", machine.log(request)
    assert status["provenance"] == machine.attempt(request).provenance
    with open(status["provenance"]) as source:
        found = json.load(source)
    jsonschema.validate(found, provenance_schema.STATEMENT)
    return found


def build(machine, request):
    machine.run(request)
    return statement(machine, request)


def dependencies(found):
    return dict(
        (one["name"], one) for one in found["predicate"]["buildDefinition"]["resolvedDependencies"]
    )


def test_what_was_made_and_from_which_commit(machine, address, shop):
    request = machine.request(address, SCRIPT, environment={"TOKEN": "hidden-value"})
    found = build(machine, request)
    status = machine.status(request)
    assert found["subject"] == [
        {"name": name, "digest": {"sha256": hashlib.sha256(content).hexdigest()}}
        for name, content in (("dist/one", b"one\n"), ("dist/t wo", b"two\n"))
    ]
    source = dependencies(found)["source"]
    assert source["uri"] == "git+%s@refs/heads/main" % address
    assert source["digest"] == {"gitCommit": status["commit"]}
    external = found["predicate"]["buildDefinition"]["externalParameters"]
    assert external["ref"] == "refs/heads/main" and external["repository"] == address
    assert external["environmentNames"] == ["TOKEN"]
    assert "hidden-value" not in json.dumps(found)
    run = found["predicate"]["runDetails"]
    assert run["builder"]["id"] == "tristan:machine/lab"
    assert run["metadata"]["invocationId"] == request["build_id"] + "/1"
    assert run["metadata"]["startedOn"] == status["started_at"]
    assert status["started_at"] <= run["metadata"]["finishedOn"] <= status["ended_at"]


def test_every_script_and_the_request_by_their_hashes(machine, address):
    request = machine.request(address, SCRIPT)
    found = build(machine, request)
    internal = found["predicate"]["buildDefinition"]["internalParameters"]
    assert internal["release"] == request["release"]
    assert internal["scriptsVersion"] == machine.status(request)["scripts_version"]
    own = hashlib.sha256((SCRIPT + "\n").encode("ascii")).hexdigest()
    assert internal["scripts"]["compile_to_execute.sh"] == own
    assert "build_project.sh" in internal["scripts"] and "version" not in internal["scripts"]
    with open(machine.attempt(request).request) as source:
        asked = json.load(source)
    text = json.dumps(asked, sort_keys=True, separators=(",", ":"))
    (byproduct,) = found["predicate"]["runDetails"]["byproducts"]
    assert byproduct["digest"]["sha256"] == hashlib.sha256(text.encode("ascii")).hexdigest()


def test_a_repetition_has_the_same_definition(machine, address):
    first = machine.request(address, SCRIPT)
    found = build(machine, first)
    commit = machine.status(first)["commit"]
    ref = {"kind": "branch", "name": "main", "commit": commit}
    again = machine.request(address, SCRIPT, ref=ref, executor_id="2", requested_by="another")
    repeated = build(machine, again)
    assert repeated["subject"] == found["subject"]
    definitions = [one["predicate"]["buildDefinition"] for one in (found, repeated)]
    assert definitions[0] == definitions[1]
    assert repeated["predicate"]["runDetails"] != found["predicate"]["runDetails"]


@pytest.mark.parametrize(
    "change", [{"environment": {"A": "1"}}, {"network": "bridge"}, {"artifacts": ["dist/one"]}]
)
def test_another_request_has_another_definition(machine, address, change):
    first = machine.request(address, SCRIPT)
    assert provenance.definition_hash(first) != provenance.definition_hash(dict(first, **change))


def test_what_made_nothing_or_failed_states_nothing(machine, address):
    for script in ("true", SCRIPT + "; false"):
        request = machine.request(address, script)
        assert machine.run(request)["provenance"] == ""
        assert not os.path.exists(machine.attempt(request).provenance)


def test_it_outlives_the_log(machine, address, monkeypatch):
    monkeypatch.setattr(clean, "KEPT_BUILDS", 1)
    request = machine.request(address, SCRIPT)
    found = build(machine, request)
    executor, later = machine.business.executor("1"), "20991121T065500000-00000000"
    machine.wait_until(lambda: not lock.held(executor.lock))  # who buries has it
    os.mkdir(os.path.join(executor.builds, later))
    order.add(executor, later)
    clean.bury_old_builds(executor, 0)
    attempt = machine.attempt(request)
    assert sorted(os.listdir(attempt.path)) == ["provenance.json", "request.json", "status"]
    answer = machine.ask("request", {"build_id": request["build_id"]})
    assert answer["provenance"] == found
    assert answer["request"]["build_id"] == request["build_id"]


def test_the_images_it_was_built_in(docker_machine, address):
    request = docker_machine.request(address, SCRIPT, isolation="docker")
    found = dependencies(build(docker_machine, request))
    image = docker_machine.status(request)["image"]
    base = found["base image"]
    name, tag = docker_machine.image.split(":")
    assert base["uri"] == "pkg:docker/%s@%s" % (name, tag)
    assert base["digest"] == {"sha256": image["id"].partition(":")[2]}
    made = found["build image"]
    assert made["digest"] == {"sha256": image["build_image_id"].partition(":")[2]}
    assert made["annotations"] == {"image": image["build_image"]}


@pytest.mark.parametrize(
    "address, ref, uri",
    [
        ("https://Git.Example.com/a/b.git", "refs/heads/main", "git+https://git.example.com/a/b.git@refs/heads/main"),
        ("ssh://git@host:2222/a/b", "", "git+ssh://git@host:2222/a/b"),
        ("git@host:a/b.git", "refs/tags/v1", "git+ssh://git@host/a/b@refs/tags/v1"),
        ("http://host/a%20b", "refs/heads/$(id) ;\xc3\xbc", "git+http://host/a%20b@refs/heads/%24%28id%29%20%3B%C3%BC"),
        ("http://host/a", "tree/mine", "git+http://host/a"),
    ],
)  # fmt: skip
def test_addresses_as_uris(address, ref, uri):
    if not isinstance(ref, bytes):
        ref = ref.encode("latin-1").decode("utf-8")
    assert provenance.git_uri(address, ref) == uri
    jsonschema.validate({"uri": uri}, provenance_schema.RESOURCE)


DIGEST = "sha256:" + "a" * 64


@pytest.mark.parametrize(
    "reference, digest, uri",
    [
        ("python:3.12", "", "pkg:docker/python@3.12"),
        ("python", DIGEST, "pkg:docker/python@" + DIGEST.replace(":", "%3A")),
        ("host:5000/a/b", "", "pkg:docker/a/b@latest?repository_url=host:5000"),
        ("ghcr.io/a/b:1", "", "pkg:docker/a/b@1?repository_url=ghcr.io"),
        ("a/b:1@" + DIGEST, "", "pkg:docker/a/b@1"),
    ],
)
def test_images_as_uris(reference, digest, uri):
    assert provenance.image_uri(reference, digest) == uri
    jsonschema.validate({"uri": uri}, provenance_schema.RESOURCE)


def test_an_app_image_is_a_subject():
    status = {"artifacts": [], "app_image": {"image": "r/shop:1", "id": DIGEST, "digest": DIGEST}}
    found = provenance._subjects(status)
    assert found == [{"name": "r/shop:1", "digest": {"sha256": "a" * 64}}]
