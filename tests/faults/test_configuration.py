"""tristan.yml, broken in every way that people and editors break it: every fault by its key path or line."""

from __future__ import absolute_import, print_function, unicode_literals

import os

import pytest

from tests.faults import rows
from tests.faults.desk import SOME, refused

FILES = {
    "an unknown key": (b"machines: {a: {hots: x}}\n", "did you mean host"),
    "a wrong type": (b"machines: {a: {port: many}}\n", "machines.a.port"),
    "a missing reference": (
        b"machines: {a: }\nprojects: {p: {repository: https://h/x, build_profile: no}}\n",
        "not defined",
    ),
    "a key twice": (b"machines: {a: , b: }\nmachines: {c: }\n", "written twice"),
    "an id twice": (b"machines:\n  a: {host: h}\n  a: {host: i}\n", "machines.a"),
    "the same machine twice": (
        b"machines:\n  a: {host: h}\n  b: {host: h}\n",
        "is the same as machines.a",
    ),
    "a tab": (b"machines:\n\ta: {host: h}\n", "tab"),
    "a byte order mark": (b"\xef\xbb\xbfmachines: {a: }\n", "byte order mark"),
    "UTF-16": ("machines: {a: }\n".encode("utf-16"), "UTF-16"),
    "UTF-16 without a mark": ("machines: {a: }\n".encode("utf-16-le"), "control character"),
    "UTF-32": ("machines: {a: }\n".encode("utf-32"), "UTF-16"),
    "Latin-1": (b"machines: {a: {description: \xfc}}\n", "not UTF-8"),
    "a bomb": (
        b"a: &a [x,x,x,x,x,x,x,x,x]\n"
        + b"".join(
            b"%c: &%c [*%c,*%c,*%c,*%c,*%c,*%c]\n" % ((n + 1, n + 1) + (n,) * 6)
            for n in bytearray(b"abcdefgh")
        ),
        "holds more than",
    ),
    "a bomb of merges": (
        b"a: &a {k: 1}\n"
        + b"".join(
            b"%c: &%c {<<: [*%c,*%c]}\n" % (n + 1, n + 1, n, n)
            for n in bytearray(b"abcdefghijklmnopqrstuvw")
        ),
        "holds more than",
    ),
    "itself within itself": (b"machines: &a {a: *a}\n", "nested"),
    "deep nesting": (b"machines: " + b"[" * 5000 + b"\n", "nested too deeply"),
    "deep indentation": (b"".join(b" " * n + b"a:\n" for n in range(800)), "nested"),
    "100 MB": (b"# x\n" * 25000000, "larger than"),
    "an object of Python's": (
        b"machines: !!python/object/apply:os.system ['touch canary']\n",
        "tag",
    ),
    "a name of Python's": (b"machines: {a: {host: !!python/name:os.system }}\n", "machines.a.host"),
    "binary": (b"machines: {a: {host: !!binary aGk=}}\n", "machines.a.host"),
    "a yes": (
        b"machines: {a: }\ngit_servers: {g: {address: 'https://h', default: yes}}\n",
        "git_servers.g.default",
    ),
    "an octal number": (b"machines: {a: {port: 0o26}}\n", "machines.a.port"),
    "a number of base 60": (b"machines: {a: {port: 22:22}}\n", "machines.a.port"),
    "not a number": (b"machines: {a: {port: .nan}}\n", "machines.a.port"),
    "a huge number": (b"machines: {a: {port: 99999999999999999999}}\n", "machines.a.port"),
    "a date": (b"machines: {a: {host: 2026-11-21, port: 2026-11-21}}\n", "machines.a.port"),
    "two documents": (b"machines: {a: }\n---\nmachines: {a: }\n", "second document"),
    "nothing": (b"", "is empty"),
    "text": (b"machines\n", "must hold sections"),
    "a list": (b"- machines\n", "must hold sections"),
    "NUL": (b"machines: {a: }\n\0", "control character"),
    "an escape beyond Unicode": (b'machines: {a: {description: "\\UFFFFFFFF"}}\n', "\\U"),
    "an escape of the terminal": (b'machines: {"\\e[2J": }\n', "machines"),
    "a path that is a list": (b"machines: {a: {key_file: [x]}}\n", "machines.a.key_file"),
    "a mapping as a key": (b"machines: {{a: b}: c}\n", "a key here is"),
    "an alias of nothing": (b"machines: *a\n", "undefined alias"),
}


@rows.hostile(8)
@pytest.mark.parametrize("what", sorted(FILES)[SOME])
def test_a_broken_configuration_is_told_by_key_path_or_line(desk, what):
    content, said = FILES[what]
    desk.write(content)
    text = refused(desk, ["config", "check"], said)
    assert " fault" in text.splitlines()[0]
    assert "canary" not in os.listdir(desk.directory)
    desk.variables["TRISTAN_CONFIG"] = desk.configuration
    refused(desk, ["build", "shop", "--branch", "main"], said)


def test_every_fault_is_listed_at_once(desk):
    desk.write("machines: {a: {port: x, root: /etc}}\nprojects: {p: {image: -v}}\nsmpt: {}\n")
    text = refused(desk, ["status"])
    for key_path in (
        "machines.a.port",
        "machines.a.root",
        "projects.p.image",
        "projects.p.repository",
        "smpt",
    ):
        assert key_path in text
    assert text.count("(line ") >= 5
