"""The project's image: built, pushed to a real registry, checked, and gone from the machine; with the faults on the way."""

from __future__ import absolute_import, print_function

import pytest

from tests.executor.machine import phase

pytestmark = pytest.mark.once

DOCKERFILE = (
    "FROM %s\nARG IMAGE_PROJECT_TAG\nENV NAME=${IMAGE_PROJECT_TAG}\nCOPY shop.py /shop.py\n"
)


def publish(registry, tag="20261121T065500001-0a1b2c3d_202611210655", username=""):
    """:returns: the request's ``publish``."""
    return {
        "registry": "lab",
        "address": registry.address,
        "username": username,
        "image": "%s/team/shop-main:%s" % (registry.address, tag),
        "project_tag": "shop-main",
        "base_image": "",
    }


def test_image_is_pushed_and_removed_here(docker_machine, address, shop, registry, engine):
    shop.commit({"Dockerfile": DOCKERFILE % docker_machine.image})
    request = docker_machine.request(address, "true", isolation="docker", publish=publish(registry))
    status = docker_machine.run(request)
    print(docker_machine.log(request))
    assert status["state"] == "success"
    assert status["app_image"]["digest"] == registry.digest(
        "team/shop-main", registry.tags("team/shop-main")[0]
    )
    assert phase(status, "publish")["state"] == "success"
