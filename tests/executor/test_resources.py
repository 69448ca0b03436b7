"""Reading cgroups v1, v2 and hybrid: trees laid out and filled as the kernel documents them."""

from __future__ import absolute_import, print_function

import os

import pytest

from business_hyper_fusion import resources

V2_MOUNTS = "30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n"
V2_GROUP = "0::/system.slice/docker-4f2a.scope\n"
V2_FILES = {
    "cpu.stat": "usage_usec 1234567\nuser_usec 1000000\nsystem_usec 234567\n",
    "memory.peak": "52428800\n",
    "memory.current": "1048576\n",
    "io.stat": "259:0 rbytes=4096 wbytes=8192 rios=1 wios=2 dbytes=0 dios=0\n254:0 rbytes=1 wbytes=2 rios=1 wios=1\n",
}
V1_MOUNTS = "\n".join(
    "3%d 23 0:2%d / /sys/fs/cgroup/%s rw shared:%d - cgroup cgroup rw,%s" % (n, n, name, n, name)
    for n, name in enumerate(["cpu,cpuacct", "memory", "blkio", "pids"])
)
V1_GROUP = (
    "4:pids:/docker/4f2a\n3:cpu,cpuacct:/docker/4f2a\n2:memory:/docker/4f2a\n1:blkio:/docker/4f2a\n"
)
V1_FILES = {
    "cpu,cpuacct": {"cpuacct.usage": "2500000000\n"},
    "memory": {"memory.max_usage_in_bytes": "1000\n"},
    "blkio": {
        "blkio.throttle.io_service_bytes": "8:0 Read 10\n8:0 Write 20\n8:0 Total 30\nTotal 30\n"
    },
}


def write(path, text):
    if not os.path.isdir(os.path.dirname(path)):
        os.makedirs(os.path.dirname(path))
    with open(path, "w") as file:
        file.write(text)


def recorded(tmpdir, mounts, group):
    """:returns: Groups of pid 7 of a recorded machine whose mounts lie below ``tmpdir``."""
    proc = str(tmpdir.join("proc"))
    write(proc + "/self/mountinfo", mounts.replace("/sys/fs", str(tmpdir) + "/sys/fs"))
    write(proc + "/7/cgroup", group)
    return resources.groups_of("4f2a", proc)


def v2(tmpdir, **changes):
    for name, text in V2_FILES.items():
        text = changes.get(name.replace(".", "_"), text)
        if text is not None:
            write("%s/sys/fs/cgroup/system.slice/docker-4f2a.scope/%s" % (tmpdir, name), text)
    return recorded(tmpdir, V2_MOUNTS, V2_GROUP).read()


def test_v2(tmpdir):
    assert v2(tmpdir) == {
        "cpu_seconds": 1.234567,
        "peak_memory_bytes": 52428800,
        "read_bytes": 4097,
        "written_bytes": 8194,
    }


def test_v2_before_kernel_5_19_and_without_the_io_controller(tmpdir):
    use = v2(tmpdir, memory_peak=None, io_stat=None)
    assert use["peak_memory_bytes"] == 1048576
    assert use["read_bytes"] is None and use["written_bytes"] is None


def test_v2_without_any_io_is_zero(tmpdir):
    assert v2(tmpdir, io_stat="")["read_bytes"] == 0


def v1(tmpdir, blkio=None):
    for controller, files in V1_FILES.items():
        for name, text in files.items():
            if blkio is not None and controller == "blkio":
                text = blkio
            write("%s/sys/fs/cgroup/%s/docker/4f2a/%s" % (tmpdir, controller, name), text)
    return recorded(tmpdir, V1_MOUNTS, V1_GROUP).read()


def test_v1(tmpdir):
    assert v1(tmpdir) == {
        "cpu_seconds": 2.5,
        "peak_memory_bytes": 1000,
        "read_bytes": 10,
        "written_bytes": 20,
    }


def test_v1_that_does_not_count_io_is_unknown_not_zero(tmpdir):
    use = v1(tmpdir, blkio="Total 0\n")
    assert use["read_bytes"] is None and use["written_bytes"] is None


def test_v1_counts_what_is_written_through_the_page_cache_for_nobody(tmpdir):
    use = v1(tmpdir, blkio="8:0 Read 0\n8:0 Write 0\n8:0 Total 0\nTotal 0\n")
    assert use["read_bytes"] == 0 and use["written_bytes"] is None


def test_hybrid_has_what_either_tells(tmpdir):
    """systemd's middle way: controllers of v1, and a unified hierarchy without any."""
    unified = "39 23 0:29 / /sys/fs/cgroup/unified rw shared:9 - cgroup2 cgroup2 rw\n"
    for controller, files in V1_FILES.items():
        for name, text in files.items():
            write("%s/sys/fs/cgroup/%s/docker/4f2a/%s" % (tmpdir, controller, name), text)
    write("%s/sys/fs/cgroup/unified/docker/4f2a/cgroup.procs" % tmpdir, "7\n")
    groups = recorded(tmpdir, V1_MOUNTS + "\n" + unified, V1_GROUP + "0::/docker/4f2a\n")
    assert groups.read()["cpu_seconds"] == 2.5 and groups.read()["peak_memory_bytes"] == 1000


