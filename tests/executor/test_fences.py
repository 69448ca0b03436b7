"""What a build is fenced in by: as it finds it in a real container, and as the engine tells it; with both engines."""

from __future__ import absolute_import, print_function

import json
import os
import posixpath

import pytest

from business_hyper_fusion import compat
from tests.executor.machine import PATIENCE, Machine, engine_of, phase, podman_engine
from tests.executor.test_phases import MEASURED, measured
from tests.faults import rows
from tests.lab import busybox, process
from tests.lab.podman import Podman

pytestmark = pytest.mark.once

WAIT = "echo looked; while [ ! -e /tristan/source/go ]; do sleep 0.1; done"
LOOK = r"""
for file in status mounts mountinfo; do echo "<$file>"; cat /proc/self/$file; echo "</$file>"; done
echo "<limits>"; ulimit -c; ulimit -n; echo "</limits>"
echo "<first>"; tr '\0' ' ' </proc/1/cmdline; echo; echo "</first>"
echo "<sockets>"; find / -xdev -type s 2>/dev/null; echo "</sockets>"
echo "<devices>"; find /dev -type b; find /dev -type c; echo "</devices>"
echo "<environment>"; env; echo "</environment>"
echo "<interfaces>"; sed -n 's/^ *\([^:]*\):.*/\1/p' /proc/net/dev; echo "</interfaces>"
echo "<ipc>"; readlink /proc/self/ns/ipc; echo "</ipc>"
echo "<written>"
for place in "$TRISTAN_BUILD" "$TRISTAN_DEPENDENCY_LIB" "$TRISTAN_SECRETS"; do
	(: >"$place/x") 2>/dev/null && echo "$place"
done
mount -o remount,rw "$TRISTAN_BUILD" 2>/dev/null && echo remounted
mount -t tmpfs tmpfs "$TRISTAN_BUILD" 2>/dev/null && echo mounted
umount "$TRISTAN_BUILD" 2>/dev/null && echo unmounted
mv "$TRISTAN_BUILD" /tristan/moved 2>/dev/null && echo moved
mknod "$TRISTAN_SOURCE/disk" b 8 0 2>/dev/null && echo device
chown 12345 "$TRISTAN_SOURCE/setup.py" 2>/dev/null && echo owner
echo 1 2>/dev/null >/proc/sys/kernel/panic && echo sysctl
echo "</written>"
"""

OWN_MOUNTS = {
    "/tristan/source": "rw",
    "/tristan/cache/project": "rw",
    "/tristan/build": "ro",
    "/tristan/cache/dependency_lib": "ro",
    "/tristan/secrets": "ro",
    "/tristan/lifeline": "ro",
}
OWN_MEMORY = "/tristan/private"
INIT = "/run/podman-init"
ENGINES_MOUNTS = {
    "docker": ["/etc/hostname", "/etc/hosts", "/etc/resolv.conf", "/sbin/docker-init"],
    "podman": ["/etc/hostname", "/etc/hosts", "/etc/resolv.conf", "/run/.containerenv", INIT],
}
KERNELS = ("proc", "sysfs", "tmpfs", "devpts", "mqueue", "cgroup", "cgroup2")
"""File systems without a file of the machine's."""

DEVICES = ["full", "null", "ptmx", "random", "tty", "urandom", "zero"]
VARIABLES = """CI HOME IMAGE_PROJECT_TAG LOGNAME PATH TINI_KILL_PROCESS_GROUP USER
TRISTAN_ATTEMPT TRISTAN_BUILD TRISTAN_BUILD_ID TRISTAN_CACHE TRISTAN_COMMIT TRISTAN_DEPENDENCY_LIB TRISTAN_DOWNLOADS
TRISTAN_LANGUAGE TRISTAN_MODULE_PATH TRISTAN_PRIVATE
TRISTAN_PROJECT TRISTAN_REF TRISTAN_REF_KIND TRISTAN_SECRETS TRISTAN_SOURCE
""".split()
OF_SHELL_AND_ENGINE = ["HOSTNAME", "OLDPWD", "PWD", "SHLVL", "TERM", "container"]


class Docker(object):
    def __init__(self, engine, base):
        self.engine, self.base = engine, base
        self.request = engine_of(engine.command)


class OwnPodman(object):
    def __init__(self, podman):
        self.engine = podman
        self.base = busybox.make(podman, "localhost/lab/busybox:1")
        self.request = podman_engine(podman)


