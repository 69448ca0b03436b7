"""A tree goes to a machine before its build; of its files those that the machine lacks."""

from __future__ import absolute_import, print_function, unicode_literals

import io
import os

import pytest

from controller import errors, tree
from tests.controller.local_transport import LocalTransport
from tests.controller.workshop import Sink

SCRIPT = 'cd "$TRISTAN_SOURCE"; cat README new; readlink link; test -x run'


@pytest.fixture
def directory(tmp_path):
    path = str(tmp_path / "tree")
    os.mkdir(path)
    for name, text in (("README", "hello\n"), ("new", "f\u00fcr\n"), ("run", "#!/bin/sh\n")):
        with io.open(os.path.join(path, name), "w", encoding="utf-8") as target:
            target.write(text)
    os.chmod(os.path.join(path, "run"), 0o755)
    os.symlink("/etc/hostname", os.path.join(path, "link"))
    return path


def build(controller, directory, seen=None):
    """:returns: (LaunchedBuild, terminal status, log)."""
    plan = controller.plan("shop", tree=tree.collect(directory))
    launched = controller.build(plan, on_progress=None if seen is None else seen_by(seen))
    sink = Sink()
    return launched, controller.watch(launched.build_id, sink=sink), sink.data


def seen_by(seen):
    return lambda done, total, path: seen.append((done, total, path))


def test_uncommitted_work_is_built(workshop, directory):
    controller = workshop.controller(SCRIPT)
    seen = []
    _, status, log = build(controller, directory, seen)
    assert status["state"] == "success", log
    assert "hello\nf\u00fcr\n/etc/hostname\n".encode("utf-8") in log
    assert status["ref"]["kind"] == "tree"
    assert status["tree"]["sha256"] == tree.collect(directory).sha256
    done, total, _ = seen[-1]
    assert done == total == len("hello\n") + 5 + len("#!/bin/sh\n") + len("/etc/hostname")


def test_on_a_second_run_only_what_changed_travels(workshop, directory):
    controller = workshop.controller(SCRIPT)
    build(controller, directory)
    with open(os.path.join(directory, "new"), "w") as target:
        target.write("changed\n")
    seen = []
    _, status, log = build(controller, directory, seen)
    assert status["state"] == "success" and b"changed\n" in log
    assert (seen[-1][:2], set(path for _, _, path in seen)) == ((8, 8), {"new"})
    seen = []
    build(controller, directory, seen)
    assert seen == []


def test_a_cut_while_the_tree_is_sent_is_mended(workshop, directory):
    build(workshop.controller(SCRIPT), directory)
    with open(os.path.join(directory, "new"), "w") as target:
        target.write("x" * 500000)
    controller = workshop.controller(SCRIPT)
    workshop.use("builder-1", LocalTransport(cut_sending=[200000]))
    _, status, log = build(controller, directory)
    assert status["state"] == "success" and b"x" * 500000 in log


def test_a_file_that_shrinks_on_its_way_is_named(workshop, directory):
    controller = workshop.controller(SCRIPT)
    found = tree.collect(directory)
    with open(os.path.join(directory, "new"), "w"):
        pass
    with pytest.raises(errors.UsageError, match="new changed while it was being sent"):
        controller.build(controller.plan("shop", tree=found))


def test_a_file_that_changes_on_its_way_is_refused_by_its_hash(workshop, directory):
    controller = workshop.controller(SCRIPT)
    found = tree.collect(directory)
    with open(os.path.join(directory, "README"), "w") as target:
        target.write("HELLO\n")
    with pytest.raises(errors.SyncFailed, match="changed while it was being sent"):
        controller.build(controller.plan("shop", tree=found))


def test_a_tree_takes_the_place_of_a_ref(workshop, directory):
    controller = workshop.controller(SCRIPT)
    with pytest.raises(errors.UsageError, match="--from can't be combined"):
        controller.plan("shop", branch="main", tree=tree.collect(directory))
