"""What a phase used: CPU, memory and bytes, from rusage for commands on the host, from the cgroup for a container.

What the kernel can't tell is None, never 0.
"""

from __future__ import absolute_import, print_function

import os
import resource

from business_hyper_fusion import compat

UNKNOWN = {
    "cpu_seconds": None,
    "peak_memory_bytes": None,
    "read_bytes": None,
    "written_bytes": None,
}

USUAL_PLACES = (
    "/docker/%s",
    "/system.slice/docker-%s.scope",
    "/machine.slice/libpod-%s.scope",
    "/libpod_parent/libpod-%s",
)
"""Where Docker and Podman put a container's cgroup, by cgroupfs and by systemd."""


def of_commands(usages, own_cpu):
    """A phase's use from the rusage of its commands (getrusage(2): maxrss in KiB, blocks of 512 bytes).

    :param usages: list of struct_rusage.
    :param own_cpu: CPU seconds of the worker itself.
    """
    usages = [usage for usage in usages if usage is not None]
    use = dict(
        UNKNOWN, cpu_seconds=round(own_cpu + sum(u.ru_utime + u.ru_stime for u in usages), 3)
    )
    own_peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    use["peak_memory_bytes"] = max([own_peak] + [u.ru_maxrss for u in usages]) * 1024
    use["read_bytes"] = sum(u.ru_inblock for u in usages) * 512
    use["written_bytes"] = sum(u.ru_oublock for u in usages) * 512
    return use


def own_cpu():
    """CPU seconds of this process so far."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


class ContainerMeter(object):
    """Samples a container's cgroup while it runs: with the container its cgroup goes, and the numbers with it.

    :param cid_file: where the engine writes the container's id.
    :param runs: callable() -> whether there is something to measure: before, its groups are made one after the other.
    """

    EVERY = 0.02
    """Seconds between samples at first: what a container used since the last one is never seen."""

    SHARE = 0.02
    """Of the container's age: the interval, once that is more than EVERY."""

    SLOWEST = 0.5

    def __init__(self, cid_file, runs=lambda: True):
        self._cid_file = cid_file
        self._runs = runs
        self._groups = None
        self._begun = compat.monotonic()
        self._due = self._begun
        self.use = dict(UNKNOWN)

    def pause(self):
        """:returns: seconds until the next sample is due."""
        return max(self._due - compat.monotonic(), 0.0)

    def sample(self):
        """Take a sample when one is due."""
        now = compat.monotonic()
        if now < self._due:
            return
        self._due = now + min(max(self.EVERY, (now - self._begun) * self.SHARE), self.SLOWEST)
        if self._groups is None and self._runs():
            self._groups = self._find_groups()
        if self._groups is not None:
            self._take(self._groups.read())

    def _find_groups(self):
        """By the places where engines usually have them; else by what all of the machine's processes are in."""
        try:
            with open(self._cid_file) as file:
                container = file.read().strip()
        except (IOError, OSError):
            return None
        if not container:
            return None
        return usual_groups(container) or groups_of(container)

    def _take(self, sample):
        """Keep the highest: all four only ever grow, or are peaks."""
        for name, value in sample.items():
            if value is not None:
                self.use[name] = value if self.use[name] is None else max(self.use[name], value)


def usual_groups(container, proc="/proc"):
    """:returns: the Groups of a container by its id, or None where they are not at a usual place."""
    mounts = _cgroup_mounts(_lines("%s/self/mountinfo" % proc) or [])
    for place in USUAL_PLACES:
        directories = dict(
            (key, mount.rstrip("/") + place % container) for key, mount in mounts.items()
        )
        there = dict((key, path) for key, path in directories.items() if os.path.isdir(path))
        if there:
            return Groups(there)
    return None


def groups_of(container, proc="/proc"):
    """Of cgroup v1, v2 or both (hybrid), wherever they are: a container's id is in its groups' path.

    The engine could be asked for a process of the container instead; a short one is gone before Podman has answered.

    :returns: the Groups, or None where no process is seen to be in them.
    """
    mounts = _cgroup_mounts(_lines("%s/self/mountinfo" % proc) or [])
    for name in os.listdir(proc):
        if name.isdigit():
            groups = _named_groups(_lines("%s/%s/cgroup" % (proc, name)) or [], container)
            found = dict((key, groups[key]) for key in groups if key in mounts)
            if found:
                return Groups(dict((key, mounts[key].rstrip("/") + found[key]) for key in found))
    return None


