"""What doctor believes of a machine: what has the shape can be judged, anything else is refused."""

from __future__ import absolute_import, print_function, unicode_literals

import json
import os
import subprocess

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from controller import diagnosis, errors, facts
from tests.controller.examined import machine_of
from tests.faults import hostile, rows, table
from tests.lab.python import interpreter

PROGRAM = os.path.join(
    os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))),
    "business_hyper_fusion",
    "facts.py",
)


@pytest.fixture(scope="module")
def told():
    """What this host tells of itself."""
    question = {"root": "/nowhere/1", "engine": {"kind": "docker", "command": ["/nowhere/docker"]}}
    child = subprocess.Popen(
        [interpreter(), "-E", "-S", "-B", PROGRAM], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    return json.loads(
        child.communicate(json.dumps(question).encode("ascii") + b"\n")[0].decode("ascii")
    )


def test_what_a_machine_tells_is_believed(told):
    assert facts.believed(told, "doctor") is told


@rows.hostile(9)
@settings(
    max_examples=table.Injections.count(150, 3000),
    deadline=None,
    suppress_health_check=[
        getattr(HealthCheck, name)
        for name in ("too_slow", "function_scoped_fixture")
        if hasattr(HealthCheck, name)
    ],
)
@given(data=st.data())
def test_forged_facts_are_refused_or_can_be_judged(told, data):
    path = data.draw(st.sampled_from(sorted(hostile.paths_in(told), key=repr)))
    value = data.draw(st.sampled_from(hostile.NASTY + [Ellipsis] * bool(path)))
    forged = hostile.replaced(told, path, value)
    try:
        believed = facts.believed(forged, "doctor")
    except errors.ProtocolError as error:
        assert "doctor: the machine told what is none" in error.message
        return
    for check in diagnosis.judge(machine_of(None), believed, 0.0):
        assert check.state in ("ok", "warn", "fail", "info")
