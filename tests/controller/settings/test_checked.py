"""What was found right is not checked again; whatever else there is, is."""

from __future__ import absolute_import, print_function, unicode_literals

import os
import shutil
import stat
import threading

import pytest

from controller.settings import checked, shape

GOOD = "machines: {b: {executors: 2}}\nbuild_profiles: {p: {image: x, language: python}}\nprojects: {}\n"


@pytest.fixture
def directory(tmpdir, monkeypatch):
    """Of the marks; there are none yet."""
    monkeypatch.setenv(str("XDG_CACHE_HOME"), str(tmpdir.join("cache")))
    return str(tmpdir.join("cache", "tristan", "checked"))


@pytest.fixture
def checks(monkeypatch):
    """List of the values that jsonschema was asked about."""
    asked, check = [], shape.check
    monkeypatch.setattr(
        shape, "check", lambda data, faults: asked.append(data) or check(data, faults)
    )
    return asked


def marks(directory):
    return [os.path.join(directory, name) for name in os.listdir(directory)]


def test_what_was_right_is_not_checked_again(written, directory, checks):
    first, second = written.load(GOOD), written.load("# a comment\n" + GOOD)
    assert len(checks) == 1
    assert first.machines == second.machines


def test_another_value_of_the_same_length_is_checked(written, directory, checks):
    written.load(GOOD)
    found = written.faults(GOOD.replace("executors: 2", "executors: 0"))
    assert found[0][0] == "machines.b.executors"
    written.load(GOOD.replace("executors: 2", "executors: 3"))
    assert len(checks) == 3


@pytest.mark.parametrize("other", ["'2'", "2.5", "true", "null", "[2]"])
def test_another_type_is_another_value(written, directory, checks, other):
    written.load(GOOD)
    assert written.faults(GOOD.replace("executors: 2", "executors: " + other))
    assert len(checks) == 2


def test_what_is_wrong_is_not_remembered(written, directory, checks):
    wrong = GOOD.replace("executors: 2", "executors: 0")
    assert written.faults(wrong) == written.faults(wrong)
    assert len(checks) == 2 and not os.path.exists(directory)


def test_faults_of_other_kinds_are_found_each_time(written, directory, checks):
    """Names that do not exist, and keys written twice, are no matter of the schema."""
    wrong = GOOD.replace("projects: {}", "projects: {a: {repository: g/a, build_profile: q}}")
    assert written.faults(wrong) == written.faults(wrong)
    assert len(checks) == 1
    twice = GOOD + "projects: {}\n"
    assert "twice" in "%s" % written.faults(twice)
    assert "twice" in "%s" % written.faults(twice)


def test_other_code_checks_again(written, directory, checks, monkeypatch):
    written.load(GOOD)
    monkeypatch.setattr(checked, "__version__", "0.0.0")
    written.load(GOOD)
    monkeypatch.setattr(checked, "_CODE", (os.path.dirname(__file__),))
    written.load(GOOD)
    assert len(checks) == 3


def test_a_module_that_changed_is_other_code(tmpdir, monkeypatch):
    tmpdir.join("formats.py").write("a")
    monkeypatch.setattr(checked, "_CODE", (str(tmpdir),))
    before = checked.name({})
    tmpdir.join("formats.py").write("ab")
    assert checked.name({}) != before


@pytest.mark.parametrize("mode", [0o777, 0o775])
def test_marks_where_others_may_write_are_not_believed(written, directory, checks, mode):
    written.load(GOOD)
    os.chmod(directory, mode)
    written.load(GOOD)
    assert len(checks) == 2


def test_a_link_is_no_mark(written, directory, checks):
    written.load(GOOD)
    (mark,) = marks(directory)
    os.rename(mark, mark + ".elsewhere")
    os.symlink(mark + ".elsewhere", mark)
    written.load(GOOD)
    assert len(checks) == 2


def test_somebody_elses_mark_is_not_believed(written, directory, checks, monkeypatch):
    written.load(GOOD)
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    written.load(GOOD)
    assert len(checks) == 2


def test_marks_are_private(written, directory):
    written.load(GOOD)
    assert stat.S_IMODE(os.stat(directory).st_mode) == 0o700
    assert [os.stat(mark).st_size for mark in marks(directory)] == [0]


@pytest.mark.parametrize("place", ["cache", "cache/tristan", "cache/tristan/checked"])
def test_where_nothing_can_be_remembered_each_load_checks(
    written, directory, checks, tmpdir, place
):
    tmpdir.join(place).write("a file", ensure=True)
    assert written.load(GOOD).machines == written.load(GOOD).machines
    assert len(checks) == 2


def test_a_cache_that_was_removed_is_made_again(written, directory, checks):
    written.load(GOOD)
    shutil.rmtree(directory)
    written.load(GOOD)
    written.load(GOOD)
    assert len(checks) == 2


def test_old_marks_go(written, directory):
    for number in range(checked.KEPT + 10):
        checked.remember({"number": number})
    assert checked.KEPT // 2 <= len(marks(directory)) <= checked.KEPT
    assert checked.is_known({"number": checked.KEPT + 9})


def test_several_at_once_disturb_nobody(directory):
    def remember(first):
        for number in range(first, first + 2 * checked.KEPT):
            checked.remember({"number": number})

    threads = [threading.Thread(target=remember, args=(one * 1000,)) for one in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    checked.remember({"number": "last"})
    assert checked.is_known({"number": "last"})
