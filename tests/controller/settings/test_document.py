"""YAML as it is read: what stays text, what is refused, and in which line."""

from __future__ import absolute_import, print_function, unicode_literals

import codecs

import pytest

from controller.settings import document
from controller.settings.faults import Faults
from tests.faults import rows


def parsed(content):
    faults = Faults()
    data = document.parse(content.encode("utf-8"), faults)
    return data, [tuple(fault) for fault in faults.listed()]


def test_plain_values_and_what_only_looks_like_others():
    data, faults = parsed(
        "a: 1\nb: yes\nc: 0755\nd: 22:22\ne: 1.5\nf: ~\ng:\nh: -3\ni: 2026-11-21\n"
        "j: true\nk: off\nl: 1e3\nm: 0x10\nn: '1'\n1: x\n"
    )
    assert not faults
    assert dict(data) == {
        "a": 1,
        "b": "yes",
        "c": "0755",
        "d": "22:22",
        "e": 1.5,
        "f": None,
        "g": None,
        "h": -3,
        "i": "2026-11-21",
        "j": True,
        "k": "off",
        "l": "1e3",
        "m": "0x10",
        "n": "1",
        "1": "x",
    }


def test_the_order_of_the_file_is_kept():
    names = ["z", "a", "m", "b", "y", "c"]
    assert list(parsed("\n".join(name + ": 1" for name in names))[0]) == names


def test_anchors_and_merge_keys():
    data, faults = parsed("a: &x {b: 1, c: 2}\nd: {<<: *x, c: 3}\ne: *x\nf: {<<: [*x, {g: 4}]}")
    assert not faults
    assert dict(data["d"]) == {"b": 1, "c": 3}
    assert data["e"] == data["a"]
    assert dict(data["f"]) == {"b": 1, "c": 2, "g": 4}


@rows.hostile(8)
@pytest.mark.parametrize(
    "content, key_path, message",
    [
        (b"a: 1\nb:\n\tc: 1\n", "line 3", "is indented with a tab; YAML takes spaces only"),
        (b"a:\n  b: 1\n \t c: 2\n", "line 3", "is indented with a tab; YAML takes spaces only"),
        (b"\xef\xbb\xbfa: 1\n", "line 1", "begins with a byte order mark"),
        (codecs.BOM_UTF16_LE + b"a\0", "line 1", "is UTF-16; save it as UTF-8"),
        (b"a: 1\nb: caf\xe9\n", "line 2", "is not UTF-8: byte 0xe9"),
        (b"a: 1\nb: \x07\n", "line 2", "holds a control character"),
        (b"a: 1\n\nb: [1\n", "line 4", "is no valid YAML: "),
        (b"a: b: c\n", "line 1", "is no valid YAML: mapping values are not allowed here"),
        (b"a: *nobody\n", "line 1", "found undefined alias"),
        (b"---\na: 1\n---\nb: 1\n", "line 3", "holds a second document"),
        (b"", "line 1", "is empty; `tristan init`"),
        (b"# nothing\n", "line 1", "is empty; `tristan init`"),
        (b"- a\n", "line 1", "must hold sections"),
        (b"text\n", "line 1", "must hold sections"),
        (b"a: 1\nb: 2\na: 3\n", "a", "is written twice, first in line 1 (line 3)"),
        (b"a:\n  b: 1\n  b: 2\n", "a.b", "is written twice, first in line 2 (line 3)"),
        (b"a: !!python/object/apply:os.system [id]\n", "a", "which is not used here"),
        (b"a: !!binary aGk=\n", "a", "which is not used here"),
        (b"a: !!int x\n", "a", "is not what its tag"),
        (b"a: {? [b] : 1}\n", "a", "a key here is empty or not plain text"),
        (b'a: "\\ud800"\n', "a", "no valid Unicode"),
        (b'a: "\\UFFFFFFFF"\n', "line 1", "holds an escape"),
        (b"[" * 5000, "line 1", "is nested too deeply"),
        (b"a: " + b"[" * 60 + b"]" * 60, "line 1", "is nested more than 32 levels deep"),
        (b"a: &x [*x]\n", "line 1", "is nested more than 32 levels deep"),
        (b"a: &x {<<: *x}\n", "line 1", "is nested more than 32 levels deep"),
        (b"a: {<<: 1}\n", "a", "<< takes a mapping"),
        (b"# " + b"x" * document.FILE_BYTES, "the file", "is larger than"),
    ],
)
def test_what_is_no_plain_yaml_is_told_with_its_line(content, key_path, message):
    faults = Faults()
    document.parse(content, faults)
    found = [tuple(fault) for fault in faults.listed()]
    assert [fault[0] for fault in found] == [key_path]
    assert message in found[0][1]


@rows.hostile(8)
def test_a_byte_order_mark_hides_no_other_fault(written):
    found = written.faults(b"\xef\xbb\xbfmachines: {a: {hots: x}}\n")
    assert [fault[0] for fault in found] == ["line 1", "machines.a.hots"]


@rows.hostile(8)
def test_a_bomb_of_aliases_is_refused_in_no_time():
    lines = ["a0: &a0 [x,x,x,x,x,x,x,x,x]"]
    for level in range(1, 12):
        lines.append("a%d: &a%d [%s]" % (level, level, ",".join(["*a%d" % (level - 1)] * 9)))
    faults = parsed("\n".join(lines))[1]
    assert "more than 50000 values" in faults[0][1]


def test_a_tab_inside_a_script_is_fine():
    data, faults = parsed("a: |\n  all:\n  \techo\n")
    assert not faults
    assert data["a"] == "all:\n\techo\n"


@pytest.mark.parametrize("make", ["missing", "directory"])
def test_a_file_that_can_not_be_read(tmpdir, make):
    path = tmpdir.join("tristan.yml")
    if make == "directory":
        path.mkdir()
    read = document.read(str(path))
    assert read.data is None
    assert read.faults.listed()[0].key_path == "the file"
    assert read.faults.listed()[0].message.startswith("can't be read: ")


def test_the_update_time_is_the_files(tmpdir):
    path = tmpdir.join("tristan.yml")
    path.write("a: 1\n")
    path.setmtime(1700000000)
    assert document.read(str(path)).update_time == 1700000000.0
