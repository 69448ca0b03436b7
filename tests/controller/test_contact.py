"""One connection for all threads: made once, dropped by who saw it fail, and never by who saw an older one."""

from __future__ import absolute_import, print_function, unicode_literals

import collections
import threading
import time

import pytest

from controller import errors
from controller.contact import Contact
from controller.state import State
from controller.together import Together
from tests.lab import process

Machine = collections.namedtuple("Machine", "name root")


class Connection(object):
    """What a Contact asks of a connection."""

    def __init__(self):
        self.closed = False

    def alive(self):
        return not self.closed

    def close(self):
        self.closed = True


@pytest.fixture
def made():
    """The connections that were made."""
    return []


@pytest.fixture
def contact(tmpdir, made):
    def connect(machine):
        time.sleep(0.05)
        made.append(Connection())
        return made[-1]

    return Contact(Machine("builder-1", "/data"), State(str(tmpdir)), connect)


def at_once(count, function):
    """Runs a function in threads. :returns: list of what it gave, or of the errors it raised."""
    results = []

    def run():
        try:
            results.append(function())
        except errors.TristanError as error:
            results.append(error)

    threads = [threading.Thread(target=run) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return results


def test_threads_share_one_connection(contact, made):
    assert at_once(20, contact.transport) == made * 20
    assert len(made) == 1


def test_a_cut_seen_by_all_threads_costs_one_connection(contact, made):
    barrier = []

    def work():
        contact.transport()
        barrier.append(1)
        while len(barrier) < 10:
            time.sleep(0.001)
        contact.drop()
        return contact.transport()

    assert set(at_once(10, work)) == set([made[-1]])
    assert [one.closed for one in made] == [True, False]


def test_close_ends_a_connection_of_another_thread(contact, made):
    at_once(1, contact.transport)
    contact.drop()
    assert not made[0].closed, "this thread never had it"
    contact.close()
    assert made[0].closed


class Door(object):
    """A lock. :param came: list that grows by one for each who wants it."""

    def __init__(self, lock, came):
        self._lock = lock
        self._came = came

    def __enter__(self):
        self._came.append(1)
        self._lock.acquire()

    def __exit__(self, *_):
        self._lock.release()


def test_who_waited_for_a_connection_fails_with_it():
    """Fifty threads before a dead machine wait for one try, not for fifty."""
    together, tries, came = Together(), [], []
    together.lock = Door(together.lock, came)

    def work():
        with together.turn():
            tries.append(1)
            process.wait_until(lambda: len(came) >= 50, 60, "all who want the same")
            raise errors.MachineUnreachable("try %d" % len(tries))

    found = at_once(50, work)
    assert [error.message for error in found] == ["try 1"] * 50
    with pytest.raises(errors.MachineUnreachable) as caught:
        work()
    assert caught.value.message == "try 2", "a later one tries for itself"
