"""Scripts of build profiles and projects: in tristan.yml or beside it."""

from __future__ import absolute_import, print_function, unicode_literals

import pytest

from controller.settings import scripts
from controller.settings.faults import Faults


def read(value, directory):
    faults = Faults()
    entries = [("p", {"dockerfile": value})]
    found = scripts.read("build_profiles", entries, str(directory), faults)
    return found.get(("build_profiles", "p", "dockerfile")), [
        tuple(fault) for fault in faults.listed()
    ]


def test_text_and_files_with_any_line_ends(tmpdir):
    tmpdir.join("a").write_binary("echo \u00fc\r\n".encode("utf-8"))
    assert read({"file": "a"}, tmpdir) == ("echo \u00fc\n", [])
    assert read({"file": str(tmpdir.join("a"))}, "/") == ("echo \u00fc\n", [])
    assert read("echo $(id)\r\n", tmpdir) == ("echo $(id)\n", [])


def test_a_home_is_expanded(tmpdir, monkeypatch):
    monkeypatch.setenv(str("HOME"), str(tmpdir))
    tmpdir.join("a").write("x")
    assert read({"file": "~/a"}, "/")[0] == "x"


@pytest.mark.parametrize(
    "content, message",
    [
        (None, "can't be read: No such file"),
        (b"a\nb\xff\n", "is not UTF-8 in its line 2"),
        (b"a\0b", "must not contain NUL"),
        (b"", "must not be empty"),
        (b"x" * (1024 * 1024 + 1), "must be at most 1048576 bytes"),
    ],
)
def test_what_is_no_script_is_a_fault_of_its_key(tmpdir, content, message):
    if content is not None:
        tmpdir.join("a").write_binary(content)
    text, faults = read({"file": "a"}, tmpdir)
    assert text is None
    assert faults[0][0] == "build_profiles.p.dockerfile"
    assert message in faults[0][1]


def test_a_shell_script_need_not_be_utf_8(tmpdir):
    tmpdir.join("a").write_binary(b"echo caf\xe9\r\n")
    faults = Faults()
    entries = [("p", {"compile_to_execute": {"file": "a"}})]
    found = scripts.read("projects", entries, str(tmpdir), faults)
    assert found == {("projects", "p", "compile_to_execute"): b"echo caf\xe9\n"}
    assert faults.listed() == []
    tmpdir.join("a").write_binary(b"\xe9\0")
    scripts.read("projects", entries, str(tmpdir), faults)
    assert "must not contain NUL" in [tuple(fault) for fault in faults.listed()][0][1]
