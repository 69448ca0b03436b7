"""crontab lines and systemd units: read as cron and systemd read them, whatever the paths hold."""

from __future__ import absolute_import, print_function, unicode_literals

import io
import json
import os
import re
import subprocess
import sys

import pytest

from controller import errors, schedule
from tests.lab import process

ODD = 'it\'s 100% of "$HOME" \\ %h ; `x` \u00fc'
ARGUMENTS = ["refresh", "--quiet"]


@pytest.fixture
def odd():
    """A directory of a strange name with a program `tristan` in it, which writes down what it was called with."""
    directory = process.directory("schedule")
    place = os.path.join(directory, ODD)
    os.mkdir(place.encode("utf-8"))
    program = os.path.join(place, "tristan")
    text = (
        "#!%s\nimport json, os, sys\n"
        "words = [os.fsdecode(word) if hasattr(os, 'fsdecode') else word for word in sys.argv]\n"
        "found = [words, os.environ.get('XDG_STATE_HOME')]\n"
        "open(os.path.join(%r, 'called'), 'w').write(json.dumps(found))\n"
    )
    with io.open(program.encode("utf-8"), "w") as opened:
        opened.write(text % (sys.executable, str(directory)))
    os.chmod(program.encode("utf-8"), 0o755)
    yield Odd(directory, place, program)
    process.remove(directory)


class Odd(object):
    def __init__(self, directory, place, program):
        self.directory = directory
        self.program = program
        self.config = os.path.join(place, "tristan.yml")
        self.state = os.path.join(place, "state")

    def called(self):
        with io.open(os.path.join(self.directory, "called"), encoding="utf-8") as opened:
            return json.load(opened)


def as_cron_runs_it(line):
    """What crontab(5) says of the sixth field: \\% is a percent sign, a bare one ends the command; then the shell."""
    command = line.split(None, 5)[5]
    assert "%" not in command.replace("\\%", "")
    environment = {
        "HOME": "/",
        "LOGNAME": "root",
        "SHELL": "/bin/sh",
        "PATH": "/usr/bin:/bin",
        "LC_ALL": "C.UTF-8",
    }
    environment = dict(
        (process.native(name), process.native(value)) for name, value in environment.items()
    )
    words = ["/bin/sh", "-c", process.native(command.replace("\\%", "%"))]
    subprocess.check_call(words, env=environment)


def test_cron_runs_the_command_whatever_its_path(odd):
    text = schedule.crontab([odd.program], odd.config, {"XDG_STATE_HOME": odd.state}, 1800)
    lines = text.splitlines()
    (line,) = [line for line in lines if line and not line.startswith("#")]
    assert line.startswith("*/30 * * * * ") and text.endswith("\n")
    as_cron_runs_it(line)
    assert odd.called() == [[odd.program, "--config", odd.config] + ARGUMENTS, odd.state]
    (example,) = [line for line in lines if line.startswith("#15")]
    as_cron_runs_it(example[1:])
    words = odd.called()[0][3:]
    assert words[:-1] == ["build", "PROJECT", "--branch", "main", "--detach", "--slot"]
    assert re.match(r"nightly \d{4}-\d\d-\d\d\Z", words[-1])


@pytest.mark.parametrize(
    "seconds, expected",
    [(60, "* * * * *"), (300, "*/5 * * * *"), (3600, "0 * * * *"), (2 * 3600, "0 */2 * * *"), (86400, "0 3 * * *")],
)  # fmt: skip
def test_intervals_that_cron_has(seconds, expected):
    assert schedule.cron_time(seconds) == expected


@pytest.mark.parametrize("seconds", [0, 30, 90, 420, 5 * 3600, 2 * 86400])
def test_intervals_that_cron_has_not(seconds):
    with pytest.raises(errors.UsageError) as raised:
        schedule.cron_time(seconds)
    assert "30m" in raised.value.remedy


def words_of(line):
    """What systemd.syntax(7) and systemd.service(5) make of a command line."""
    found, word, quoted = [], None, False
    letters = iter(line)
    for letter in letters:
        if letter == '"':
            quoted, word = not quoted, word or ""
        elif letter == " " and not quoted:
            found, word = found + [word], None
        else:
            if letter == "\\":
                letter = {"\\": "\\", '"': '"'}[next(letters)]
            elif letter in "%$":
                assert next(letters) == letter  # a specifier or a variable otherwise
            word = (word or "") + letter
    return found + [word]


def value_of(unit, name):
    (line,) = [line for line in unit.splitlines() if line.startswith(name + "=")]
    return line.partition("=")[2]


def test_systemd_runs_the_command_whatever_its_path(odd):
    unit = schedule.service([odd.program], odd.config, {"XDG_STATE_HOME": odd.state}, "root")
    expected = ["/usr/bin/env", odd.program, "--config", odd.config] + ARGUMENTS
    assert words_of(value_of(unit, "ExecStart")) == expected
    # In Environment= a dollar is a dollar.
    assert value_of(unit, "Environment").count("$") == 1
    plain = schedule.service(["/usr/bin/tristan"], "/etc/tristan.yml", {}, None)
    assert (
        value_of(plain, "ExecStart") == "/usr/bin/tristan --config /etc/tristan.yml refresh --quiet"
    )
    assert "User=" not in plain and "Environment" not in plain


@pytest.mark.once
@pytest.mark.parametrize("user", [True, False])
def test_systemd_itself_takes_the_units(odd, user):
    login = None if user else "root"
    texts = {
        schedule.SERVICE: schedule.service(
            [odd.program], odd.config, {"XDG_STATE_HOME": odd.state}, login
        ),
        schedule.TIMER: schedule.timer(1800, user),
    }
    paths = []
    for name, text in texts.items():
        paths.append(os.path.join(odd.directory, name))
        with io.open(paths[-1], "w", encoding="utf-8") as opened:
            opened.write(text)
    words = ["systemd-analyze", "verify", "--man=no", "--user" if user else "--system"] + paths
    environment = process.merged_environment({"XDG_RUNTIME_DIR": odd.directory})
    running = subprocess.Popen(
        words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=environment
    )
    said = running.communicate()[0].decode("utf-8", "replace")
    own = [line for line in said.splitlines() if "tristan" in line]
    assert (own, running.returncode) == ([], 0), said


def test_a_timer_says_how_to_set_it_going():
    assert "systemctl enable --now tristan-refresh.timer" in schedule.timer(1800, False)
    own = schedule.timer(1800, True)
    assert "enable-linger" in own and "systemctl --user enable" in own
    assert value_of(own, "OnUnitInactiveSec") == "1800s"


def test_the_program_is_found_again_from_anywhere(odd):
    assert schedule.program(odd.program.encode("utf-8")) == [odd.program]
    assert schedule.program("/x/controller/__main__.py", "/usr/bin/python3") == [
        "/usr/bin/python3",
        "-m",
        "controller",
    ]


def test_what_no_schedule_can_name_is_refused():
    with pytest.raises(errors.UsageError):
        schedule.crontab(["/usr/bin/tristan"], "/a\nb/tristan.yml", {}, 1800)
