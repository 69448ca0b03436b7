"""Examines one machine: what it has and lacks for building, each lack with what to do.

Job: look, over a connection of its own; diagnosis.py judges. business_hyper_fusion/facts.py is sent along
    as the program that looks from inside; nothing is changed.
In: a settings Machine, the State. Out: a list of Check. Connection errors are raised as they are.
"""

from __future__ import absolute_import, print_function, unicode_literals

import json
import time

from controller import answer, diagnosis, errors, facts, python_finder, release, remote_command
from controller.diagnosis import Check
from controller.plan import BUSINESS_ID

FACTS = "business_hyper_fusion/facts.py"
TIMEOUT = 90.0
"""Seconds; more than facts.py takes when all that it runs hangs."""

SESSIONS = 4
"""Sessions opened at once: watch, launch, sync, cancel."""


def examine(machine, state):
    """:returns: list of Check, in the order in which a lack stands in the way."""
    from controller import transport

    connection = transport.connect(machine, state.known_hosts)
    try:
        return examine_over(connection, machine)
    finally:
        connection.close()


def examine_over(connection, machine):
    """:param connection: transport.Transport to the machine."""
    # First of all: a session that was used before may count a moment longer.
    count = open_at_once(connection, SESSIONS)
    before = [diagnosis.sessions(count, SESSIONS), diagnosis.sftp(connection.open_sftp_probe())]
    version = connection.server_version
    try:
        python = python_finder.find(connection, machine)
    except errors.NoPython as error:
        user = login_name(connection)
        lack = Check("python", "fail", error.message, error.remedy)
        return [diagnosis.ssh(version, user)] + before + [lack]
    told, skew = ask(connection, machine, python.path)
    user = told["user"]["name"]
    return [diagnosis.ssh(version, user)] + before + diagnosis.judge(machine, told, skew)


def open_at_once(connection, most):
    """:returns: int, how many sessions the server gives one connection, up to `most`."""
    opened = []
    try:
        while len(opened) < most:
            session = connection.try_session()
            if session is None:
                break
            opened.append(session)
        return len(opened)
    finally:
        for session in opened:
            session.close()


def login_name(connection):
    said = connection.run(remote_command.through_sh("id -un"), timeout=TIMEOUT).stdout
    return (said.decode("utf-8", "replace").splitlines() or ["?"])[-1].strip()


def ask(connection, machine, python):
    """:returns: (facts, seconds that the machine's clock is ahead of ours)."""
    source = release.read_file(release.INSTALLED_ROOT, FACTS).content
    channel = connection.open(remote_command.program(python, source))
    try:
        sent = time.time()
        channel.send(question(machine))
        channel.send_eof()
        what = "doctor of %s" % machine.name
        told = facts.believed(answer.read(channel, TIMEOUT, what), what)
        return told, skew_of(told, sent, time.time())
    finally:
        channel.close()


def question(machine):
    engine = {"kind": machine.engine.kind, "command": list(machine.engine.command)}
    business = remote_command.business_directory(machine.root, BUSINESS_ID)
    return json.dumps({"root": business, "engine": engine}).encode("ascii") + b"\n"


def skew_of(facts, sent, received):
    """The machine read its clock at the end; the way back is half of the time that was not its own, if no more is
    known: what any way back accounts for is no skew.
    """
    on_the_way = max(received - sent - facts["seconds"], 0.0)
    skew = facts["clock"] - (received - on_the_way / 2)
    return skew if abs(skew) > on_the_way / 2 else 0.0
