"""The completion scripts, sourced by the real shells."""

from __future__ import absolute_import, print_function, unicode_literals

import os
import subprocess
import sys

import pytest

from tests.controller.cli.test_main import ROOT

SETTINGS = """
machines:
  builder-1: {host: 127.0.0.1}
"""


@pytest.fixture
def shell(tmpdir):
    """Function: run a text in a shell that has ``tristan`` in its PATH. :returns: its output."""
    program = tmpdir.join("bin", "tristan").ensure()
    program.write('#!/bin/sh\nPYTHONPATH=%s exec %s -m controller "$@"\n' % (ROOT, sys.executable))
    program.chmod(0o755)

    def run(name, text):
        words = {
            "bash": ["bash", "--norc", "--noprofile"],
            "zsh": ["zsh", "-f"],
            "fish": ["fish", "-N"],
        }
        environment = dict(os.environ, HOME=str(tmpdir), LC_ALL="C.UTF-8")
        environment["PATH"] = str(tmpdir.join("bin")) + os.pathsep + environment["PATH"]
        environment = {str(key): str(value) for key, value in environment.items()}
        try:
            child = subprocess.Popen(
                words[name] + ["-c", text], env=environment, cwd=str(tmpdir),
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            )  # fmt: skip
        except OSError:
            pytest.skip(name + " is not installed")
        return child.communicate()[0].decode("utf-8")

    return run


BASH = """
source <(tristan completion bash) || exit 1
complete -p tristan
function_name=$(complete -p tristan | sed 's/.*-F \\([^ ]*\\).*/\\1/')
COMP_WORDS=(tristan %s); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); COMP_LINE="${COMP_WORDS[*]}"
$function_name tristan "${COMP_WORDS[COMP_CWORD]}" ""
printf '%%s\\n' "${COMPREPLY[@]}"
"""


def test_bash_completes_commands_and_options(shell):
    assert shell("bash", BASH % "bui").splitlines()[-1].strip() == "build"
    offered = shell("bash", BASH % "build --ca")
    assert "--cancel-on-interrupt" in offered.split()


def test_fish_completes_commands(shell):
    offered = shell("fish", "tristan completion fish | source; complete -C 'tristan bui'")
    assert [line.split("\t")[0] for line in offered.splitlines()] == ["build"]


def test_zsh_takes_the_script(shell):
    text = "autoload -Uz compinit; compinit -u -d ./dump; source <(tristan completion zsh)\n"
    text += "print $_comps[tristan]"
    assert shell("zsh", text).strip() == "_tristan_completion"


def test_names_come_from_the_settings(shell, tmpdir):
    pytest.importorskip(str("controller.settings"))
    tmpdir.join("tristan.yml").write(SETTINGS)
    assert "builder-1" in shell("bash", BASH % "doctor bui").split()
    assert "internal error" not in shell("bash", BASH % "build sh")


def test_an_unknown_shell_is_a_usage_error(tristan):
    assert tristan("completion", "tcsh").code == 2
