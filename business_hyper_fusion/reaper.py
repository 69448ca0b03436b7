"""Nothing of an attempt stays behind: its processes and its containers are found by what they carry.

Every process of an attempt has ``TRISTAN_ATTEMPT=<build>.<attempt>`` in its environment, or an ancestor
that has; every container has labels. Both are found whatever happened to who started them.
"""

from __future__ import absolute_import, print_function

import os
import signal
import subprocess
import time

from business_hyper_fusion import compat, identity, process

ROUNDS = 50
"""How often processes are looked for again before giving up: something that forks faster than that..."""

REMOVALS = 20
"""Tries to remove a container: the engine may be at it itself, on a busy machine for seconds; Podman without a
container's conmon notices first that it ended, and only then removes it."""

MAKING_SECONDS = 10.0
"""How long a container may still come whose client was killed while the engine made it; no question finds it before."""

ENGINE_SECONDS = 60
"""An engine that does not answer within this is taken to be down."""


def kill_processes(token, below=None):
    """Kill every process of an attempt.

    :param token: Attempt.token.
    :param below: pid whose descendants count too, whatever their environment says.
    :returns: number of processes killed.
    """
    killed = set()
    for _ in range(ROUNDS):
        # Twice: one look misses what a process forks that ends meanwhile, and what is just becoming a program.
        found = _others(token, below) or _others(token, below)
        if not found:
            break
        # Stopped first: what can't run can't fork while its siblings are being killed.
        for number in (signal.SIGSTOP, signal.SIGKILL):
            for pid in found:
                _signal(pid, number)
        killed.update(found)
        identity.collect_children()
        time.sleep(0.02)
    return len(killed)


def _others(token, below):
    return [pid for pid in processes(token, below) if pid != os.getpid()]


def processes(token, below=None):
    """:returns: pids that carry the token, or descend from one that does or from ``below``; no zombies."""
    marker = compat.to_bytes("TRISTAN_ATTEMPT=%s" % token)
    parents, marked = {}, set()
    for name in os.listdir("/proc"):
        if name.isdigit():
            fields = identity.stat_fields(int(name))
            if fields is not None and fields[0] not in ("Z", "X"):
                parents[int(name)] = int(fields[1])
                if marker in _environment(name):
                    marked.add(int(name))
    return [pid for pid in parents if _descends(pid, parents, marked, below)]


def _descends(pid, parents, marked, below):
    seen = set()
    while pid in parents and pid not in seen:
        if pid in marked or (below is not None and parents[pid] == below):
            return True
        seen.add(pid)
        pid = parents[pid]
    return False


def _environment(pid):
    try:
        with open("/proc/%s/environ" % pid, "rb") as file:
            return file.read().split(b"\0")
    except (IOError, OSError):
        return []


def _signal(pid, number):
    try:
        os.kill(pid, number)
    except OSError:
        pass


def coming_seconds(attempt, step):
    """:param attempt: layout.Attempt. :param step: name of a step whose client is dead.
    :returns: seconds in which its container may still come: it was asked for, and the client had not heard of it.
    """
    if not os.path.exists(attempt.environment):
        return 0.0
    try:
        return 0.0 if os.path.getsize(attempt.container_id(step)) else MAKING_SECONDS
    except OSError:
        return MAKING_SECONDS


def remove_containers(engine, build_id, attempt, seconds=0.0):
    """Remove every container with the attempt's labels, running or not.

    :param engine: the engine's command words.
    :param seconds: for which to look again while there is none, see coming_seconds.
    :returns: number removed, or None when the engine did not answer.
    """
    deadline = compat.monotonic() + seconds
    removed = _remove_containers(engine, build_id, attempt)
    while removed == 0 and compat.monotonic() < deadline:
        time.sleep(0.5)
        removed = _remove_containers(engine, build_id, attempt)
    return removed


def _remove_containers(engine, build_id, attempt):
    labels = ["label=tristan.build_id=%s" % build_id, "label=tristan.attempt=%s" % attempt]
    listing = ["ps", "--all", "--quiet", "--no-trunc", "--filter", labels[0], "--filter", labels[1]]
    removed = set()
    for _ in range(REMOVALS):
        found = ask_engine(engine + listing)
        if found is None or not found.strip():
            return None if found is None else len(removed)
        removed.update(found.split())
        if ask_engine(engine + ["rm", "--force", "--volumes"] + found.split()) is not None:
            return len(removed)
        time.sleep(0.5)
    return None


def ask_engine(words):
    """:returns: what an engine command prints, or None when it fails or does not answer in time.

    In the environment of a build's own commands: an engine that a build has found, a guardian finds, too.
    """
    with open(os.devnull, "r+b") as nothing:
        try:
            client = subprocess.Popen(
                compat.words(words),
                env=compat.environment(process.host_environment()),
                stdin=nothing,
                stdout=subprocess.PIPE,
                stderr=nothing,
                close_fds=True,
            )
        except OSError:
            return None
    begun = compat.monotonic()
    while client.poll() is None and compat.monotonic() - begun < ENGINE_SECONDS:
        time.sleep(0.02)
    if client.poll() is None:
        client.kill()
    output = client.communicate()[0]
    return compat.to_native(output) if client.returncode == 0 else None
