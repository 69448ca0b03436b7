"""How much memory a process has had at most: reset, and read again (proc(5), VmHWM). Linux, root."""


def forget():
    """From now on the most is counted anew."""
    with open("/proc/self/clear_refs", "w") as target:
        target.write("5")


def most():
    """:returns: float, MiB."""
    with open("/proc/self/status") as status:
        for line in status:
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024.0
    raise LookupError("no VmHWM")
