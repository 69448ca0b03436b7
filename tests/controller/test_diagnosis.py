"""What doctor makes of facts: the limits, and the cases that no test machine has."""

from __future__ import absolute_import, print_function, unicode_literals

import pytest

from controller import diagnosis
from controller.settings.model import Engine
from tests.controller.examined import machine_of

GIB = 1024**3


@pytest.mark.parametrize(
    "version, state",
    [
        ("OpenSSH_7.4", "ok"),
        ("OpenSSH_9.2p1 Debian-2+deb12u3", "ok"),
        ("OpenSSH_10.0", "ok"),
        ("OpenSSH_7.2p2 Ubuntu-4", "fail"),
        ("dropbear_2022.83", "warn"),
        ("OpenSSH_for_Windows_9.5", "warn"),
    ],
)
def test_ssh(version, state):
    assert diagnosis.ssh(version, "builder").state == state


@pytest.mark.parametrize(
    "version, state", [("1.8.3.1", "ok"), ("1.8.2", "fail"), ("2.39.5", "ok"), ("next", "warn")]
)
def test_git(version, state):
    fact = {"state": "ok", "version": version, "path": "/usr/bin/git", "lfs": None}
    assert diagnosis.git(fact).state == state


def engine_fact(**changes):
    fact = {"kind": "docker", "state": "ok", "version": "20.10.24+dfsg1", "said": ""}
    return dict(fact, socket=None, socket_group=None, **changes)


@pytest.mark.parametrize(
    "kind, version, state",
    [
        ("docker", "20.10.24+dfsg1", "ok"),
        ("docker", "19.03.15", "ok"),
        ("docker", "18.09.1", "fail"),
        ("docker", "dev", "warn"),
        ("podman", "4.0.0", "ok"),
        ("podman", "3.4.4", "fail"),
    ],
)
def test_the_engines_version(kind, version, state):
    fact = dict(engine_fact(), kind=kind, version=version)
    check = diagnosis.engine(machine_of(None), fact, "builder")
    assert (check.name, check.state) == ("engine", state)
    assert check.state != "fail" or ("19.03" if kind == "docker" else "to 4") in check.remedy


def test_an_old_engine_does_not_matter_to_a_machine_for_the_host_alone():
    machine = machine_of(None, isolation=("host",))
    fact = dict(engine_fact(), version="1.13")
    assert diagnosis.engine(machine, fact, "builder").state == "info"


def test_each_lack_of_an_engine_has_its_own_remedy():
    remedies = set()
    for kind, words in (("docker", ("docker",)), ("podman", ("podman",))):
        for state in ("missing", "denied", "down", "timeout"):
            machine = machine_of(None, engine=Engine(kind, words))
            fact = dict(engine_fact(), kind=kind, state=state, said="no", version=None)
            check = diagnosis.engine(machine, fact, "builder")
            assert check.state == "fail"
            remedies.add(check.remedy)
    assert len(remedies) == 7  # a timeout is looked into the same way


def test_the_group_of_the_socket_is_named_but_never_root():
    machine = machine_of(None)
    fact = dict(engine_fact(), state="denied", version=None)
    named = diagnosis.engine(machine, dict(fact, socket_group="wheel"), "builder")
    assert "usermod -aG wheel builder" in named.remedy
    root = diagnosis.engine(machine, dict(fact, socket_group="root"), "builder")
    assert "usermod -aG docker builder" in root.remedy


def test_sudo_that_is_denied():
    machine = machine_of(None, engine=Engine("docker", ("sudo", "docker")))
    fact = dict(engine_fact(), state="denied", version=None)
    assert "builder ALL=(root) NOPASSWD" in diagnosis.engine(machine, fact, "builder").remedy


@pytest.mark.parametrize(
    "free, state",
    [(1 * GIB - 1, "fail"), (1 * GIB, "warn"), (5 * GIB - 1, "warn"), (5 * GIB, "ok")],
)
def test_disk(free, state):
    assert diagnosis.disk({"bytes": free, "nearest": "/data"}).state == state


@pytest.mark.parametrize(
    "free, total, state",
    [(9999, 10**6, "warn"), (10000, 10**6, "ok"), (0, 10**6, "warn"), (0, 0, "info")],
)
def test_inodes(free, total, state):
    fact = {"inodes": free, "inodes_total": total, "nearest": "/data"}
    assert diagnosis.inodes(fact).state == state


@pytest.mark.parametrize(
    "skew, state, detail",
    [
        (5.0, "ok", "as here"),
        (5.1, "warn", "5 s ahead"),
        (-5.0, "ok", "as here"),
        (-7200.0, "warn", "7200 s behind"),
    ],
)
def test_clock(skew, state, detail):
    check = diagnosis.clock(skew)
    assert check.state == state
    assert check.detail.startswith(detail)


@pytest.mark.parametrize(
    "version, state",
    [("3.10.0-1160.el7.x86_64", "ok"), ("2.6.32-754.el6", "fail"), ("6.1.0-18", "ok")],
)
def test_kernel(version, state):
    assert diagnosis.kernel({"kernel": version, "cgroup": None}).state == state


def test_lingering_is_no_way_out_of_a_login_that_ends_its_processes():
    for linger in (False, True):
        check = diagnosis.logout({"kills": True, "linger": linger}, "builder")
        assert check.state == "warn"
        assert "KillExcludeUsers=root builder" in check.remedy
    assert diagnosis.logout({"kills": False, "linger": False}, "builder").state == "ok"


def test_a_file_system_that_tells_nothing_is_not_judged():
    fact = {"path": "/data/1", "nearest": "/data", "exists": False, "directory": False}
    fact.update(writable=False, read_only=None, no_exec=None, bytes=None)
    (check,) = diagnosis.root(machine_of(None), fact, "builder")
    assert check.state == "fail"
