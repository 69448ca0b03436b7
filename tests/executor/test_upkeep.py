"""What keeps a disk within its limits without anybody running gc: history, caches, room for the next build."""

from __future__ import absolute_import, print_function

import os
import time

from business_hyper_fusion import order, upkeep

HOARD = 'head -c %d /dev/zero >"$TRISTAN_CACHE/hoard"'
MADE = "head -c %d /dev/zero >out"


def build(machine, address, script="true", **changes):
    """:returns: the request of a build that has ended, with all that comes after."""
    request = machine.request(address, script, **changes)
    status = machine.run(request)
    assert status["state"] == "success", status["message"]
    machine.wait_until(lambda: not os.path.exists("/proc/%d" % status["process"]["pid"]))
    return request


def look_again(machine):
    """As if the last look at sizes had been long ago."""
    os.utime(os.path.join(machine.business.upkeep, upkeep.MARK), (1, 1))


def whole(machine):
    """:returns: how many builds still have their log."""
    executor = machine.business.executor("1")
    builds = [os.path.join(executor.builds, one) for one in order.newest(executor)]
    return sum(os.path.exists(os.path.join(path, "1", "log")) for path in builds)


def test_builds_are_kept_up_to_their_number(machine, address):
    machine.disk["builds"] = 2
    requests = [build(machine, address) for _ in range(4)]
    assert whole(machine) == 2 and machine.log(requests[-1])
    assert [machine.status(request)["state"] for request in requests] == ["success"] * 4
    machine.disk["builds"] = 1
    build(machine, address)
    assert whole(machine) == 1


def test_history_is_kept_up_to_its_size_the_newest_whatever_its_size(machine, address):
    machine.disk["history_bytes"] = 3 << 20
    for size in (1 << 20, 1 << 20, 1 << 20, 5 << 20):
        if os.path.exists(machine.business.upkeep):
            look_again(machine)
        request = build(machine, address, MADE % size, artifacts=["out"])
    assert whole(machine) == 1
    assert os.path.getsize(machine.status(request)["artifacts"][0]["path"]) == 5 << 20


def test_caches_are_kept_up_to_their_size(machine, repositories, git_over_http):
    machine.disk["cache_bytes"] = 3 << 20
    caches = []
    for name in ("one", "two", "three"):
        repositories.create("group/" + name).commit({"file": name})
        request = build(machine, git_over_http.address("group/" + name), HOARD % (2 << 20))
        project = machine.business.executor("1").project(
            request["repository"]["host"], request["repository"]["path"]
        )
        caches.append(os.path.join(project.cache, "hoard"))
        then = time.time() - 1000 + len(caches)
        os.utime(project.path, (then, then))
        os.utime(project.ref("branch", "main").path, (then, then))
        look_again(machine)
    build(machine, git_over_http.address("group/three"))
    assert [os.path.exists(path) for path in caches] == [False, False, True]


def test_sizes_are_looked_at_now_and_then(machine, address):
    machine.disk["history_bytes"] = 1 << 20
    build(machine, address)
    for _ in range(2):
        build(machine, address, MADE % (1 << 20), artifacts=["out"])
    assert whole(machine) == 3
    look_again(machine)
    build(machine, address)
    assert whole(machine) == 1


def test_a_build_finds_room_or_is_refused(small_machine, address):
    machine = small_machine(32)
    build(machine, address, HOARD % (12 << 20))
    machine.disk["keep_free_bytes"] = 24 << 20
    build(machine, address)
    project = machine.business.executor("1")
    assert b"hoard" not in b"".join(
        name.encode("utf-8") for _, _, names in os.walk(project.path) for name in names
    )
    machine.disk["keep_free_bytes"] = 40 << 20
    answer = machine.launch(machine.request(address))
    assert (answer["answer"], answer["cause"]) == ("refused", "disk_full")
    assert "until 40 MiB are free (machines.lab.disk.keep_free)" in answer["message"]
    machine.disk["keep_free_bytes"] = 0
    build(machine, address)