def test_the_topmost_group_is_the_machines_and_not_a_containers(tmpdir):
    """Podman can be told to make no groups; a process of another place in the tree looks like this, too."""
    write("%s/sys/fs/cgroup/memory.peak" % tmpdir, "99999999\n")
    write("%s/sys/fs/cgroup/cpu.stat" % tmpdir, "usage_usec 99999999\n")
    assert recorded(tmpdir, V2_MOUNTS, "0::/\n") is None
    write("%s/sys/fs/cgroup/memory/memory.max_usage_in_bytes" % tmpdir, "99999999\n")
    assert recorded(tmpdir, V1_MOUNTS, "2:memory:/\n") is None


PLACES = [
    "/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-4f2a.scope/container",
    "/machine.slice/libpod-4f2a.scope",
    "/system.slice/docker-4f2a.scope",
    "/builds.slice/docker-4f2a.scope",
    "/kubepods.slice/kubepods-pod1.slice/cri-4f2a.scope",
]


@pytest.mark.parametrize("place", PLACES)
def test_v2_wherever_a_container_is(tmpdir, place):
    """Of an old kernel: no memory.peak, io.stat with a device that did nothing."""
    below = "%s/sys/fs/cgroup%s/" % (tmpdir, place.partition("/container")[0])
    old = "usage_usec 5000\nuser_usec 4000\nsystem_usec 1000\nnr_periods 0\nnr_throttled 0\nthrottled_usec 0\n"
    write(below + "cpu.stat", old)
    write(below + "memory.current", "4096\n")
    write(below + "io.stat", "8:0 \n259:0 rbytes=4096 wbytes=0 rios=1 wios=0 dbytes=0 dios=0\n")
    write(below + "memory.max", "max\n")
    assert recorded(tmpdir, V2_MOUNTS, "0::%s\n" % place).read() == {
        "cpu_seconds": 0.005,
        "peak_memory_bytes": 4096,
        "read_bytes": 4096,
        "written_bytes": 0,
    }


def test_usual_places_by_the_containers_id(tmpdir):
    for mounts, place, name, text in (
        (V1_MOUNTS, "memory/docker/4f2a", "memory.max_usage_in_bytes", "5\n"),
        (V2_MOUNTS, "system.slice/docker-5a5a.scope", "memory.peak", "6\n"),
        (V2_MOUNTS, "machine.slice/libpod-6b6b.scope", "memory.peak", "7\n"),
    ):
        write("%s/sys/fs/cgroup/%s/%s" % (tmpdir, place, name), text)
        proc = str(tmpdir.join("proc"))
        write(proc + "/self/mountinfo", mounts.replace("/sys/fs", str(tmpdir) + "/sys/fs"))
        container = os.path.basename(place).replace(".", "-").split("-")[-2 if "." in place else 0]
        use = resources.usual_groups(container, proc).read()
        assert use["peak_memory_bytes"] == int(text)
        assert resources.usual_groups("another", proc) is None


def test_what_the_containers_processes_make_below_counts_with_it(tmpdir):
    """An engine inside of it, or systemd; and Podman's own process beside it, which comes first, does not count."""
    write("%s/proc/3/cgroup" % tmpdir, "0::/machine.slice/libpod-conmon-4f2a.scope\n")
    write("%s/sys/fs/cgroup/machine.slice/libpod-conmon-4f2a.scope/memory.peak" % tmpdir, "1\n")
    write("%s/sys/fs/cgroup/machine.slice/libpod-4f2a.scope/memory.peak" % tmpdir, "2\n")
    write("%s/sys/fs/cgroup/machine.slice/libpod-4f2a.scope/inner/memory.peak" % tmpdir, "3\n")
    groups = recorded(tmpdir, V2_MOUNTS, "0::/machine.slice/libpod-4f2a.scope/inner/4f2a\n")
    assert groups.read()["peak_memory_bytes"] == 2


def test_container_that_is_gone(tmpdir):
    assert resources.groups_of("4f2a", str(tmpdir)) is None
    write("%s/7/cgroup" % tmpdir, V2_GROUP)
    assert resources.groups_of("4f2a", str(tmpdir)) is None, "nothing is mounted"


def test_meter_keeps_the_highest_and_survives_the_containers_end(tmpdir):
    cid = tmpdir.join("cid")
    meter = resources.ContainerMeter(str(cid))
    meter.sample()
    assert meter.use == resources.UNKNOWN
    cid.write("4f2a")
    meter._take({"cpu_seconds": 2.0, "read_bytes": None})
    meter._take({"cpu_seconds": 1.0, "read_bytes": 5})
    assert (meter.use["cpu_seconds"], meter.use["read_bytes"]) == (2.0, 5)
