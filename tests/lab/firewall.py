"""A silent partition: one TCP port of loopback, both directions, nothing answered and nothing refused.

In: a port, a listener's or one connection's own. Out: rules of the kernel's firewall, as long as the context is open.

    with firewall.dropped(sshd.port):
        ...

Rules bear the pid of who made them; what a killed test left is removed before the next rule is made.
"""

from __future__ import absolute_import, print_function, unicode_literals

import contextlib
import os
import re

from tests.lab import process

MARK = "tristan-lab-"
OWNER = re.compile(r"--comment \"?" + MARK + r"(\d+)")
PROGRAM = ["iptables", "-w", "60"]
CHAIN = "INPUT"


@contextlib.contextmanager
def dropped(port):
    """Drops every packet from and to a TCP port that arrives over loopback; needs root.

    :param port: int
    """
    _remove_leftovers()
    made = []
    try:
        for side in ("--dport", "--sport"):
            rule = _rule(side, port)
            _change("-I", rule)
            made.append(rule)
        yield
    finally:
        for rule in made:
            _change("-D", rule)


def _rule(side, port):
    words = ["-i", "lo", "-p", "tcp", side, "{0}".format(port)]
    return words + ["-m", "comment", "--comment", MARK + "{0}".format(os.getpid()), "-j", "DROP"]


def _change(action, rule):
    process.output(PROGRAM + [action, CHAIN] + rule)


def _remove_leftovers():
    for line in process.output(PROGRAM + ["-S", CHAIN]).splitlines():
        owner = OWNER.search(line)
        if owner and not process.alive(int(owner.group(1))):
            try:
                _change("-D", line.replace('"', "").split()[2:])
            except process.LabError:
                pass  # another test removed it meanwhile
