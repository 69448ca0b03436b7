"""Syncing through the real receiver into real directories."""

from __future__ import absolute_import, print_function, unicode_literals

import io
import json
import os
import subprocess
import threading

import pytest

from controller import errors, release, sync
from tests.controller.local_transport import LocalTransport
from tests.faults import rows
from tests.lab.python import interpreter

PYTHON = interpreter()


@pytest.fixture
def root(tmpdir):
    return str(tmpdir.join("root with space"))


def make_release(**changes):
    data = dict({"data_data/git_server.json": b"{}\n"}, **changes)
    return release.collect([(path, data[path], 1000000000) for path in data])


def sync_to(root, wanted, transport=None, python=PYTHON):
    return sync.sync(transport or LocalTransport(), python, root, "1", wanted)


def assert_holds(root, wanted):
    base = os.path.join(root, "1")
    for path, pushed in wanted.files.items():
        full = os.path.join(base, "releases", wanted.hash, path)
        with open(full, "rb") as opened:
            assert opened.read() == pushed.content
        assert os.stat(full).st_mode & 0o777 == pushed.mode
    with io.open(os.path.join(base, "local_update_time_record"), encoding="ascii") as opened:
        record = json.load(opened)
    assert record["release"] == wanted.hash
    assert record["files"]["data_data/git_server.json"]["update_time"] == "2001-09-09T01:46:40Z"


def test_everything_is_sent_once_and_then_nothing(root):
    wanted = make_release()
    assert sync_to(root, wanted) == len(wanted.files)
    assert_holds(root, wanted)
    again = LocalTransport()
    assert sync_to(root, wanted, again) == 0
    assert len(again.sent) == 1  # the manifest


def test_one_changed_file_is_one_file_sent(root):
    sync_to(root, make_release())
    newer = make_release(**{"data_data/git_server.json": b'{"git_servers": {}}\n'})
    transport = LocalTransport()
    assert sync_to(root, newer, transport) == 1
    assert_holds(root, newer)
    assert b'{"git_servers": {}}\n' in transport.sent
    assert len(transport.sent) == 4  # manifest, header, content, end


@rows.fault(4)
@pytest.mark.parametrize("sent", [0, 20000, 60000, 100000])
def test_a_connection_cut_while_sending_is_never_used_and_the_next_sync_completes(root, sent):
    wanted = make_release()
    with pytest.raises(errors.ConnectionLost):
        sync_to(root, wanted, LocalTransport(cut_sending=[sent]))
    releases = os.path.join(root, "1", "releases")
    assert not os.path.isdir(releases) or os.listdir(releases) == []
    assert not os.path.lexists(os.path.join(root, "1", "startup.py"))
    sync_to(root, wanted)
    assert_holds(root, wanted)


def test_two_controllers_at_once_leave_both_releases_whole(root):
    wanted = [make_release(), make_release(**{"data_data/git_server.json": b"[]\n"})]
    threads = [threading.Thread(target=sync_to, args=(root, one)) for one in wanted * 2]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    names = os.listdir(os.path.join(root, "1", "releases"))
    assert sorted(names) == sorted(one.hash for one in wanted)
    for one in wanted:
        for path, pushed in one.files.items():
            with open(os.path.join(root, "1", "releases", one.hash, path), "rb") as opened:
                assert opened.read() == pushed.content


def test_a_login_that_prints_does_not_disturb(root, tmpdir):
    wrapper = tmpdir.join("python wrapper")
    wrapper.write('#!/bin/sh\necho Welcome\necho \'{"motd": 1}\'\nexec %s "$@"\n' % PYTHON)
    wrapper.chmod(0o755)
    wanted = make_release()
    assert sync_to(root, wanted, python=str(wrapper)) == len(wanted.files)


@pytest.fixture
def small_root(tmpdir):
    path = str(tmpdir.mkdir("small"))
    subprocess.check_call(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", path])
    yield path
    subprocess.check_call(["umount", "--lazy", path])


def test_a_full_disk_is_its_own_cause_with_a_remedy(small_root):
    with pytest.raises(errors.SyncFailed) as caught:
        sync_to(small_root, make_release(**{"data_data/git_server.json": b"x" * 500000}))
    assert (caught.value.cause, caught.value.exit_code) == ("disk_full", 3)
    assert "free space" in caught.value.remedy
    assert small_root in caught.value.message


def test_a_root_in_a_file_s_place_is_its_own_cause(root):
    with open(root, "w"):
        pass
    with pytest.raises(errors.SyncFailed) as caught:
        sync_to(root, make_release())
    assert caught.value.cause == "occupied"


def test_a_python_that_is_gone_is_told_with_what_the_machine_said(root):
    with pytest.raises(errors.ProtocolError) as caught:
        sync_to(root, make_release(), python="/no/such/python")
    assert "/no/such/python" in caught.value.message
