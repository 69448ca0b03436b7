"""Who asks whether a lock is held asks the kernel's list, which is not one piece where it is long."""

from __future__ import absolute_import, print_function

import os

import pytest

from business_hyper_fusion import lock


@pytest.fixture
def many(tmpdir):
    """Paths of more locks than one read tells of, all held."""
    paths = [str(tmpdir.join("lock%d" % number)) for number in range(150)]
    descriptors = [lock.acquire(path) for path in paths]
    yield paths
    for descriptor in descriptors:
        os.close(descriptor)


def test_each_of_many_locks_is_seen_until_it_is_let_go(many, tmpdir):
    assert len(list(lock._pieces(lock.LIST))) > 1
    assert all(lock.held(path) for path in many)
    let_go = str(tmpdir.join("other"))
    os.close(lock.acquire(let_go))
    assert not lock.held(let_go) and not lock.held(str(tmpdir.join("none")))


def test_a_lock_that_the_list_left_out_is_seen_at_the_next_look(many, monkeypatch):
    """As when one that stands before it is let go between two reads."""
    looks = []

    def pieces(path):
        looks.append(path)
        found = list(real(path))
        return found if len(looks) > 1 else [b"1: FLOCK  ADVISORY  WRITE 1 00:01:1 0 EOF\n"] * 2

    real = lock._pieces
    monkeypatch.setattr(lock, "_pieces", pieces)
    assert lock.held(many[0]) and len(looks) == 2


def test_a_short_list_is_believed_at_once(tmpdir, monkeypatch):
    looks = []
    monkeypatch.setattr(lock, "_pieces", lambda path: looks.append(path) or [b"nothing\n"])
    tmpdir.join("lock").write("")
    assert not lock.held(str(tmpdir.join("lock"))) and len(looks) == 1
