"""Judges what a machine told of itself: each fact a Check, each lack with what to do. No I/O.

In: a settings Machine, the facts of business_hyper_fusion/facts.py, the clock's skew. Out: a list of Check.
A version that can't be read is a warning.
"""

from __future__ import absolute_import, print_function, unicode_literals

import collections
import re

from six.moves import shlex_quote as quote

Check = collections.namedtuple("Check", "name state detail remedy")
"""``state``: "ok", "warn", "fail" or "info"; ``remedy``: what to do, "" when there is nothing."""

LEAST_SSH = (7, 4)
LEAST_GIT = (1, 8, 3)
LEAST_ENGINE = {"docker": (19, 3), "podman": (4,)}
LEAST_KERNEL = (3, 10)

GIB = 1024**3
LEAST_BYTES, FEW_BYTES = 1 * GIB, 5 * GIB
FEW_INODES = 10000
MOST_SKEW = 5.0
"""Seconds; beyond that times in logs and statuses mislead."""


def judge(machine, facts, skew):
    """Every check that needs the facts alone.

    :param skew: seconds that the machine's clock is ahead of ours, float.
    """
    user = facts["user"]["name"]
    checks = [python(machine, facts["python"]), git(facts["git"])]
    checks.append(engine(machine, facts["engine"], user))
    checks.extend(root(machine, facts["root"], user))
    checks.append(tmp(facts["tmp"]))
    checks.append(home(facts["home"]))
    checks.append(clock(skew))
    checks.append(kernel(facts))
    checks.append(logout(facts["logout"], user))
    checks.append(
        Check("locale", "info", "%s; nothing depends on it" % (facts["locale"] or "unknown"), "")
    )
    return checks


def ssh(version, user):
    """:param version: text such as OpenSSH_9.2p1 Debian-2. :param user: who is logged in."""
    detail = "%s, logged in as %s" % (version, user)
    found = re.match(r"OpenSSH_([0-9.]+)", version)
    if not found:
        return Check("ssh", "warn", detail, "Tristan is tried with OpenSSH 7.4 and newer only")
    if numbers(found.group(1)) < LEAST_SSH:
        return Check("ssh", "fail", detail, "update OpenSSH there to 7.4 or newer")
    return Check("ssh", "ok", detail, "")


def sftp(available):
    if available:
        return Check("sftp", "ok", "available; files travel over exec all the same", "")
    return Check("sftp", "info", "not available; not needed, files travel over exec", "")


def sessions(count, tried):
    """MaxSessions. :param count: sessions that were open at once, of `tried`."""
    if count > 1:
        most = "" if count == tried else "; no more"
        return Check("sessions", "ok", "%d at once on one connection%s" % (count, most), "")
    detail = "one at a time on one connection (MaxSessions 1): watching and cancelling take turns"
    return Check("sessions", "info", detail, "MaxSessions 2 or more in sshd_config is quicker")


def python(machine, fact):
    detail = "%s, %s" % (".".join("%d" % part for part in fact["version"]), fact["path"])
    chosen = "; set by machines.%s.python" % machine.name if machine.python else ""
    return Check("python", "ok", detail + chosen, "")


def git(fact):
    if fact["state"] == "missing":
        return Check("git", "fail", "not installed", "install git 1.8.3 or newer there")
    if fact["state"] != "ok":
        return Check("git", "fail", "%s does not start" % fact["path"], "install git there anew")
    lfs = "git-lfs %s" % fact["lfs"] if fact["lfs"] else "no git-lfs (for `checkout: {lfs: true}`)"
    detail = "%s, %s; %s" % (fact["version"], fact["path"], lfs)
    return versioned("git", fact["version"], LEAST_GIT, detail)


def versioned(name, version, least, detail):
    wanted = "%s.%02d" % least if name == "docker" else ".".join("%d" % part for part in least)
    if not numbers(version):
        return Check(name, "warn", detail, "its version can't be read; %s is the least" % wanted)
    if numbers(version) < least:
        return Check(name, "fail", detail, "update it there to %s or newer" % wanted)
    return Check(name, "ok", detail, "")


def numbers(version):
    """The version's leading numbers, a tuple of int; () when there are none."""
    found = re.match(r"[0-9]+(\.[0-9]+)*", version or "")
    return tuple(int(part) for part in found.group().split(".")) if found else ()


def engine(machine, fact, user):
    """The container engine; a machine for isolation "host" alone needs none."""
    needed = "docker" in machine.isolation
    words = " ".join(machine.engine.command)
    if fact["state"] == "ok":
        detail = "%s %s" % (words, fact["version"])
        found = versioned(fact["kind"], fact["version"], LEAST_ENGINE[fact["kind"]], detail)
        found = found._replace(name="engine")
    else:
        found = Check("engine", "fail", *_engine_lack(machine, fact, user, words))
    if not needed and found.state != "ok":
        detail = "%s; not needed, the machine builds on the host alone" % found.detail
        return Check("engine", "info", detail, "")
    return found


