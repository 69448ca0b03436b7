"""What a machine kept of a build's request."""

from __future__ import absolute_import, print_function, unicode_literals

import json
import os

import pytest

from controller import errors
from tests.controller.workshop import Sink
from tests.faults import rows


@pytest.fixture
def built(workshop):
    """(controller, terminal status, path of the attempt's directory)"""
    controller = workshop.controller("echo hello")
    launched = controller.build(controller.plan("shop", branch="main"))
    status = controller.watch(launched.build_id, sink=Sink())
    builds = os.path.join(workshop.root("builder-1"), "1", "run", "1", "builds")
    return controller, status, os.path.join(builds, launched.build_id, "1")


def test_the_whole_request_and_the_status(built):
    controller, status, _ = built
    machine, found = controller.past_request(status["build_id"][-8:])
    assert machine == "builder-1"
    assert found["status"] == status
    assert found["request"]["build_id"] == status["build_id"]
    assert found["request"]["scripts"]["compile_to_execute.sh"] == "echo hello\n"


def test_a_request_that_is_gone(built):
    controller, status, attempt = built
    os.remove(os.path.join(attempt, "request.json"))
    with pytest.raises(errors.BuildNotFound) as caught:
        controller.past_request(status["build_id"])
    assert "keeps no request" in caught.value.message


def test_no_such_build(built):
    controller, status, attempt = built
    os.rename(os.path.dirname(attempt), os.path.dirname(attempt) + "0")
    with pytest.raises(errors.BuildNotFound):
        controller.past_request(status["build_id"])


@rows.hostile(9)
@pytest.mark.parametrize("change", [{"build_id": "20261121T065512123-00000000"}, {"scripts": {}}])
def test_a_forged_request_is_refused(built, change):
    controller, status, attempt = built
    path = os.path.join(attempt, "request.json")
    with open(path) as opened:
        request = json.load(opened)
    request.update(change)
    with open(path, "w") as opened:
        opened.write(str(json.dumps(request)))
    with pytest.raises(errors.ProtocolError):
        controller.past_request(status["build_id"])
