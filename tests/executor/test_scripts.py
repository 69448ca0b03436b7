"""The scripts of a build: which one wins, what their version says, which interpreter runs them."""

from __future__ import absolute_import, print_function

import os
import subprocess

import pytest

from business_hyper_fusion import compat, scripts
from tests.executor.machine import REPOSITORY
from tests.faults import rows


@pytest.mark.parametrize(
    "first, words",
    [
        (b"#!/bin/bash\n", ["/bin/bash"]),
        (b"#! /usr/bin/env python3\n", ["/usr/bin/env", "python3"]),
        (b"#!/bin/sh -e\n", ["/bin/sh", "-e"]),
        (b"#!/usr/bin/awk -f x y\n", ["/usr/bin/awk", "-f x y"]),
        (b"#!\n", ["/bin/sh"]),
        (b"echo no interpreter\n", ["/bin/sh"]),
        (b"", ["/bin/sh"]),
    ],
)
def test_interpreter_is_the_first_lines_as_the_kernel_reads_it(tmpdir, first, words):
    path = tmpdir.join("script")
    path.write_binary(first)
    assert scripts.interpreter(str(path)) == words + [str(path)]


@rows.hostile(10)
def test_run_script_reads_the_first_line_in_the_same_way(tmpdir):
    runner = os.path.join(REPOSITORY, "business_hyper_fusion", "common", "run_script.sh")
    path = tmpdir.join("script")
    for first, printed in (
        ("#!/bin/echo", ""),
        ("#! /bin/echo  one two \r", "one two "),
        ("#!", "sh\n"),
        ("", "sh\n"),
    ):
        path.write(first + "\necho sh\n")
        expected = printed if printed == "sh\n" else "%s%s\n" % (printed, path)
        output = subprocess.check_output(["sh", runner, str(path)])
        assert output.decode("ascii") == expected


def test_version_is_of_names_and_content():
    one = scripts.version_of({"a": b"1", "b": b"2"})
    assert one == scripts.version_of({"b": b"2", "a": b"1"})
    assert (
        len(set([one, scripts.version_of({"a": b"2", "b": b"1"}), scripts.version_of({"a": b"1"})]))
        == 3
    )


@rows.hostile(10)
def test_unix_lines():
    assert scripts.unix_lines(b"a\r\nb") == b"a\nb\n"
    assert scripts.unix_lines(b"a\n\xff\n") == b"a\n\xff\n"
    assert scripts.unix_lines(b"") == b""


def build_directory(status):
    return os.path.join(os.path.dirname(status["source"]), "build")


def test_request_stands_above_pack_and_pack_above_common(machine, address):
    pack = os.path.join(machine.release, "business_hyper_fusion", "python")
    with open(os.path.join(pack, "clean_build_project.sh"), "w") as file:
        file.write('#!/bin/sh\r\necho "the pack cleans"\r\n')
    request = machine.request(address, "echo the request builds")
    status = machine.run(request)
    log = machine.log(request)
    assert "the request builds" in log and "the pack cleans" in log
    present = os.listdir(build_directory(status))
    assert set(["version", "do_build_project.sh", "build_project.sh", "artifacts"]) <= set(present)
    with open(os.path.join(build_directory(status), "version")) as file:
        assert file.read() == status["scripts_version"]


@rows.hostile(10)
def test_script_that_is_not_utf_8_runs_byte_for_byte(machine, address):
    form = {"encoding": "latin-1", "text": compat.to_native(b"printf '<\xc3\xbf\xc2\x80>\\n'")}
    request = machine.request(address, form)
    assert machine.run(request)["state"] == "success"
    with open(machine.attempt(request).log, "rb") as file:
        assert b"\n<\xff\x80>\n" in file.read()


@rows.hostile(4)
def test_scripts_that_a_build_on_the_host_rewrote_are_put_right(machine, address):
    first = machine.run(machine.request(address, "true"))
    build = build_directory(first)
    for break_ in (
        lambda path: os.remove(path),
        lambda path: open(path, "w").close(),
        lambda path: (os.remove(path), os.mkfifo(path)),
        lambda path: (os.remove(path), os.mkdir(path)),
        lambda path: (os.remove(path), os.symlink("/dev/zero", path)),
        lambda path: open(path + ".more", "w").close(),
    ):
        break_(os.path.join(build, "do_build_project.sh"))
        again = machine.run(machine.request(address, "true"))
        assert (again["state"], again["scripts_version"]) == ("success", first["scripts_version"])
        assert not os.path.exists(os.path.join(build, "do_build_project.sh.more"))


def test_changed_scripts_replace_the_directory(machine, address):
    first = machine.run(machine.request(address, "true"))
    second = machine.run(machine.request(address, "true # changed"))
    assert first["scripts_version"] != second["scripts_version"]
    with open(os.path.join(build_directory(second), "compile_to_execute.sh")) as file:
        assert file.read() == "true # changed\n"


def test_new_pack_is_one_new_folder(machine, address):
    pack = os.path.join(machine.release, "business_hyper_fusion", "cobol")
    os.makedirs(os.path.join(pack, "notes"))  # not for builds: folders stay where they are
    with open(os.path.join(pack, "build_project.sh"), "w") as file:
        file.write("mkdir dist && echo built > dist/it && cat dist/it\n")
    with open(os.path.join(pack, "artifacts"), "w") as file:
        file.write("# what it leaves\ndist/*\n")
    request = machine.request(address)
    request["project"]["language"] = "cobol"
    status = machine.run(request)
    assert [artifact["name"] for artifact in status["artifacts"]] == ["dist/it"]


def test_language_without_a_pack(machine, address):
    request = machine.request(address)
    request["project"]["language"] = "cobol"
    status = machine.run(request)
    assert (status["state"], status["cause"]) == ("error", "no_pack")


def test_own_script_needs_no_pack(machine, address):
    request = machine.request(address, "echo built by hand")
    request["project"]["language"] = "cobol"
    assert machine.run(request)["state"] == "success"
    assert "built by hand" in machine.log(request)
