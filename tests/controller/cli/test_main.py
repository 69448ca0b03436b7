"""Global behaviour: what is imported, how errors look, exit codes."""

from __future__ import absolute_import, print_function, unicode_literals

import json
import os
import subprocess
import sys

import pytest

from controller import errors, secrets
from controller.cli import main
from controller.cli.main import COMMANDS, program
from controller.cli.session import Session, candidates
from tests.controller.cli import fake

HEAVY = ("paramiko", "jinja2", "yaml", "jsonschema", "cryptography", "controller.service")
ROOT = os.path.dirname(os.path.abspath(__file__)).rsplit(os.sep, 3)[0]


def python(*words, **given):
    environment = dict(os.environ, PYTHONIOENCODING="utf-8", LC_ALL="C.UTF-8")
    environment.update(given)
    return subprocess.Popen(
        [sys.executable] + list(words),
        cwd=ROOT,
        env={str(key): str(value) for key, value in environment.items()},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


@pytest.mark.parametrize(
    "words", [["--help"], ["--version"], ["build", "--help"], ["completion", "zsh"]]
)
def test_help_imports_nothing_heavy(words):
    code = (
        "import sys\nfrom controller.cli import main\n"
        "code = main(sys.argv[1:])\n"
        "sys.stderr.write(' '.join(name for name in %r if name in sys.modules))\n"
        "sys.exit(code)\n" % (tuple(str(name) for name in HEAVY),)
    )
    child = python("-c", code, *words)
    out, err = child.communicate()
    assert (child.returncode, err) == (0, b"")
    assert b"tristan" in out


def test_the_collector_looks_less_often_and_still_looks():
    code = (
        "import gc, weakref\nimport controller.cli\n"
        "class Cycle(object):\n    pass\n"
        "one = Cycle()\none.itself = one\nseen = weakref.ref(one)\ndel one\n"
        "kept = [[] for _ in range(1000)]\nassert seen() is not None\n"
        "kept += [[] for _ in range(200000)]\nassert seen() is None\n"
    )
    child = python("-c", code)
    assert child.communicate() == (b"", b"")


def test_python_m_controller_is_the_same_program():
    child = python("-m", "controller", "--version")
    assert child.communicate()[0].startswith(b"tristan")


def test_every_command_explains_itself(tristan):
    listed = tristan("--help").out
    for command, sentence in COMMANDS.items():
        assert "\n  %s " % command in listed and sentence in listed
        found = program.get_command(None, command)
        assert (found.get_short_help_str(200), found.hidden) == (sentence, False)
        shown = tristan(command, "--help")
        assert shown.code == 0
        assert "Usage: tristan " + command in shown.out
    assert "..." not in listed.split("Commands:")[1]  # no explanation is cut off


def test_an_error_is_one_line_and_a_remedy(tristan):
    controller = fake.Controller()
    controller.raises["machines"] = errors.MachineUnreachable(
        "no answer from\nbuilder-1", "look at sshd"
    )
    result = tristan("machines", controller=controller)
    assert result == (3, "", "tristan: no answer from builder-1\n  \u2192 look at sshd\n")


def test_an_error_in_ascii(tristan, monkeypatch):
    monkeypatch.setenv(str("LC_ALL"), str("C"))
    controller = fake.Controller()
    controller.raises["machines"] = errors.MachineUnreachable("no answer", "look at sshd")
    assert tristan("machines", controller=controller).err.endswith("  -> look at sshd\n")


@pytest.mark.parametrize(
    "error, code",
    [
        (errors.UsageError("x"), 2),
        (errors.SettingsError("x", [("a", "b")]), 2),
        (errors.AuthenticationFailed("x"), 3),
        (errors.HostKeyChanged("x"), 3),
        (errors.StillRunning("x"), 7),
        (errors.Busy("x"), 8),
        (ValueError("x"), 3),
    ],
)
def test_exit_codes_of_errors(tristan, error, code):
    controller = fake.Controller()
    controller.raises["plan"] = error
    assert tristan("build", "shop", "--branch", "main", controller=controller).code == code


def test_settings_faults_are_all_listed_aligned(tristan):
    controller = fake.Controller()
    faults = [("machines.a.port", "wants a number"), ("projects.shop", "no such profile")]
    controller.raises["machines"] = errors.SettingsError("tristan.yml has 2 faults", faults)
    assert tristan("machines", controller=controller).err.splitlines() == [
        "tristan: tristan.yml has 2 faults",
        "  machines.a.port  wants a number",
        "  projects.shop    no such profile",
    ]


def test_errors_as_json(tristan):
    controller = fake.Controller()
    controller.raises["plan"] = errors.Busy("all busy", "--wait")
    result = tristan("build", "shop", "--json", controller=controller)
    assert json.loads(result.out) == {
        "error": {"cause": "busy", "message": "all busy", "remedy": "--wait", "exit_code": 8}
    }
    assert result.err.startswith("tristan: all busy")


def test_a_usage_error_names_the_commands_help(tristan):
    result = tristan("build", "shop", "--colour")
    assert result.code == 2
    assert result.err.startswith("tristan: ")
    assert "--colour" in result.err
    assert result.err.endswith("  \u2192 tristan build --help\n")
    assert tristan("bild").code == 2


def test_an_unknown_error_shows_its_traceback_with_debug_alone(tristan):
    controller = fake.Controller()
    controller.raises["machines"] = ZeroDivisionError("by zero")
    result = tristan("machines", controller=controller)
    assert "Traceback" not in result.err
    assert "internal error: ZeroDivisionError: by zero" in result.err
    assert "--debug" in result.err
    controller.raises["machines"] = ZeroDivisionError("by zero")
    assert "Traceback" in tristan("--debug", "machines", controller=controller).err


def test_a_secret_is_masked_also_in_a_traceback(tristan):
    key = "-----BEGIN KEY-----\nMIIEpAIBAAKCAQEA7\n-----END KEY-----"
    for secret in ("hunter2", key):
        secrets.Secret(secret).reveal()
    controller = fake.Controller()
    for shown in ("hunter2", key, key.splitlines()[1]):
        controller.raises["machines"] = ValueError("what about <%s>?" % shown)
        result = tristan("--debug", "machines", controller=controller)
        assert not [line for line in shown.splitlines() if line in result.err]
        assert result.err.count("<\u2022\u2022\u2022\u2022") == 2


def test_a_secret_that_a_server_says_again_is_masked(tristan):
    secret = 'canary/"quoted"'
    secrets.Secret(secret).reveal()
    controller = fake.Controller()
    for shown in (secret, json.dumps(secret), "canary%2F%22quoted%22"):
        error = errors.TristanError("it said %s" % shown, "not %s" % shown, cause="refused")
        controller.raises["machines"] = error
        for words in (("machines",), ("--debug", "machines"), ("machines", "--json")):
            result = tristan(*words, controller=controller)
            assert result.code != 0
            assert "canary" not in result.out + result.err


def test_interrupt_outside_of_a_build(tristan):
    controller = fake.Controller()
    controller.raises["machines"] = KeyboardInterrupt()
    assert tristan("machines", controller=controller) == (130, "", "tristan: interrupted\n")


def test_a_closed_pipe_is_no_error():
    script = os.path.join(ROOT, "tests", "controller", "cli", "child.py")
    child = python(script, "flood", "logs", "9c1e4f2a")
    child.stdout.readline()
    child.stdout.close()
    assert child.stderr.read() == b""
    assert child.wait() == 141


def test_a_closed_pipe_leaves_a_watched_build():
    script = os.path.join(ROOT, "tests", "controller", "cli", "child.py")
    child = python(script, "flood", "build", "shop", "--branch", "main")
    child.stdout.readline()
    child.stdout.close()
    assert b"still runs" in child.stderr.read()
    assert child.wait() == 7


def test_the_configuration_file_is_looked_for_in_this_order(tmpdir, monkeypatch, capfd):
    assert candidates({"TRISTAN_CONFIG": "/x.yml"}) == ["/x.yml"]
    assert candidates({"XDG_CONFIG_HOME": "/x"}) == ["tristan.yml", "/x/tristan/tristan.yml"]
    monkeypatch.chdir(tmpdir)
    monkeypatch.setenv(str("XDG_CONFIG_HOME"), str(tmpdir))
    monkeypatch.delenv(str("TRISTAN_CONFIG"), raising=False)
    assert main(["status"], Session()) == 2
    err = capfd.readouterr()[1]
    assert "no configuration file at tristan.yml or %s" % tmpdir.join("tristan") in err
    assert "tristan init" in err
    assert main(["--config", "/nowhere.yml", "status"], Session()) == 2
    assert "/nowhere.yml" in capfd.readouterr()[1]
