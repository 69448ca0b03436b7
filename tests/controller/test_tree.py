"""The tree as it lies in a directory: what travels, what stays, and which tree it is said to be."""

from __future__ import absolute_import, print_function, unicode_literals

import io
import os

import pytest

from controller import errors, tree
from tests.lab import process


@pytest.fixture
def directory(tmp_path):
    """A repository with one commit."""
    path = str(tmp_path / "shop")
    os.mkdir(path)
    write(path, "README", "hello\n")
    write(path, "bin/run", "#!/bin/sh\n", 0o755)
    write(path, ".gitignore", "*.log\nbuilt/\n")
    git(path, "init", "-q")
    git(path, "add", ".")
    commit(path)
    return path


def git(path, *words):
    return process.output(["git", "-C", path] + list(words)).strip()


def commit(path):
    names = ["-c", "user.name=a", "-c", "user.email=a@b.invalid"]
    git(path, *(names + ["commit", "-q", "-m", "x"]))


def write(path, name, text, mode=0o644):
    full = os.path.join(path, name)
    if not os.path.isdir(os.path.dirname(full)):
        os.makedirs(os.path.dirname(full))
    with io.open(full, "w", encoding="utf-8") as target:
        target.write(text)
    os.chmod(full, mode)


def kinds(found):
    return dict((entry["path"], entry["kind"]) for entry in found.entries)


def test_an_unchanged_work_tree_is_its_commit(directory):
    found = tree.collect(directory)
    assert kinds(found) == {".gitignore": "file", "README": "file", "bin/run": "program"}
    assert (found.base, found.difference) == (git(directory, "rev-parse", "HEAD"), "")


def test_what_is_uncommitted_travels_and_what_is_ignored_stays(directory):
    before = tree.collect(directory)
    write(directory, "README", "changed\n")
    write(directory, "f\u00fcr/new file", "new\n")
    write(directory, "trace.log", "ignored\n")
    write(directory, "built/shop.whl", "ignored\n")
    os.unlink(os.path.join(directory, "bin/run"))
    os.symlink("/etc/passwd", os.path.join(directory, "outside"))
    os.symlink("../..", os.path.join(directory, "above"))
    found = tree.collect(directory)
    assert kinds(found) == {
        ".gitignore": "file",
        "README": "file",
        "above": "link",
        "f\u00fcr/new file": "file",
        "outside": "link",
    }
    with found.content("outside") as content:
        assert content.read() == b"/etc/passwd"
    assert found.base == before.base and found.difference
    assert found.sha256 != before.sha256
    assert found.name == before.name


def test_the_difference_is_of_what_is_different(directory):
    write(directory, "new", "1\n")
    first = tree.collect(directory)
    assert tree.collect(directory).difference == first.difference
    write(directory, "new", "2\n")
    assert tree.collect(directory).difference != first.difference
    git(directory, "add", "new")
    commit(directory)
    assert tree.collect(directory).difference == ""


def test_a_directory_below_the_repositorys_top_is_a_tree_of_its_own(directory):
    write(directory, "web/index.js", "1\n")
    write(directory, "README", "changed, but not below\n")
    git(directory, "add", "web")
    commit(directory)
    found = tree.collect(os.path.join(directory, "web"))
    assert kinds(found) == {"index.js": "file"}
    assert found.difference == ""


def test_of_a_submodule_and_of_a_repository_inside_the_files_travel(directory):
    inner = os.path.join(directory, "lib")
    write(inner, "code", "1\n")
    git(inner, "init", "-q")
    git(inner, "add", ".")
    commit(inner)
    git(directory, "add", "lib")
    commit(directory)
    write(inner, "more", "2\n")
    assert {"lib/code", "lib/more"} <= set(kinds(tree.collect(directory)))


def test_without_a_repository_all_files_travel(tmp_path):
    path = str(tmp_path)
    write(path, "a/b", "1\n")
    os.mkdir(os.path.join(path, "empty"))
    os.symlink("a", os.path.join(path, "link"))
    os.mkfifo(os.path.join(path, "pipe"))
    found = tree.collect(path)
    assert kinds(found) == {"a/b": "file", "link": "link"}
    assert (found.base, found.difference) == ("", "")


def test_before_the_first_commit_there_is_no_base(tmp_path):
    path = str(tmp_path)
    git(path, "init", "-q")
    write(path, "a", "1\n")
    assert (tree.collect(path).base, kinds(tree.collect(path))) == ("", {"a": "file"})


def test_what_cannot_be_a_tree_is_refused(tmp_path, directory):
    with pytest.raises(errors.UsageError, match="no directory"):
        tree.collect(str(tmp_path / "none"))
    empty = str(tmp_path / "empty")
    os.mkdir(empty)
    with pytest.raises(errors.UsageError, match="no file"):
        tree.collect(empty)
    with open(os.path.join(directory.encode("utf-8"), b"\xff.txt"), "w"):
        pass
    with pytest.raises(errors.UsageError, match="not UTF-8"):
        tree.collect(directory)


def test_a_line_break_in_a_name_is_refused_by_name(directory):
    write(directory, "a\nb", "1\n")
    with pytest.raises(errors.UsageError, match="control characters"):
        tree.collect(directory)


def test_a_repository_that_git_refuses_is_not_taken_for_a_plain_directory(directory):
    with open(os.path.join(directory, ".git", "HEAD"), "w") as head:
        head.write("broken")
    with pytest.raises(errors.UsageError, match="git rev-parse failed"):
        tree.collect(directory)
