"""A release's bytecode: made by the first build, used by what comes after, and never missed."""

from __future__ import absolute_import, print_function

import glob
import marshal
import os
import sys

import pytest

from business_hyper_fusion import compile_release, compiled, identity, lock
from tests.executor.machine import HASH

BROKEN = "business_hyper_fusion/grammar/values.py"
"""A module that every contact imports."""


def compiled_files(machine):
    return glob.glob(os.path.join(machine.business.releases, ".compiled.*"))


def made(machine, request):
    """Build, and wait until the worker has made the bytecode and let go of the sync's lock, which is its last deed."""
    status = machine.run(request)
    assert status["state"] == "success"
    machine.wait_until(lambda: not identity.alive(status["process"]))
    assert compiled.read(machine.release)


@pytest.fixture
def warm(machine, address):
    """A machine that has had its first build."""
    before = tree(machine.release)
    made(machine, machine.request(address, "true"))
    assert tree(machine.release) == before
    return machine


def tree(directory):
    """:returns: {path: content}"""
    found = {}
    for folder, _, names in os.walk(directory):
        for name in names:
            with open(os.path.join(folder, name), "rb") as file:
                found[os.path.join(folder, name)] = file.read()
    return found


def spoil(machine, path=BROKEN):
    with open(os.path.join(machine.release, path), "w") as source:
        source.write("this is no Python\n")


def test_a_build_makes_it_and_the_next_contacts_use_it(warm, address):
    assert [os.path.basename(path) for path in compiled_files(warm)] == [
        ".compiled.%s.%08x" % (HASH, sys.hexversion)
    ]
    spoil(warm)
    assert warm.ask("builds", {})["answer"] == "builds"
    assert warm.run(warm.request(address, "true"))["state"] == "success"


def test_it_holds_the_modules_and_no_pack_s_scripts(warm):
    modules = compiled.read(warm.release)
    assert modules["business_hyper_fusion.grammar"][:2] == (
        True,
        "business_hyper_fusion/grammar/__init__.py",
    )
    assert not modules["business_hyper_fusion.launch"][0]
    assert not [name for name in modules if ".python." in name or name.endswith("__main__")]


def test_tracebacks_name_the_sources(warm):
    code = marshal.loads(compiled.read(warm.release)["business_hyper_fusion.launch"][2])
    assert code.co_filename == os.path.join(warm.release, "business_hyper_fusion", "launch.py")


def other_python(data):
    return marshal.dumps(("3.99.0 (of another build)", marshal.loads(data)[1]))


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: b"",
        lambda data: b"\0" * len(data),
        lambda data: data[: len(data) // 2],
        lambda data: b"noise" + data,
        lambda data: marshal.dumps(7),
        other_python,
    ],
)
def test_what_is_none_of_this_python_s_is_left_alone_and_made_anew(warm, address, damage):
    path = compiled.path_of(warm.release)
    with open(path, "rb") as file:
        good = file.read()
    with open(path, "wb") as file:
        file.write(damage(good))
    assert warm.ask("builds", {})["answer"] == "builds"
    made(warm, warm.request(address, "true"))


def test_another_python_of_the_machine_has_one_of_its_own(warm, monkeypatch):
    used = compiled.path_of(warm.release)
    monkeypatch.setattr(sys, "hexversion", sys.hexversion + 1)
    assert compiled.path_of(warm.release) != used and not compiled.read(warm.release)
    compile_release.if_missing(warm.business, warm.release)
    assert len(compiled_files(warm)) == 2


def test_a_build_goes_on_when_it_is_taken_away(warm, address):
    request = warm.request(address, "echo begun; sleep 1")
    warm.launch(request)
    warm.wait_for_log(request, "begun")
    os.unlink(compiled.path_of(warm.release))
    assert warm.wait(request)["state"] == "success"


def test_none_is_made_during_a_sync(warm):
    path = compiled.path_of(warm.release)
    os.unlink(path)
    held = lock.acquire(os.path.join(warm.business.path, "sync.lock"))
    compile_release.if_missing(warm.business, warm.release)
    assert not os.path.exists(path)
    os.close(held)
    compile_release.if_missing(warm.business, warm.release)
    assert os.path.exists(path)
