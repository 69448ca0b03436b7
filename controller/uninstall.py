"""Takes Tristan off a machine: files, containers, images.

Job: the controller's side of business_hyper_fusion/remove.py, which is sent along as the program
    that removes.
In: a transport, a settings Machine, the machine's Python. Out: what was removed, and what was not.
"""

from __future__ import absolute_import, print_function, unicode_literals

import json

import six

from controller import answer, errors, release, remote_command
from controller.plan import BUSINESS_ID

REMOVER = "business_hyper_fusion/remove.py"
TIMEOUT = 1800.0
"""Seconds; millions of cached files take their time."""


def uninstall(transport, machine, python, force=False):
    """Removes Tristan from a machine.

    :param python: path of the machine's Python. :param force: whether to end builds that run.
    :returns: dict: "files", "containers", "images": numbers of what was removed; "left": list of
        texts, what was not, each with its reason.
    :raises errors.Busy: a build runs (or would not end); nothing was removed.
    """
    source = release.read_file(release.INSTALLED_ROOT, REMOVER).content
    channel = transport.open(remote_command.program(python, source))
    try:
        channel.send(question(machine, force))
        channel.send_eof()
        said = answer.read(channel, TIMEOUT, "uninstall of %s" % machine.name)
    finally:
        channel.close()
    return checked(said, machine, force)


def question(machine, force):
    document = {
        "root": machine.root,
        "business": BUSINESS_ID,
        "engine": list(machine.engine.command),
        "force": bool(force),
    }
    return json.dumps(document, sort_keys=True).encode("ascii") + b"\n"


def checked(said, machine, force):
    """The counts of an answer."""
    if said["answer"] == "busy":
        raise busy(said.get("builds"), machine, force)
    if said["answer"] != "removed":
        raise errors.InfrastructureError(
            "%s: Tristan could not be removed: %s" % (machine.name, answer.failure(said)[1]),
            remedy="check machines.%s.root" % machine.name,
        )
    counts = dict((key, answer.count(said, key)) for key in ("files", "containers", "images"))
    return dict(counts, left=texts(said.get("left")))


def texts(found):
    """The texts of a list; none for anything else."""
    found = found if isinstance(found, list) else ()
    return [one for one in found if isinstance(one, six.text_type)]


def busy(builds, machine, force):
    builds = texts(builds)
    named = ", ".join(build for build in builds if build)
    what = "a build runs" + (" (%s)" % named if named else "") if builds else "a sync is under way"
    remedy = "wait for it or cancel it; --force ends it"
    if not builds or force:
        remedy = "try again in a minute"
    return errors.Busy("%s: %s; nothing was removed" % (machine.name, what), remedy=remedy)
