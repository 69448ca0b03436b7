"""Writes the README's transcript: the first commands of an operator, really run.

    python -m tests.end_to_end.transcript [ROOT] >docs/transcript.txt

In: the machine's root, a directory that does not exist yet. Out: commands and what they printed.
"""

from __future__ import absolute_import, print_function, unicode_literals

import io
import os
import shutil
import subprocess
import sys

from tests.end_to_end.operator import PASSWORD, Operator
from tests.lab import engine, images
from tests.lab.registry import Registry
from tests.lab.sshd import BUILDER_ID

COMMANDS = (
    "config check",
    "enroll builder-1 --fingerprint {fingerprint}",
    "doctor builder-1",
    "build shop --branch main",
    "build shop --branch main",
    "build web --branch main --detach",
    "logs {build} --follow",
    "status",
    "status {build}",
    "build served --branch main",
    "uninstall builder-1 --yes",
)


def main(root):
    """Run the commands on a lab of their own, with `root` as the machine's."""
    os.makedirs(root)
    os.chown(root, BUILDER_ID, BUILDER_ID)
    found = engine.find_or_start()
    try:
        operator = Operator(
            found,
            root=root,
            python="/usr/bin/python3",
            python_image=images.make(found, images.PYTHON).name,
            nodejs_image=images.make(found, images.NODEJS).name,
        )
        try:
            with Registry("robot", PASSWORD) as registry:
                operator.configure(registry_port=registry.port)
                show(operator)
        finally:
            operator.stop()
    finally:
        found.stop()
        shutil.rmtree(root, ignore_errors=True)


def show(operator):
    """Run each command with its two streams as one, as on a terminal."""
    output = io.open(sys.stdout.fileno(), "w", encoding="utf-8", closefd=False)
    for command in COMMANDS:
        build = "{build}" in command and operator.json("status")[0]["build_id"][-8:]
        words = command.format(build=build, fingerprint=operator.sshd.fingerprint)
        child = subprocess.Popen(
            operator.command(*words.split()),
            env=operator.environment(),
            cwd=operator.home,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        printed = child.communicate()[0].decode("utf-8")
        output.write("$ tristan {0}\n{1}\n".format(words, printed))
        if child.returncode:
            sys.exit("tristan {0} ended with {1}".format(words, child.returncode))


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "/data/tristan")
