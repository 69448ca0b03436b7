"""One at a time, whoever it is: threads of this process and other processes."""

from __future__ import absolute_import, print_function, unicode_literals

import collections
import fcntl
import os
import threading
import time

from controller import claim

Naps = collections.namedtuple("Naps", "sleep")


def test_another_thread_has_it_and_lets_go(tmpdir):
    path = str(tmpdir.join("claims", "one"))
    with claim.claim(path) as held:
        assert held
        with claim.claim(path) as again:
            assert not again
        with claim.claim(path + ".other") as other:
            assert other
    with claim.claim(path) as held:
        assert held
    assert claim._QUEUES == {}


def test_threads_that_wait_are_woken_and_do_not_look_over_and_over(tmpdir, monkeypatch):
    path, held, naps = str(tmpdir.join("one")), [], []
    monkeypatch.setattr(claim, "time", Naps(naps.append))  # of nobody else in this process

    def wait():
        with claim.claim(path, 60) as mine:
            held.append(mine)

    with claim.claim(path):
        threads = [threading.Thread(target=wait) for _ in range(20)]
        for thread in threads:
            thread.start()
        time.sleep(0)
    for thread in threads:
        thread.join(60)
    assert held == [True] * 20 and naps == []


def test_patience_has_an_end(tmpdir):
    path = str(tmpdir.join("one"))
    started = time.time()
    with claim.claim(path), claim.claim(path, 0.2) as held:
        assert not held
    assert 0.1 < time.time() - started < 60


def test_a_file_that_goes_while_it_is_waited_for_is_made_anew(tmpdir, monkeypatch):
    """Two would hold it otherwise: who waited, and whoever comes next."""
    path = str(tmpdir.join("one"))
    others = locked(path)

    def goes(seconds):
        os.unlink(path)
        os.close(others)

    monkeypatch.setattr(claim, "time", Naps(goes))
    with claim.claim(path, 60) as held:
        assert held
        assert locked(path) is None


def locked(path):
    """As another process would. :returns: a descriptor, or None while somebody has it."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return descriptor
    except EnvironmentError:
        os.close(descriptor)
        return None


def test_what_is_held_is_not_discarded(tmpdir):
    path = str(tmpdir.join("one"))
    with claim.claim(path):
        claim.discard(path)
        assert os.path.exists(path)
    others = locked(path)
    claim.discard(path)
    assert os.path.exists(path)
    os.close(others)
    claim.discard(path)
    assert not os.path.exists(path)
