"""What changes in directories, as the kernel tells it."""

from __future__ import absolute_import, print_function

import os
import sys

import pytest

from business_hyper_fusion import changes, compat, files


@pytest.fixture
def told():
    found = changes.Changes()
    if found.descriptor is None:
        pytest.skip("this Python, or this kernel, tells nothing")
    yield found
    os.close(found.descriptor)


def append(path, data=b"a line\n"):
    with open(str(path), "ab") as target:
        target.write(data)


def test_a_file_that_appears_grows_or_is_replaced(told, tmp_path):
    number = told.watch(str(tmp_path))
    assert told.take() == set()
    for change in (
        lambda: append(tmp_path / "log"),
        lambda: append(tmp_path / "log"),
        lambda: files.publish(str(tmp_path / "status"), b"{}"),
        lambda: files.publish(str(tmp_path / "status"), b"{}"),
    ):
        change()
        assert compat.wait_readable([told.descriptor], 5)
        assert told.take() == {number}
        assert told.take() == set()


def test_which_of_several_directories(told, tmp_path):
    numbers = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        numbers.append(told.watch(str(tmp_path / name)))
    assert told.watch(str(tmp_path / "one")) == numbers[0]
    for _ in range(100):
        append(tmp_path / "two" / "log")
    assert told.take() == {numbers[1]}
    told.forget(numbers[1])
    told.take()
    append(tmp_path / "two" / "log")
    assert told.take() == set()


def test_one_name_alone(tmp_path):
    told = changes.Changes(changes.DELETED)
    if told.descriptor is None:
        pytest.skip("this Python, or this kernel, tells nothing")
    number = told.watch(str(tmp_path))
    for name in ("log", "reserve"):
        append(tmp_path / name)
    assert told.take() == set()
    (tmp_path / "log").unlink()
    assert told.take(b"reserve") == set()
    (tmp_path / "reserve").unlink()
    assert told.take(b"reserve") == {number}
    os.close(told.descriptor)


def test_what_is_missing_is_not_watched(told, tmp_path):
    assert told.watch(str(tmp_path / "missing")) is None


def test_a_python_without_libffi_is_told_nothing(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "ctypes", None)
    found = changes.Changes()
    assert (found.descriptor, found.watch(str(tmp_path)), found.take()) == (None, None, set())


def test_a_user_without_any_watches_left_is_told_nothing(tmp_path):
    found = changes.Changes()
    found._open(-1)
    os.close(found.descriptor)
    found.descriptor = None
    assert found.watch(str(tmp_path)) is None
