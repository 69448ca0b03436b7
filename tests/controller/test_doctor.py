"""doctor over a real sshd, with each lack made really."""

from __future__ import absolute_import, print_function, unicode_literals

import io
import os
import time

import pytest

from controller import doctor, errors
from controller.settings.model import Engine
from controller.state import State
from tests.controller.examined import known_hosts, machine_of
from tests.lab import process

NAMES = (
    "ssh sessions sftp python git engine root disk inodes exec tmp home clock kernel logout locale"
)


@pytest.fixture
def examine(make_sshd, engine, executor_python):
    """Function (sshd's parameters, machine's changes) -> dict of name -> Check."""

    def run(machine=None, **parameters):
        sshd = make_sshd(docker_socket=engine.socket, **parameters)
        state = State(os.path.join(sshd.directory, "state"))
        os.rename(known_hosts(sshd), state.known_hosts)
        values = dict({"python": executor_python, "engine": lab(engine)}, **(machine or {}))
        values = dict((key, fill(value, sshd)) for key, value in values.items())
        checks = doctor.examine(machine_of(sshd, **values), state)
        assert all(check.state in ("ok", "warn", "fail", "info") for check in checks)
        assert all(
            check.detail and (check.remedy or check.state in ("ok", "info")) for check in checks
        )
        run.order = [check.name for check in checks]
        return dict((check.name, check) for check in checks)

    return run


def fill(value, sshd):
    return value(sshd) if callable(value) else value


def lab(engine):
    return Engine("docker", tuple(engine.command))


def lacking(found):
    """:returns: {name: state} of the checks that are neither ok nor info."""
    return dict(
        (name, check.state) for name, check in found.items() if check.state in ("warn", "fail")
    )


def test_a_good_machine_passes_every_check(examine):
    found = examine()
    assert examine.order == NAMES.split()
    assert [name for name, state in lacking(found).items() if state == "fail"] == []
    assert found["ssh"].detail.startswith("OpenSSH_")
    assert found["ssh"].detail.endswith("logged in as builder")
    assert (found["sessions"].state, found["sessions"].detail[0]) == ("ok", "4")
    assert found["sftp"].state == found["python"].state == found["engine"].state == "ok"
    assert found["clock"].state == "ok"


def test_without_sftp(examine):
    found = examine(options={"Subsystem": None})
    assert (found["sftp"].state, found["python"].state) == ("info", "ok")
    assert "exec" in found["sftp"].detail


@pytest.mark.parametrize(
    "most, state, words", [(1, "info", "MaxSessions 1"), (2, "ok", "2 at once")]
)
def test_few_sessions(examine, most, state, words):
    found = examine(options={"MaxSessions": most})
    assert found["sessions"].state == state
    assert words in found["sessions"].detail
    assert found["engine"].state == "ok"


PYTHONS = "/usr/bin/python* /usr/local/bin/python* /opt/*/bin/python* /usr/libexec/platform-python*"
HIDE_PYTHONS = [
    "for python in %s; do [ ! -f $python ] || mount --bind /dev/null $(readlink -f $python) 2>/dev/null || :; done"
    % PYTHONS,
    "if [ -d /root/.pyenv ]; then mount -t tmpfs tmpfs /root/.pyenv; fi",
]


def test_no_python(examine):
    found = examine({"python": None}, pre_exec=HIDE_PYTHONS)
    assert examine.order == "ssh sessions sftp python".split()
    assert found["python"].state == "fail"
    assert "machines.builder-1.python" in found["python"].remedy
    assert found["ssh"].detail.endswith("logged in as builder")


def test_a_python_that_is_not_there(examine):
    found = examine({"python": "/nowhere/python3"})
    assert found["python"].state == "fail"
    assert "machines.builder-1.python" in found["python"].detail
    assert "logout" not in found


def test_no_git(examine):
    found = examine(pre_exec=["mount --bind /dev/null $(readlink -f $(command -v git))"])
    assert (found["git"].state, found["git"].detail) == ("fail", "not installed")


def test_an_old_git(examine, tmpdir):
    old = tmpdir.join("git")
    old.write("#!/bin/sh\necho git version 1.7.1\n")
    old.chmod(0o755)
    found = examine(pre_exec=["mount --bind %s $(readlink -f $(command -v git))" % old])
    assert found["git"].state == "fail"
    assert "1.8.3" in found["git"].remedy


def test_git_lfs_is_told_of(examine):
    hide = ["mount --bind /dev/null $(readlink -f $(command -v git-lfs))"]
    with_it, without = examine()["git"], examine(pre_exec=hide)["git"]
    assert (with_it.state, without.state) == ("ok", "ok")
    assert "git-lfs 3" in with_it.detail and "no git-lfs" in without.detail


def test_the_engine_is_denied(examine):
    found = examine(docker_group=False)
    assert found["engine"].state == "fail"
    assert found["engine"].detail.startswith("builder may not use docker")
    assert "usermod -aG" in found["engine"].remedy
    assert "sudo docker" in found["engine"].remedy


def test_the_engine_is_missing(examine):
    found = examine({"engine": Engine("podman", ("/nowhere/podman",))})
    assert found["engine"].detail == "/nowhere/podman is not installed"
    assert "install podman there" in found["engine"].remedy


