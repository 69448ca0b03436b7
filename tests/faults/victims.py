"""The processes and containers of one attempt, to be killed, and to be looked for afterwards.

In: tests.executor.machine.Machine and a request. Everything is found by what a build can't be without, not by what
Tristan wrote down about it.
"""

from __future__ import absolute_import, print_function

import hashlib
import json
import os
import signal
import time

from business_hyper_fusion import compat, identity
from business_hyper_fusion.suspect import STOPPED
from tests.lab import process

GONE_WITHIN = 60
"""Seconds until nothing of a build may be there any more."""


def kill(pid):
    try:
        os.kill(pid, signal.SIGKILL)
    except OSError:
        pass


def worker(machine, request):
    """:returns: int, pid."""
    return machine.status(request)["process"]["pid"]


def guardian(machine, request):
    """:returns: int, pid."""
    return process.parent_of(worker(machine, request))


def both(machine, request):
    """:returns: list of int, guardian and worker."""
    found = worker(machine, request)
    return [process.parent_of(found), found]


def every(machine, request):
    """:returns: list of int, all that the SSH user runs for the attempt, nothing that an engine runs.

    Who would write an end of what comes behind it in this list stands first: the heir, then the guardian, the worker.
    """
    chosen = both(machine, request)
    below = process.children(chosen[0])
    heirs = [pid for pid in below if process.parent_of(pid) == chosen[0] and pid != chosen[1]]
    return heirs + chosen + below + marked(machine, request)


def marked(machine, request):
    """:returns: list of int, pids whose environment names the attempt, but for those in containers."""
    word = compat.to_bytes("TRISTAN_ATTEMPT=" + machine.attempt(request).token)
    here = os.readlink("/proc/self/ns/pid")
    return [pid for pid in pids() if word in _environment(pid) and _namespace(pid) == here]


def kill_every(machine, request):
    """With -9, until there is none; one that is being born is found in the next round.

    What dies holds its locks until the kernel is done with it.
    """
    chosen = every(machine, request)
    dying = set()
    while chosen:
        for pid in chosen:
            kill(pid)
        dying.update(chosen)
        time.sleep(0.02)
        chosen = marked(machine, request)
    machine.wait_until(lambda: are_gone(dying))


def stop(pid):
    """With SIGSTOP, until it has."""
    os.kill(pid, signal.SIGSTOP)
    process.wait_until(lambda: identity.stat_fields(pid)[0] in STOPPED, 60, "a stopped process")


def left(machine, request, words=(), but=None):
    """:param words: parts of command lines that stand for the attempt wherever they run.
    :param but: an engine's word for containers that don't count.

    :returns: list of str, what of an attempt still runs or exists.
    """
    word = compat.to_bytes("TRISTAN_ATTEMPT=" + machine.attempt(request).token)
    found = [
        "process %d %s" % (pid, command(pid))
        for pid in pids()
        if process.alive(pid)
        and (word in _environment(pid) or any(one in command(pid) for one in words))
    ]
    label = "label=tristan.build_id=" + request["build_id"]
    form = "{{.ID}} {{.Status}} {{.Command}}"
    engine = machine.engine + ["ps", "--all", "--no-trunc", "--format", form]
    if request["isolation"] == "docker":
        found += process.output(engine + ["--filter", label]).splitlines()
        everything = process.output(engine).splitlines()
        found += [line for line in everything if any(one in line for one in words)]
    return [one for one in found if one.split()[1] != but]


def nothing_left(machine, request, words=(), but=None):
    """Nobody asks the machine anything meanwhile. :param but: see left."""
    end = time.time() + GONE_WITHIN
    found = left(machine, request, words, but)
    while found:
        assert time.time() < end, "still there: %s" % found
        time.sleep(0.1)
        found = left(machine, request, words, but)


def asked(machine, request):
    """:returns: the status as a controller is told it."""
    question = {"limit": 1, "build": request["build_id"]}
    return machine.ask("builds", question)["builds"][0]


def one_end(machine, request, status):
    """The file, the verb and the events tell the same end, once, and the log is the one that was hashed."""
    assert machine.status(request) == asked(machine, request) == status
    attempt = machine.attempt(request)
    with open(attempt.events, "rb") as source:
        events = [json.loads(line.decode("utf-8")) for line in source]
    ends = [one["tristan"] for one in events if one["event"]["action"] == "build-ended"]
    assert [(end["state"], end["cause"]) for end in ends] == [(status["state"], status["cause"])]
    with open(attempt.log, "rb") as source:
        content = source.read()
    assert status["log"] == {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    assert not os.path.exists(attempt.secrets) and not os.path.exists(attempt.scratch)


def builds_on(machine, request, address):
    """The executor builds again, with success, in the same isolation and ref."""
    again = machine.request(address, "echo again", isolation=request["isolation"])
    assert machine.run(again)["state"] == "success", machine.log(again)


def wait_for_phase(machine, request, name):
    """Until the attempt is in a phase."""
    machine.wait_until(lambda: machine.status(request)["phase"] == name)


def are_gone(pids):
    return not any(identity.start_time(pid) for pid in pids)


def pids():
    """:returns: list of int, all processes there are."""
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]


def _environment(pid):
    return _read(pid, "environ").split(b"\0")


def command(pid):
    """:returns: str, a process's arguments; "" when it is gone."""
    return compat.to_native(_read(pid, "cmdline").replace(b"\0", b" "))


def _read(pid, name):
    try:
        with open("/proc/%d/%s" % (pid, name), "rb") as source:
            return source.read()
    except (IOError, OSError):
        return b""


def _namespace(pid):
    try:
        return os.readlink("/proc/%d/ns/pid" % pid)
    except OSError:
        return ""
