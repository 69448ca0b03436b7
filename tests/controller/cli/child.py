"""The command line as a process of its own with a fake controller: child.py SCENARIO WORDS..."""

from __future__ import absolute_import, print_function, unicode_literals

import os
import sys

# Behind the rest of the path: an installed Tristan wins over this checkout's.
sys.path.append(os.path.dirname(os.path.abspath(__file__)).rsplit(os.sep, 3)[0])

from controller.cli import main  # noqa: E402
from controller.cli.session import Session  # noqa: E402
from tests.controller.cli import fake  # noqa: E402

RUNNING = fake.status(
    "running",
    phases=[fake.phase("sync", "success", wall_seconds=0.1), fake.phase("build", "running")],
)

SCENARIOS = {
    # a build that goes on for longer than any test
    "endless": [
        ("status", RUNNING),
        ("log", b"first line\n"),
        ("note", "and on"),
        ("sleep", 300),
    ],
    # a log that comes in pieces cut in the middle of lines, colours and characters
    "torn": [
        ("status", RUNNING),
        ("log", b"one\ntw"),
        ("sleep", 1.2),
        ("log", b"o\n\x1b[3"),
        ("log", b"1mred\n"),
        ("note", "connection lost"),
        ("sleep", 1.2),
        ("log", b"still red \xe2\x82"),
        ("log", b"\xac\x1b[0m\n\x1b]52;c;aGk=\x07safe\n"),
    ],
    # a build that has ended, and whose end is being accepted for longer than any test
    "accepting": [("status", fake.status()), ("log", b"first line\n"), ("sleep", 300)],
    "stubborn": [("log", b"first line\n"), ("sleep", 300)],
    "flood": [("log", b"x" * 1000 + b"\n")] * 2000,
}

if __name__ == "__main__":
    scenario = fake.Controller(SCENARIOS[sys.argv[1]])
    scenario.stubborn = sys.argv[1] == "stubborn"
    sys.exit(main(sys.argv[2:], Session(controller=scenario, settings=fake.Settings())))
