"""Tristan's scripts for those who bring them to a machine by other means, and start them as Tristan would.

In: an operator, a controller. Out: directories of files; requests as startup.py reads them.
"""

import json
import os

from benchmarks.lab import MACHINE_PYTHON
from controller import release, settings
from controller.settings import derive
from tests.lab.sshd import BUILDER_ID

BY_HAND = "0" * 64
"""Name of the directory of scripts that were not pushed by Tristan."""

PLACE = (("1",), ("1", "releases"), ("1", "releases", BY_HAND))
"""Where they are below a root."""


def write(operator, directory):
    """The release's files. :param operator: labs.Operator."""
    known = settings.load(operator.configuration)
    made = release.collect(derive.data_files(known), beside=operator.home)
    for path, file in made.files.items():
        full = os.path.join(directory, path)
        os.makedirs(os.path.dirname(full), exist_ok=True)
        with open(full, "wb") as target:
            target.write(file.content)
        os.chmod(full, file.mode)


def make_root(root):
    """A machine's root without scripts. :returns: path, where they belong."""
    for path in (root, *(os.path.join(root, *part) for part in PLACE)):
        os.mkdir(path)
        os.chown(path, BUILDER_ID, BUILDER_ID)
    return os.path.join(root, *PLACE[-1])


def request(controller, project, branch, executor_id, machine=None):
    """What Tristan would send to have a branch built: dict."""
    plan = controller.plan(project, branch=branch, machine=machine)
    return plan.request(plan.machines[0], executor_id, BY_HAND)


def write_request(path, document):
    """As startup.py reads it. :param document: see request()."""
    with open(path, "w", encoding="ascii") as target:
        json.dump({"request": document, "secrets": {}}, target)


def command(root, executor_id):
    """Shell text that starts a build with the request on stdin, waits for its end and prints its status."""
    run = os.path.join(root, "1", "run", executor_id)
    start = "cd %s && %s -E -S -B startup.py %s" % (
        os.path.join(root, *PLACE[-1]),
        MACHINE_PYTHON,
        executor_id,
    )
    return "%s >&2 && flock %s/lock cat %s/status" % (start, run, run)