def _engine_lack(machine, fact, user, words):
    """:returns: (detail, remedy)"""
    said = ": %s" % fact["said"] if fact["said"] else ""
    setting = "machines.%s.engine" % machine.name
    if fact["state"] == "missing":
        return fact["said"], "install %s there, or set %s" % (fact["kind"], setting)
    if fact["state"] == "denied":
        return "%s may not use %s%s" % (user, words, said), _denied(machine, fact, user, setting)
    if fact["state"] == "timeout":
        return "%s does not answer" % words, "look at its service and its log there"
    if fact["kind"] == "podman":
        return "%s does not work%s" % (words, said), "run `podman info` there as %s" % user
    remedy = "start it there (systemctl enable --now docker), or set %s" % setting
    return "%s is not running%s" % (words, said), remedy


def _denied(machine, fact, user, setting):
    command = machine.engine.command
    if command[0].endswith("sudo"):
        return "let sudo run it without a password: %s ALL=(root) NOPASSWD: /usr/bin/%s" % (
            user,
            fact["kind"],
        )
    group = fact["socket_group"] or fact["kind"]
    group = fact["kind"] if group == "root" else group  # membership of root is no remedy
    return "as root there: usermod -aG %s %s; or set %s: sudo %s" % (
        quote(group),
        quote(user),
        setting,
        " ".join(command),
    )


def root(machine, fact, user):
    """The root's checks: can it be written, has it room, may scripts run on it."""
    checks = [_writable(machine, fact, user)]
    if fact["bytes"] is not None:
        checks += [disk(fact), inodes(fact), _runs_scripts(machine, fact)]
    return checks


def _writable(machine, fact, user):
    place = (
        machine.root
        if fact["exists"] or fact["nearest"] == machine.root.rstrip("/")
        else "%s (to be made in %s)" % (machine.root, fact["nearest"])
    )
    other = "set machines.%s.root to another place" % machine.name
    if not fact["directory"]:
        detail = "%s: %s is not a directory" % (machine.root, fact["nearest"])
        return Check("root", "fail", detail, "move it away, or %s" % other)
    if fact["read_only"]:
        return Check("root", "fail", "%s is mounted read-only" % place, "remount it, or " + other)
    if not fact["writable"]:
        command = "install -d -o %s %s" % (quote(user), quote(machine.root))
        detail = "%s can't be written by %s" % (place, user)
        return Check("root", "fail", detail, "as root there: %s; or %s" % (command, other))
    return Check("root", "ok", place, "")


def disk(fact):
    detail = "%.1f GiB free below %s" % (fact["bytes"] / float(GIB), fact["nearest"])
    remedy = "free space there; builds need sources, caches and images"
    if fact["bytes"] < LEAST_BYTES:
        return Check("disk", "fail", detail, remedy)
    return Check(
        "disk", *(("warn", detail, remedy) if fact["bytes"] < FEW_BYTES else ("ok", detail, ""))
    )


def inodes(fact):
    if not fact["inodes_total"]:
        return Check("inodes", "info", "unknown; this file system does not count them", "")
    detail = "%d free below %s" % (fact["inodes"], fact["nearest"])
    if fact["inodes"] < FEW_INODES:
        remedy = "remove small files there; node_modules and the like need many"
        return Check("inodes", "warn", detail, remedy)
    return Check("inodes", "ok", detail, "")


def _runs_scripts(machine, fact):
    if fact["no_exec"]:
        remedy = "remount it with exec, or set machines.%s.root to another place" % machine.name
        detail = "%s is mounted noexec; git's login scripts must run there" % fact["nearest"]
        return Check("exec", "fail", detail, remedy)
    return Check("exec", "ok", "scripts below the root may run", "")


def tmp(fact):
    if fact["no_exec"]:
        return Check("tmp", "info", "/tmp is mounted noexec; Tristan runs nothing there", "")
    return Check("tmp", "ok", "scripts in /tmp may run", "")


def home(fact):
    if fact["exists"] and fact["directory"] and fact["writable"] and not fact["read_only"]:
        return Check("home", "ok", "%s can be written" % fact["path"], "")
    return Check("home", "info", "%s can't be written; builds don't need it" % fact["path"], "")


def clock(skew):
    if abs(skew) > MOST_SKEW:
        detail = "%.0f s %s" % (abs(skew), "ahead" if skew > 0 else "behind")
        return Check("clock", "warn", detail, "set it there by NTP: times of builds mislead")
    return Check("clock", "ok", "as here, to %.0f s" % MOST_SKEW, "")


def kernel(facts):
    cgroup = "cgroup v%d" % facts["cgroup"] if facts["cgroup"] else "cgroups unknown"
    detail = "%s, %s" % (facts["kernel"], cgroup)
    return versioned("kernel", facts["kernel"], LEAST_KERNEL, detail)


def logout(fact, user):
    """KillUserProcesses of logind.conf(5).

    Lingering is no remedy: it keeps the user's own manager, while what an SSH session started lies in the
    session's scope, which logind ends (systemd, logind-session.c, session_stop_scope).
    """
    if not fact["kills"]:
        return Check("logout", "ok", "builds outlive the SSH session", "")
    detail = "systemd ends what an SSH session has started with the session (KillUserProcesses=yes)"
    if fact["linger"]:
        detail += ", also of a user who lingers"
    remedy = (
        "as root there: KillExcludeUsers=root %s below [Login] in /etc/systemd/logind.conf.d/tristan.conf, "
        "then systemctl restart systemd-logind" % user
    )
    return Check("logout", "warn", detail, remedy)