def _named_groups(lines, container):
    """The groups of a process (cgroups(7)) down to the one named after the container, not what is made below that.

    :returns: {controller: path}; "" is the unified hierarchy.
    """
    groups = {}
    for line in lines:
        _, controllers, path = line.split(":", 2)
        above, name, below = path.partition(container)
        # Podman's own process beside a container has a group of its own, with the same id in its name.
        if name and not above.endswith("conmon-"):
            for controller in controllers.split(","):
                groups[controller] = above + name + below.partition("/")[0]
    return groups


def _lines(path):
    try:
        with open(path) as file:
            return file.read().splitlines()
    except (IOError, OSError):
        return None


def _cgroup_mounts(lines):
    """:returns: {controller: mount point}; "" is the unified hierarchy (proc(5), mountinfo)."""
    mounts = {}
    for line in lines:
        front, _, back = line.partition(" - ")
        kind, _, options = back.split(" ", 2)
        point = front.split()[4]
        if kind == "cgroup2":
            mounts[""] = point
        elif kind == "cgroup":
            for option in options.split(","):
                mounts.setdefault(option.split()[-1], point)
    return mounts


class Groups(object):
    """:param directories: {controller: cgroup directory}; "" is v2's."""

    def __init__(self, directories):
        self._directories = directories

    def read(self):
        """:returns: dict like UNKNOWN, what can be told filled in."""
        use = dict(UNKNOWN)
        if "" in self._directories:
            use.update(self._read_unified(self._directories[""]))
        use.update((name, value) for name, value in self._read_v1().items() if value is not None)
        return use

    def _read_unified(self, directory):
        stat = _pairs(_text(directory, "cpu.stat"))
        peak = _number(_text(directory, "memory.peak"))
        if (
            peak is None
        ):  # memory.peak came with kernel 5.19; before it the highest sample has to do.
            peak = _number(_text(directory, "memory.current"))
        usec = _number(stat.get("usage_usec"))
        use = {"cpu_seconds": None if usec is None else usec / 1e6, "peak_memory_bytes": peak}
        io_stat = _text(directory, "io.stat")
        use["read_bytes"] = _sum_of(io_stat, "rbytes=")
        use["written_bytes"] = _sum_of(io_stat, "wbytes=")
        return use

    def _read_v1(self):
        nanoseconds = _number(_text(self._directories.get("cpuacct"), "cpuacct.usage"))
        serviced = _text(self._directories.get("blkio"), "blkio.throttle.io_service_bytes")
        return {
            "cpu_seconds": None if nanoseconds is None else nanoseconds / 1e9,
            "peak_memory_bytes": _number(
                _text(self._directories.get("memory"), "memory.max_usage_in_bytes")
            ),
            "read_bytes": _sum_of_operation(serviced, "Read"),
            # What goes through the page cache is written by the kernel later, and v1 counts it for nobody.
            "written_bytes": _sum_of_operation(serviced, "Write") or None,
        }


def _text(directory, name):
    if directory is None:
        return None
    try:
        with open(os.path.join(directory, name)) as file:
            return file.read()
    except (IOError, OSError):
        return None


def _number(text):
    return int(text) if text is not None and text.strip().isdigit() else None


def _pairs(text):
    return dict(line.split(" ", 1) for line in (text or "").splitlines() if " " in line)


def _sum_of(text, key):
    """io.stat: ``8:0 rbytes=1 wbytes=2 ...``; without a line nothing was read or written."""
    if text is None:
        return None
    return sum(int(word[len(key) :]) for word in text.split() if word.startswith(key))


def _sum_of_operation(text, operation):
    """blkio: ``8:0 Read 1``; without a device's line v1 has not counted, which is not the same as none."""
    lines = [line.split() for line in (text or "").splitlines()]
    values = [int(words[2]) for words in lines if len(words) == 3 and words[1] == operation]
    return sum(values) if values else None