@pytest.fixture(params=["docker", "podman"])
def fenced(request, engine):
    """Docker or OwnPodman: .engine .base (an image) .request (the request's ``engine``)."""
    if request.param == "docker":
        yield Docker(engine, request.getfixturevalue("small_base"))
        return
    podman = Podman()
    yield OwnPodman(podman)
    podman.stop()


@pytest.fixture
def fenced_machine(fenced):
    made = Machine(fenced.engine.command, fenced.base)
    yield made
    made.remove()


def started(machine, fenced, address, script, **changes):
    """:returns: the request of a build that has come to WAIT."""
    values = dict({"engine": fenced.request, "isolation": "docker"}, **changes)
    request = machine.request(address, script + WAIT, **values)
    assert machine.launch(request)["answer"] == "started"
    process.wait_until(
        lambda: "looked" in machine.log(request) or machine.status(request)["state"] != "running",
        PATIENCE,
        "the build's look around",
    )
    return request


def ended(machine, request):
    source = machine.status(request)["source"]
    with open(os.path.join(source, "go"), "w"):
        pass
    status = machine.wait(request)
    assert status["state"] == "success", machine.log(request)
    return machine.log(request)


def told(log, name):
    """:returns: list of the lines that the script printed between two marks."""
    return log.split("<%s>\n" % name, 1)[1].split("</%s>\n" % name, 1)[0].splitlines()


def inspected(machine, request):
    name = "tristan-%s" % request["build_id"]
    words = machine.engine + ["ps", "--filter", "label=tristan.build_id=" + request["build_id"]]
    (container,) = process.output(words + ["--quiet"]).split()
    (found,) = json.loads(process.output(machine.engine + ["inspect", container]))
    assert found["Name"].lstrip("/").startswith(name.lower())
    return found


@rows.hostile(4)
def test_what_a_build_finds_is_all_it_gets(fenced_machine, fenced, address, injections):
    limits = fenced_machine.limits(memory="96m", cpus="0.5", pids=77)
    with injections.measured():
        request = started(fenced_machine, fenced, address, LOOK, limits=limits)
        container = inspected(fenced_machine, request)
        log = ended(fenced_machine, request)
    check_process(told(log, "status"))
    assert told(log, "limits")[0] == "0"
    assert "init" in told(log, "first")[0].split()[0]
    assert told(log, "sockets") == []
    assert sorted(posixpath.basename(path) for path in told(log, "devices")) == sorted(
        DEVICES + ["0"] * (len(told(log, "devices")) - len(DEVICES))
    )
    check_mounts(told(log, "mounts"), ENGINES_MOUNTS[fenced.engine.kind])
    names = set(line.partition("=")[0] for line in told(log, "environment"))
    assert names - set(OF_SHELL_AND_ENGINE) == set(VARIABLES)
    assert told(log, "interfaces") == ["lo"]
    assert told(log, "ipc") != [os.readlink("/proc/self/ns/ipc")]
    assert told(log, "written") == []
    check_container(fenced, container, fenced_machine.root, request)


def check_process(lines):
    """Without capabilities, without a way to new ones, behind the engine's filter of system calls, as the SSH user."""
    values = dict(line.split(":", 1) for line in lines)
    for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
        assert int(values[name], 16) == 0, name
    assert values["NoNewPrivs"].strip() == "1"
    assert values["Seccomp"].strip() == "2"
    assert values["Uid"].split() == [str(os.getuid())] * 4
    assert values["Gid"].split() == [str(os.getgid())] * 4


def check_mounts(lines, engines):
    """Of the machine's files there are those that Tristan mounts, with their rights, and the engine's few."""
    found = {}
    for line in lines:
        _, place, kind, options = line.split()[:4]
        if kind not in KERNELS:
            found[place] = options.split(",")[0]
        elif place not in ("/dev", "/dev/shm", "/dev/pts", "/dev/mqueue", OWN_MEMORY):
            assert place.startswith(("/proc", "/sys")), line
    root = found.pop("/")
    assert root == "rw"
    own = dict((place, found.pop(place)) for place in list(found) if place.startswith("/tristan"))
    assert own == OWN_MOUNTS
    assert set(found) <= set(engines)


