"""The operator's own disk is full or its files are damaged: said in one line, nothing is lost, nothing runs twice."""

from __future__ import absolute_import, print_function

import glob
import os

import pytest

from tests.faults import rows
from tests.faults.aftermath import check
from tests.lab.disk import SmallDisk


@pytest.fixture
def small_state(operator):
    """SmallDisk, the operator's state directory, with what was in it."""
    path = os.path.join(operator.environment()["XDG_STATE_HOME"], "tristan")
    kept = path + ".kept"
    os.rename(path, kept)
    os.mkdir(path)
    disk = SmallDisk(4, path=path)
    os.system("cp -a '%s/.' '%s'" % (kept, path))
    yield disk
    os.system("umount --lazy '%s' && rmdir '%s' && mv '%s' '%s'" % (path, path, kept, path))


def said(result, code):
    """One line and its remedy; no fault of Tristan's."""
    assert result.code == code, result
    for word in ("Traceback", "internal error"):
        assert word not in result.err + result.out, result
    return result.err


@rows.fault(13)
def test_the_operators_disk_is_full(operator, small_state, injections):
    assert operator.run("build", "script", "--branch", "main", "--param", "SCRIPT=true").code == 0
    before = len(operator.json("status"))
    with injections.measured():
        small_state.fill()
        result = operator.run("build", "script", "--branch", "main", "--param", "SCRIPT=true")
        assert "can't be written: No space left on device" in said(result, 3)
        assert len(operator.json("status")) == before, "nothing was launched"
        newest = operator.json("status")[0]["build_id"]
        for words in ("status", "machines", "logs " + newest, "gc --dry-run"):
            said(operator.run(*words.split()), 0)
    small_state.make_room()
    assert operator.run("build", "script", "--branch", "main", "--param", "SCRIPT=true").code == 0


@rows.fault(13)
@rows.thorough
def test_the_operators_disk_fills_in_mid_build(operator, small_state, injections):
    """The build's own end counts; that it was accepted is written when there is room."""
    with injections.measured():
        child = operator.script("echo begun; sleep 4; echo over")
        assert b"begun\n" in iter(child.stdout.readline, b""), child.communicate()
        small_state.fill()
        out, err = child.communicate()
        assert b"over" in out and b"Traceback" not in err and b"internal error" not in err, err
        small_state.make_room()
        (status,) = operator.json("status")[:1]
        assert status["state"] == "success"
        check(operator, status)


@rows.fault(13)
def test_damaged_files_of_the_operators_are_told(operator, small_state, injections):
    build_id = operator.detached("true")
    assert operator.run("logs", build_id, "--follow").code == 0
    for pattern in ("builds/*.json", "machines/*.json", "places/*.json", "ends/*.json"):
        for path in glob.glob(os.path.join(small_state.path, pattern)):
            with open(path, "w") as damaged:
                damaged.write('{"stage": ')
    with injections.measured():
        result = operator.run("status", build_id)
        assert "it is damaged" in said(result, 0)
        assert (
            operator.run("build", "script", "--branch", "main", "--param", "SCRIPT=true").code == 0
        )
