"""Refs, files and directories with names that a shell would evaluate: built, pushed, fetched, told of, never run."""

from __future__ import absolute_import, print_function, unicode_literals

import io
import json
import os

import pytest

from tests.end_to_end.operator import PASSWORD
from tests.faults import aftermath, rows
from tests.lab import process
from tests.lab.registry import Registry

PLACE = process.directory("canaries")
COMMANDS = [
    "$(touch${IFS}%s/dollar)`touch${IFS}%s/backtick`",
    "a;touch${IFS}%s/semicolon;it's\"&touch${IFS}%s/quotes&'\"",
    "a|touch${IFS}%s/pipe|gr\u00fc\u00df\u5206{{values}}%s",
]
REFS = [command % (PLACE, PLACE) for command in COMMANDS]
MODULE = "with space/$(touch $HOME;id) `x`;'\"\u00fc"

MORE = """
  nasty:
    repository: group/shop
    build_profile: served
    module_path: {module}
    artifacts: ["*"]
    notify: [{{command: [./hook, "{place}"]}}]
"""
HOOK = """#!/bin/sh
printf '%s\\n' "$TRISTAN_REF" >>"$1/told"
cat >>"$1/documents"
"""


@pytest.fixture(scope="module")
def nasty(operator):
    """The operator, with a registry and the project `nasty`."""
    with Registry("robot", PASSWORD) as made:
        operator.configure(registry_port=made.port)
        with io.open(operator.configuration, "a", encoding="utf-8") as target:
            target.write(MORE.format(module=json.dumps(MODULE), place=PLACE))
        hook = os.path.join(operator.home, "hook")
        with io.open(hook, "w") as target:
            target.write(HOOK)
        os.chmod(hook, 0o755)
        operator.registry = made
        yield operator
    process.remove(PLACE)


def canaries():
    return sorted(set(os.listdir(PLACE)) - set(["told", "documents"]))


@rows.hostile(2)
@pytest.mark.parametrize("number", range(len(REFS) if rows.ALL else 1))
def test_a_branch_that_a_shell_would_run_is_built_pushed_and_told_of(
    nasty, injections, number, tmp_path
):
    ref = REFS[number]
    files = {
        MODULE + "/index.html": "x\n",
        MODULE + "/$(id) '\";\u00fc.txt": "two\n",
        "a\nb": "x\n",
    }
    nasty.shop.commit(files, "Nasty $(id)", branch=ref)
    with injections.measured():
        result = nasty.run("build", "nasty", "--branch", ref, "--json")
        assert result.code == 0, result
        status = json.loads(result.out)
        fetched = nasty.run("artifacts", status["build_id"], "--get", str(tmp_path / "here"))
        again = nasty.run("rebuild", status["build_id"])
    assert status["ref"]["name"] == ref and status["app_image"]["image"]
    assert "build_id" in status and (fetched.code, again.code) == (0, 0), (fetched, again)
    assert sorted(os.listdir(str(tmp_path / "here"))) == ["$(id) '\";\u00fc.txt", "index.html"]
    with io.open(os.path.join(PLACE, "told"), encoding="utf-8") as source:
        assert ref in source.read().splitlines()
    for words in (
        ["status"],
        ["logs", status["build_id"]],
        ["refresh"],
        ["preview", "nasty", "--branch", ref],
    ):
        assert nasty.run(*words).code == 0
    aftermath.check(nasty, status)
    assert canaries() == []


@rows.hostile(2)
def test_schedules_and_shipping_name_nothing_that_is_run(nasty):
    for words in (["crontab"], ["systemd"], ["filebeat"]):
        result = nasty.run(*words)
        assert result.code in (0, 2) and "touch" not in result.out, result
    assert canaries() == []


SCRIPTS = {
    "CRLF": b"#!/bin/sh\r\nset -e\r\nprintf '<%s>' \"$TRISTAN_REF\" >out\r\nif true; then\r\n  echo built\r\nfi\r\n",
    "no final newline": b"printf '<%s>' \"$TRISTAN_REF\" >out; echo built",
    "invalid UTF-8": b"#!/bin/sh\n# \xff\xfe\nprintf '<%s>' \"$TRISTAN_REF\" >out; x='\xe4'; echo built\n",
}


@rows.hostile(10)
@pytest.mark.parametrize("kind", sorted(SCRIPTS))
def test_a_script_from_any_editor_runs_right(operator, injections, kind):
    path = os.path.join(operator.home, "script.sh")
    with io.open(path, "wb") as target:
        target.write(SCRIPTS[kind])
    os.chmod(path, 0o644)  # no run bit
    with io.open(operator.configuration, "r+", encoding="utf-8") as target:
        text = target.read()
        if "  editors:" not in text:
            target.write(
                "  editors: {repository: group/shop, build_profile: script, artifacts: [out],\n"
            )
            target.write("            compile_to_execute: {file: script.sh}}\n")
    with injections.measured():
        result = operator.run("build", "editors", "--branch", "main", "--json")
    assert result.code == 0, result
    status = json.loads(result.out)
    assert [one["name"] for one in status["artifacts"]] == ["out"], "and no file named out\\r"
    assert b"built" in operator.log(status)
