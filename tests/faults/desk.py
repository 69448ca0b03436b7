"""An operator's desk: tristan.yml, a home, the real command line as a process, and no machine that answers."""

from __future__ import absolute_import, print_function, unicode_literals

import io
import os
import subprocess
import sys

from tests.controller.cli import ecma48
from tests.end_to_end.operator import REPOSITORY
from tests.faults import rows

SECRET = "hunter2"
SOME = slice(None, None, 1 if rows.ALL else 4)
"""Of the many inputs of a kind: each takes a process or more."""
PLAIN = """machines:
  builder-1: {{host: 127.0.0.1, port: 1, username: builder, key_file: {directory}/key}}
git_servers:
  main: {{address: "https://git.invalid"}}
build_profiles:
  wheel: {{language: python, image: "python:3.12"}}
projects:
  shop: {{repository: group/shop, build_profile: wheel}}
"""


class Desk(object):
    """An operator without a machine that answers: .directory .configuration"""

    def __init__(self, directory):
        self.directory = directory
        self.configuration = os.path.join(directory, "tristan.yml")
        self.write(PLAIN.format(directory=directory))
        self.variables = {}
        self.where = directory

    def write(self, text):
        data = text if isinstance(text, bytes) else text.encode("utf-8")
        with io.open(self.configuration, "wb") as target:
            target.write(data)

    def change(self, old, new):
        text = PLAIN.format(directory=self.directory)
        assert old in text
        self.write(text.replace(old, new))

    def put(self, name, data=b""):
        path = os.path.join(self.directory, name)
        if not os.path.isdir(os.path.dirname(path)):
            os.makedirs(os.path.dirname(path))
        with io.open(path, "wb") as target:
            target.write(data)
        return path

    def run(self, *words):
        """:returns: (exit code, all that was printed as bytes)."""
        environment = dict(
            os.environ,
            HOME=self.directory,
            LC_ALL="C.UTF-8",
            PYTHONPATH=REPOSITORY,
            PYTHONDONTWRITEBYTECODE="1",
            XDG_STATE_HOME=os.path.join(self.directory, "state"),
        )
        for name in ("SSH_AUTH_SOCK", "TRISTAN_CONFIG", "NO_COLOR"):
            environment.pop(name, None)
        environment.update(self.variables)
        child = subprocess.Popen(
            [sys.executable, "-m", "controller"] + list(words),
            env=environment,
            cwd=self.where,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        out, _ = child.communicate()
        return child.returncode, out


def refused(desk, words, said="", codes=(2,)):
    """Run it, and look at how it ends. :returns: text."""
    code, out = desk.run(*words)
    text = out.decode("utf-8")
    assert code in codes, (code, text)
    assert "internal error" not in text, text
    assert "--debug" in words or "Traceback" not in text, text
    assert not ecma48.harm(out), text
    assert any(line.startswith("tristan: ") for line in text.splitlines()), text
    assert said in text, text
    assert SECRET not in text
    return text
