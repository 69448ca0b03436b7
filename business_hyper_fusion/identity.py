"""Which process is it: pid, start time and boot id together, so that a recycled pid is never taken for it."""

from __future__ import absolute_import, print_function

import os


def boot_id():
    """:returns: the kernel's random id of this boot, or "" where there is none."""
    try:
        with open("/proc/sys/kernel/random/boot_id") as file:
            return file.read().strip()
    except (IOError, OSError):
        return ""


def start_time(pid):
    """:returns: clock ticks from boot to the process's start (field 22 of /proc/<pid>/stat), or None when gone.

    A zombie counts as gone: it runs nothing and holds nothing.
    """
    fields = stat_fields(pid)
    return None if fields is None or fields[0] in ("Z", "X") else int(fields[19])


def stat_fields(pid):
    """:returns: the fields of /proc/<pid>/stat behind the command name, or None.

    The name stands in brackets and may itself hold brackets and blanks, so the last bracket counts.
    """
    try:
        with open("/proc/%d/stat" % pid, "rb") as file:
            text = file.read().decode("utf-8", "replace")
    except (IOError, OSError):
        return None
    return text[text.rindex(")") + 2 :].split()


def collect_children():
    """Reap children of this process that have ended, and orphans that became its own: no pid is kept for nothing."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except OSError:
        pass  # There is none.


def age(identity):
    """:returns: seconds since a process was started, whether or not it still runs; None for one of another boot."""
    if not identity or identity.get("boot_id") != boot_id() or not identity.get("start_time"):
        return None
    with open("/proc/uptime") as file:
        uptime = float(file.read().split()[0])
    return max(0.0, uptime - identity["start_time"] / float(os.sysconf("SC_CLK_TCK")))


def of(pid):
    """:returns: {"pid": int, "start_time": int or None, "boot_id": str}"""
    return {"pid": pid, "start_time": start_time(pid), "boot_id": boot_id()}


def mine():
    return of(os.getpid())


def alive(identity):
    """:returns: True when exactly that process still runs, on this boot."""
    if not identity or not isinstance(identity.get("pid"), int):
        return False
    if identity.get("boot_id") != boot_id():
        return False
    started = start_time(identity["pid"])
    return started is not None and started == identity.get("start_time")