def test_the_engine_is_down(examine):
    found = examine({"engine": Engine("docker", ("docker", "-H", "unix:///nowhere.sock"))})
    assert found["engine"].state == "fail"
    assert "is not running" in found["engine"].detail
    assert "start it" in found["engine"].remedy


def test_a_machine_for_the_host_alone_needs_no_engine(examine):
    engine = Engine("docker", ("/nowhere/docker",))
    found = examine({"engine": engine, "isolation": ("host",)})
    assert (found["engine"].state, found["engine"].remedy) == ("info", "")
    assert "not needed" in found["engine"].detail


@pytest.fixture
def place():
    """An empty directory that the sshd's mount namespace puts a file system over."""
    made = process.directory("place")
    yield made
    process.remove(made)


def tmpfs(place, options):
    words = "mount -t tmpfs -o uid=2301,%s tmpfs %s" % (options, process.quote(place))
    return [words]


def test_a_root_on_noexec(examine, place):
    found = examine({"root": place + "/tristan"}, pre_exec=tmpfs(place, "noexec"))
    assert found["exec"].state == "fail"
    assert "noexec" in found["exec"].detail
    assert found["tmp"].state == "ok"


def test_tmp_on_noexec_is_no_lack(examine):
    found = examine(pre_exec=["mount -t tmpfs -o noexec,mode=1777 tmpfs /tmp"])
    assert (found["tmp"].state, found["exec"].state) == ("info", "ok")


def test_a_small_root(examine, place):
    found = examine({"root": place}, pre_exec=tmpfs(place, "size=2g,nr_inodes=500"))
    assert (found["disk"].state, found["inodes"].state) == ("warn", "warn")
    assert found["disk"].detail.startswith("2.0 GiB free")


def test_a_tiny_root(examine, place):
    found = examine({"root": place}, pre_exec=tmpfs(place, "size=100m,nr_inodes=0"))
    assert found["disk"].state == "fail"
    assert (found["inodes"].state, found["inodes"].detail[:7]) == ("info", "unknown")


def test_a_read_only_root(examine, place):
    found = examine({"root": place}, pre_exec=tmpfs(place, "ro"))
    assert found["root"].state == "fail"
    assert "read-only" in found["root"].detail


def test_a_root_that_belongs_to_somebody_else(examine, place):
    found = examine({"root": place + "/tristan"})
    assert found["root"].state == "fail"
    assert "can't be written by builder" in found["root"].detail
    assert "install -d -o builder %s/tristan" % place in found["root"].remedy


def test_a_root_that_is_a_file(examine):
    found = examine({"root": lambda sshd: sshd.log})
    assert (found["root"].state, "not a directory" in found["root"].detail) == ("fail", True)


def test_a_home_that_can_not_be_written(examine):
    found = examine(pre_exec=["chown root $(getent passwd builder | cut -d: -f6)"])
    assert (found["home"].state, lacking(found).get("root")) == ("info", None)


LOGIND = "mount -t tmpfs tmpfs /etc/systemd && printf '[Login]\\nKillUserProcesses=yes\\n' > /etc/systemd/logind.conf"


def test_a_login_that_ends_what_it_started(examine):
    found = examine(pre_exec=["mkdir -p /etc/systemd", LOGIND])
    assert found["logout"].state == "warn"
    assert "KillExcludeUsers=root builder" in found["logout"].remedy


AHEAD = """#!{0} -E
import sys, time
real = time.time
time.time = lambda: real() + 90
exec(sys.argv[sys.argv.index("-c") + 1], {{"__name__": "__main__"}})
"""


def test_a_clock_that_is_ahead(examine, place, executor_python):
    """A Python whose clock is: the clock of this host is not the test's to set."""
    python = os.path.join(place, "python")
    with io.open(python, "w") as target:
        target.write(AHEAD.format(executor_python))
    os.chmod(python, 0o755)
    found = examine({"python": python})
    seconds, way = found["clock"].detail.split(" s ")
    assert (found["clock"].state, way) == ("warn", "ahead")
    assert 60 < int(seconds) < 120  # by as much as the way there took longer than the way back


def test_half_of_the_way_is_taken_off_the_skew():
    """Asked at 100, answered at 110, 4 s of which were the machine's own work: it answered at 107."""
    facts = {"seconds": 4.0, "clock": 107.0}
    assert doctor.skew_of(facts, 100.0, 110.0) == 0.0
    assert doctor.skew_of(dict(facts, clock=100.0), 100.0, 110.0) == -7.0
    assert doctor.skew_of(dict(facts, seconds=11.0), 100.0, 110.0) == -3.0


def test_what_a_slow_way_may_account_for_is_no_skew():
    """Asked at 100, answered at 130, 4 s of which were work: by a clock as ours it was read between 104 and 130."""
    for clock, skew in ((104.0, 0.0), (130.0, 0.0), (103.0, -14.0), (131.0, 14.0)):
        assert doctor.skew_of({"seconds": 4.0, "clock": clock}, 100.0, 130.0) == skew


def test_a_machine_that_is_not_there_is_an_error_of_the_connection(tmpdir):
    machine = machine_of(None, port=process.free_port())
    begun = time.time()
    with pytest.raises(errors.MachineUnreachable):
        doctor.examine(machine, State(str(tmpdir)))
    assert time.time() - begun < 60
