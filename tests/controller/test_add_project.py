"""A project is added to tristan.yml as text; all else of the file stays what it is."""

from __future__ import absolute_import, print_function, unicode_literals

import os
import stat

import pytest

from controller import add_project, errors, settings
from controller.settings import initial

HEAD = """\
# my machines
machines:
  builder-1: {}   # the one

build_profiles:
    python:
        language: python
        image: python:3.12
"""
SHOP = """
projects:
  # the shop
  shop:
    repository: https://git.example.com/group/shop   # its place
    build_profile: python
"""
ENTRY = [("repository", "https://git.example.com/group/tool"), ("build_profile", "python")]
LINES = """\
  tool:
    repository: "https://git.example.com/group/tool"
    build_profile: python
"""


@pytest.fixture
def path(tmpdir):
    return str(tmpdir.join("tristan.yml"))


def write(path, text):
    with open(path, "wb") as opened:
        opened.write(text.encode("utf-8"))


def read(path):
    with open(path, "rb") as opened:
        return opened.read().decode("utf-8")


@pytest.mark.parametrize(
    "before, after",
    [
        # at the end
        (HEAD + SHOP, HEAD + SHOP + LINES),
        # no line end at the end
        ((HEAD + SHOP)[:-1], HEAD + SHOP + LINES),
        # a section, and a comment of that, behind it
        ("smtp: {host: h, from: a@b.c}\n" + HEAD + SHOP + "\n# mail\n",
         "smtp: {host: h, from: a@b.c}\n" + HEAD + SHOP + LINES + "\n# mail\n"),
        (SHOP[1:] + "  # another one\n\n" + HEAD, SHOP[1:] + "  # another one\n" + LINES + "\n" + HEAD),
        # none yet
        (HEAD, HEAD + "\nprojects:\n" + LINES),
        (HEAD + "projects: {}  # none\n", HEAD + "projects:  # none\n" + LINES),
        ("projects:  # x\n  # y\n" + HEAD, "projects:  # x\n  # y\n" + LINES + HEAD),
        # as far in as the others are, and with empty lines between like them
        (HEAD + SHOP.replace("  ", "     "), HEAD + SHOP.replace("  ", "     ") + LINES.replace("  ", "     ")),
        (HEAD + SHOP + "\n" + SHOP[10:].replace("shop", "shelf") + "\n",
         HEAD + SHOP + "\n" + SHOP[10:].replace("shop", "shelf") + "\n" + LINES + "\n"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_an_entry_is_put_below_the_others(path, before, after, end):
    write(path, before.replace("\n", end))
    lines = add_project.add(path, "tool", ENTRY)
    assert read(path) == after.replace("\n", end)
    assert lines.strip().startswith("tool:")
    assert settings.load(path).projects["tool"].build_profile == "python"


def test_the_initial_file_takes_one(path):
    initial.write(path)
    before = read(path)
    add_project.add(path, "tool", ENTRY)
    after = read(path)
    assert list(settings.load(path).projects) == ["shop", "tool"]
    assert after.replace(LINES, "") == before


@pytest.mark.parametrize(
    "text",
    ["plain", "two words", "true", "Null", "1", "0x1", "a: b", "# no", "'", '"', "s\u00fc\u00df \U0001f600", "- x",
     "{x}", "\\", "a  b", "*x", "&x", "@x", "%x", "`x`"],
)  # fmt: skip
def test_any_text_is_read_as_it_was_meant(path, text):
    write(path, HEAD + SHOP)
    add_project.add(path, "tool", ENTRY + [("description", text)])
    assert settings.load(path).projects["tool"].description == text


@pytest.mark.parametrize("name", ["1", "1.5", "true", "null", "a.b-c_d"])
def test_any_name_is_read_as_a_name(path, name):
    write(path, HEAD + SHOP)
    add_project.add(path, name, ENTRY)
    assert list(settings.load(path).projects) == ["shop", name]


@pytest.mark.parametrize(
    "text, says",
    [
        (
            HEAD + "projects: {shop: {repository: 'https://h/x', build_profile: python}}\n",
            "in one line",
        ),
        (HEAD + SHOP.replace("projects:", "projects: &all"), "in one line"),
        # what follows belongs to a text that keeps its line ends: an entry between would take them from it
        (HEAD + SHOP + "    compile_to_execute: |+\n      make\n\n\n", "to safely"),
    ],
)
def test_a_file_that_nothing_can_be_added_to_safely_is_left_alone(path, text, says):
    write(path, text)
    with pytest.raises(errors.UsageError) as caught:
        add_project.add(path, "tool", ENTRY)
    assert says in caught.value.message
    assert read(path) == text


def test_an_entry_with_a_fault_is_not_written(path):
    write(path, HEAD + SHOP)
    with pytest.raises(errors.UsageError) as caught:
        add_project.add(path, "tool", [("repository", "group/tool"), ("build_profile", "nope")])
    assert 'projects.tool.build_profile: "nope" is not defined' in caught.value.message
    assert "projects.tool.repository" in caught.value.message
    assert read(path) == HEAD + SHOP


def test_a_file_with_faults_and_a_name_that_is_taken(path):
    write(path, HEAD + SHOP)
    with pytest.raises(errors.UsageError) as caught:
        add_project.add(path, "shop", ENTRY)
    assert "there is a project shop" in caught.value.message
    write(path, HEAD + SHOP + "nope: 1\n")
    with pytest.raises(errors.SettingsError):
        add_project.add(path, "tool", ENTRY)
    assert read(path) == HEAD + SHOP + "nope: 1\n"


def test_mode_and_links_stay_and_nothing_is_left_beside(path, tmpdir):
    write(path, HEAD + SHOP)
    os.chmod(path, 0o640)
    link = str(tmpdir.mkdir("other").join("link.yml"))
    os.symlink(path, link)
    add_project.add(link, "tool", ENTRY)
    assert os.path.islink(link) and "tool" in settings.load(path).projects
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o640
    assert sorted(os.listdir(str(tmpdir))) == ["other", "tristan.yml"]


@pytest.mark.parametrize("step", ["check", "write_like"])
def test_what_somebody_writes_meanwhile_is_not_lost(path, monkeypatch, step):
    write(path, HEAD + SHOP)
    take = getattr(add_project, step)

    def take_slowly(*arguments):
        take(*arguments)
        write(path, HEAD + SHOP + "# more\n")

    monkeypatch.setattr(add_project, step, take_slowly)
    with pytest.raises(errors.UsageError) as caught:
        add_project.add(path, "tool", ENTRY)
    assert "was changed just now" in caught.value.message
    assert read(path) == HEAD + SHOP + "# more\n"


def test_a_directory_that_takes_no_file_is_told_of(path, monkeypatch):
    write(path, HEAD + SHOP)

    def refuse(*_):
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(add_project, "write_like", refuse)
    with pytest.raises(errors.LocalFileError) as caught:
        add_project.add(path, "tool", ENTRY)
    assert "Read-only file system" in caught.value.message
    assert read(path) == HEAD + SHOP
