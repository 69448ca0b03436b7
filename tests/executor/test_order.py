"""Which build was launched last: what clocks said counts for nothing."""

from __future__ import absolute_import, print_function

import os

from business_hyper_fusion import clean, identity, order, settle
from tests.executor import test_daemon

FUTURE = "20991121T0655%05d-%08x"


def from_the_future(machine, address, count):
    """Builds of a controller whose clock is decades ahead. :returns: list of requests."""
    found = [machine.request(address, "true", build_id=FUTURE % (n, n)) for n in range(count)]
    for request in found:
        machine.run(request)
    return found


def test_builds_stand_in_the_order_of_their_launches(machine, address):
    executor = machine.business.executor("1")
    assert order.newest(executor) == []
    later = from_the_future(machine, address, 2)
    own = machine.request(address, "true")
    machine.run(own)
    machine.launch(later[0])  # it has ended long ago, and stays where it was
    wanted = [own["build_id"], later[1]["build_id"], later[0]["build_id"]]
    assert order.newest(executor) == wanted
    os.mkdir(os.path.join(executor.builds, "20991121T065599999-ffffffff"))
    assert order.newest(executor)[:3] == wanted, "whose launch nobody wrote down is no newer one"


def test_a_build_that_died_is_found_behind_ids_from_the_future(machine, address):
    from_the_future(machine, address, settle.LOOKED_AT)
    request = machine.request(address, "sleep 600")
    worker = machine.launch(request)["process"]["pid"]
    told = machine.ask("builds", {"limit": 1, "build": "-"})["executors"]["1"]
    wanted = {"busy": True, "build_id": request["build_id"], "last": request["build_id"]}
    assert wanted == dict((key, told[key]) for key in wanted)
    both = [test_daemon.guardian_of(worker), worker]
    for pid in both:
        test_daemon.kill(pid)
    machine.wait_until(lambda: not any(identity.start_time(pid) for pid in both))
    question = {"limit": 1, "build": "-"}
    machine.wait_until(lambda: not machine.ask("builds", question)["executors"]["1"]["busy"])
    assert machine.status(request)["state"] == "lost"


def test_the_newest_are_kept_however_their_ids_read(machine, address, monkeypatch):
    monkeypatch.setattr(clean, "KEPT_BUILDS", 2)
    later = from_the_future(machine, address, 2)
    own = machine.request(address, "true")
    machine.run(own)
    clean.bury_old_builds(machine.business.executor("1"), 0)
    assert machine.log(own) and machine.log(later[1])
    assert not os.path.exists(machine.attempt(later[0]).log)


def test_a_torn_line_spoils_no_other_and_lines_of_what_is_gone_go(machine, monkeypatch):
    executor = machine.business.executor("1")
    os.makedirs(executor.builds)
    ids = ["20261121T0655%05d-%08x" % (9 - number, number) for number in range(5)]
    for build_id in ids:
        os.mkdir(os.path.join(executor.builds, build_id))
        order.add(executor, build_id)
        with open(executor.launched, "ab") as file:
            file.write(b"\n2026112")
    assert order.newest(executor) == ids[::-1]
    monkeypatch.setattr(order, "SLACK", 2)
    order.shorten(executor)
    with open(executor.launched) as file:
        assert file.read().split() == ids
    assert order.newest(executor) == ids[::-1]


def test_the_newest_few_are_those_of_all(machine):
    executor = machine.business.executor("1")
    os.makedirs(executor.builds)
    ids = ["20261121T0655%05d-%08x" % (7 * number % 300, number) for number in range(300)]
    for build_id in ids:
        order.add(executor, build_id)
        if build_id not in ids[250:290]:  # what is gone lies between
            os.mkdir(os.path.join(executor.builds, build_id))
    order.add(executor, ids[5])  # its second attempt
    os.mkdir(
        os.path.join(executor.builds, "20201121T065500000-ffffffff")
    )  # from before this was written down
    every = order.newest(executor)
    assert every[:2] == [ids[5], ids[299]] and len(every) == 261
    assert every[-1] == "20201121T065500000-ffffffff"
    for most in (0, 1, 2, 11, 12, 150, 260, 261, 300):
        assert order.newest(executor, most) == every[:most], most


def test_the_newest_few_are_found_without_looking_at_all(machine, monkeypatch):
    executor = machine.business.executor("1")
    os.makedirs(executor.builds)
    for number in range(10):
        build_id = "20261121T0655%05d-%08x" % (number, number)
        os.mkdir(os.path.join(executor.builds, build_id))
        order.add(executor, build_id)
    monkeypatch.setattr(order, "present", None)
    assert order.newest(executor, 3)[0] == build_id
