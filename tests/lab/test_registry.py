"""The lab's registry takes and gives images as a real one: it is one."""

from __future__ import absolute_import, print_function, unicode_literals

import pytest

from tests.lab import process

pytestmark = pytest.mark.once


def push_nothing(engine, registry, tag="1"):
    """:returns: str, the digest that the engine names after it pushed an image without content"""
    image = "{0}/group/nothing:{1}".format(registry.address, tag)
    engine.run(["build", "--tag", image, "-"], b"FROM scratch\nLABEL lab=registry\n")
    try:
        engine.run(["push", image])
        form = ["image", "inspect", "--format", "{{index .RepoDigests 0}}", image]
        return engine.run(form).strip().partition("@")[2]
    finally:
        engine.run(["image", "rm", "--force", image])


def test_plain_registry_keeps_its_data_over_a_restart(engine, registry):
    digest = push_nothing(engine, registry)
    registry.kill()
    assert not registry.running()
    registry.start()
    assert registry.repositories() == ["group/nothing"]
    assert registry.tags("group/nothing") == ["1"] and registry.tags("none") == []
    assert registry.digest("group/nothing", "1") == digest
    assert registry.manifests("group/nothing") == [digest]
    assert registry.manifest("group/nothing", "1")["schemaVersion"] == 2
    assert any("PUT /v2/group/nothing/manifests/1 201" in line for line in registry.access_log())


def test_login_is_asked_for(engine, make_registry):
    registry = make_registry("robot", "pass word")
    with pytest.raises(process.LabError):
        push_nothing(engine, registry)
    assert registry.ask("GET", "/v2/")[0] == 200
    registry.password = "wrong"
    assert registry.ask("GET", "/v2/")[0] == 401


def test_tls_is_trusted_by_its_own_ca(make_registry):
    registry, other = make_registry(tls=True), make_registry(tls=True)
    assert registry.ask("GET", "/v2/")[0] == 200
    registry.ca_file = other.ca_file
    with pytest.raises(EnvironmentError):
        registry.ask("GET", "/v2/")
