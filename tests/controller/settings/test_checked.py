"""What was found right is not checked again; whatever else there is, is."""

from __future__ import absolute_import, print_function, unicode_literals

import os
import shutil
import stat
import threading

import pytest

from controller.settings import checked, document, shape

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
    assert len(checks) == 2 and not checked.is_known("shape", checks[0])


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
    before = checked.name("shape", {})
    tmpdir.join("formats.py").write("ab")
    assert checked.name("shape", {}) != before


@pytest.mark.parametrize("mode", [0o777, 0o775])
def test_marks_where_others_may_write_are_not_believed(written, directory, checks, mode):
    written.load(GOOD)
    os.chmod(directory, mode)
    written.load(GOOD)
    assert len(checks) == 2


def test_a_link_is_no_mark(written, directory, checks):
    written.load(GOOD)
    for mark in marks(directory):
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
    assert set(os.stat(mark).st_size for mark in marks(directory)) == {0}


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
        checked.remember("shape", {"number": number})
    assert checked.KEPT // 2 <= len(marks(directory)) <= checked.KEPT
    assert checked.is_known("shape", {"number": checked.KEPT + 9})


def test_several_at_once_disturb_nobody(directory):
    def remember(first):
        for number in range(first, first + 2 * checked.KEPT):
            checked.remember("shape", {"number": number})

    threads = [threading.Thread(target=remember, args=(one * 1000,)) for one in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    checked.remember("shape", {"number": "last"})
    assert checked.is_known("shape", {"number": "last"})


@pytest.fixture
def composed(monkeypatch):
    """List of the texts that PyYAML itself read."""
    texts, compose = [], document._composed
    monkeypatch.setattr(
        document, "_composed", lambda text, faults: texts.append(text) or compose(text, faults)
    )
    return texts


needs_libyaml = pytest.mark.skipif(not document._HAS_LIBYAML, reason="PyYAML without libyaml")


@needs_libyaml
def test_a_text_that_both_loaders_read_alike_is_read_by_the_quick_one(written, directory, composed):
    first, second = written.load(GOOD), written.load(GOOD)
    assert len(composed) == 1
    assert repr(first.machines) == repr(second.machines)
    written.load("# another text\n" + GOOD)
    assert len(composed) == 2


@needs_libyaml
def test_faults_have_their_lines_whoever_read_the_text(written, directory, composed):
    wrong = "# two\n# lines\n" + GOOD.replace("executors: 2", "executors: 0")
    assert written.faults(wrong) == written.faults(wrong)
    assert "(line 3)" in written.faults(wrong)[0][1]
    assert len(composed) == 1


@needs_libyaml
@pytest.mark.parametrize(
    "text",
    ["machines:\t{b: {}}\n", "a: [b,\tc]\n", "[" * 20000],
    ids=["tab before a value", "tab in a list", "nested too deeply"],
)
def test_what_pyyaml_refuses_is_refused_each_time(written, directory, composed, text):
    """Of the first two libyaml thinks otherwise; what it does of the third is not tried out."""
    assert written.faults(text) == written.faults(text)
    assert len(composed) == 2


@needs_libyaml
def test_a_text_that_the_loaders_read_differently_is_not_remembered(
    written, directory, composed, monkeypatch
):
    class Other(document._QuickLoader):
        def __init__(self, text):
            super(Other, self).__init__(text.replace("executors: 2", "executors: 3"))

    monkeypatch.setattr(document, "_QuickLoader", Other)
    assert [written.load(GOOD).machines["b"].executors for _ in range(2)] == [2, 2]
    assert len(composed) == 2