def check_container(fenced, container, root, request):
    host = container["HostConfig"]
    assert not host["Privileged"] and not host["Devices"] and not host["CapAdd"]
    assert "no-new-privileges" in host["SecurityOpt"]
    assert not [word for word in host["SecurityOpt"] if "unconfined" in word or "label" in word]
    assert (host["PidsLimit"], host["Memory"], host["NanoCpus"]) == (77, 96 << 20, 500000000)
    assert host["MemorySwap"] == host["Memory"]
    assert host["NetworkMode"] == "none" and host["PidMode"] in ("", "private")
    assert host["LogConfig"]["Type"] == "none"
    assert (container["Config"]["Healthcheck"] or {}).get("Test") == ["NONE"]
    if fenced.engine.kind == "docker":
        assert host["CapDrop"] == ["ALL"] and host["Init"] is True and host["IpcMode"] == "private"
        assert not host["UsernsMode"] and not host["Binds"]
    labels = container["Config"]["Labels"]
    assert labels["tristan.build_id"] == request["build_id"] and labels["tristan.attempt"] == "1"
    assert labels["tristan.root"] == root
    for mount in container["Mounts"]:
        if mount["Destination"] == OWN_MEMORY:
            continue
        assert mount["Source"].startswith(root + "/1/"), mount
        assert mount["Destination"] in OWN_MOUNTS


def test_the_operator_s_run_options_reach_the_container(fenced_machine, fenced, address):
    more = ["--shm-size=2m", "--cgroup-parent=/lab-%d" % os.getpid(), "--ulimit=core=4096:4096"]
    own = dict(fenced.request, run_options=fenced.request["run_options"] + more)
    script = "df -k /dev/shm | tail -n 1; cat /proc/self/cgroup; ulimit -c" + MEASURED
    request = fenced_machine.request(address, script, isolation="docker", engine=own)
    status = measured(fenced_machine, request)
    log = fenced_machine.log(request)
    assert status["state"] == "success", log
    assert " 2048 " in log and "/lab-%d/" % os.getpid() in log
    assert phase(status, "build")["peak_memory_bytes"] > 0


@pytest.mark.parametrize("selinux, mark", [("shared", "z"), ("private", "Z"), ("disable", "")])
def test_selinux_labels(fenced_machine, fenced, address, selinux, mark):
    """Nothing here enforces labels; that both engines take the words, and what they understood, is seen."""
    own = dict(fenced.request, selinux=selinux)
    request = started(fenced_machine, fenced, address, "cat /proc/self/mounts; ", engine=own)
    container = inspected(fenced_machine, request)
    log = ended(fenced_machine, request)
    own_lines = [line for line in log.splitlines() if " /tristan/" in line]
    check_mounts(["x / ext4 rw 0 0"] + own_lines, [])
    disabled = "label=disable" in (container["HostConfig"]["SecurityOpt"] or [])
    if not mark:
        assert disabled
        return
    assert not disabled
    words = container["HostConfig"]["Binds"]
    if fenced.engine.kind == "podman":
        words = container["Config"]["CreateCommand"]
    source = fenced_machine.status(request)["source"]
    cache = os.path.join(source[: source.index("/branches/")], "cache")
    assert "%s:/tristan/source:rw,%s" % (source, mark) in words
    assert "%s:/tristan/build:ro,%s" % (os.path.dirname(source) + "/build", mark) in words
    assert "%s:/tristan/cache/project:rw,z" % cache in words, "somebody's shell has it as well"


def test_a_network_of_the_engine_s(docker_machine, engine, address):
    name = "lab.net_%d" % os.getpid()
    engine.run(["network", "create", name])
    try:
        docker = Docker(engine, docker_machine.image)
        request = started(docker_machine, docker, address, "", network=name)
        found = inspected(docker_machine, request)
        assert list(found["NetworkSettings"]["Networks"]) == [name]
        ended(docker_machine, request)
    finally:
        engine.run(["network", "rm", name])


def test_an_image_that_is_gone_is_not_fetched_from_elsewhere(engine, address):
    """Podman would look for a short name in every registry that its configuration knows."""
    podman = Podman()
    machine = Machine(podman.command, busybox.make(podman, "localhost/lab/busybox:1"))
    try:
        values = {"engine": podman_engine(podman), "isolation": "docker"}
        first = machine.request(address, "true", **values)
        assert machine.run(first)["state"] == "success"
        replace_run(machine, podman, machine.status(first)["image"]["build_image"])
        second = machine.request(address, "true", **values)
        status = machine.run(second)
        assert (status["state"], status["cause"]) == ("error", "engine_failed")
        assert "registr" not in machine.log(second), machine.log(second)
    finally:
        machine.remove()
        podman.stop()


def replace_run(machine, podman, image):
    """From now on somebody removes the image just before the machine's builds run in it."""
    path = os.path.join(machine.release, "business_hyper_fusion/common/do_build_project.sh")
    with open(path) as file:
        text = file.read()
    remove = " ".join(podman.command) + " image rm --force " + image
    with open(path, "w") as file:
        file.write(compat.to_native(text.replace("set -eu\n", "set -eu\n%s\n" % remove, 1)))
