"""The verb ``watch``: every byte once, from any offset; the end only after the last byte."""

from __future__ import absolute_import, print_function

import hashlib
import json
import os
import re
import time

from business_hyper_fusion import compat
from business_hyper_fusion.watch import SHORTEST_REST


class Watch(object):
    """A watching process, its orders and its frames."""

    def __init__(self, machine, process=None, **more):
        self.process = process or machine.start_watch(**more)

    def follow(self, request, offset=0, attempt=None, **more):
        order = dict(more, build_id=request["build_id"], attempt=attempt, offset=offset)
        order = {"follow": order}
        self.process.stdin.write(compat.to_bytes(json.dumps(order)) + b"\n")
        self.process.stdin.flush()

    def frame(self):
        """:returns: (header, bytes)"""
        header = json.loads(self.process.stdout.readline().decode("utf-8"))
        return header, self.process.stdout.read(header.get("length", 0))

    def told(self):
        """:returns: the next frame's header; a beat says nothing, and comes whenever 5 s are over."""
        return next(header for header, _ in iter(self.frame, None) if header["frame"] != "beat")

    def until_end(self):
        """:returns: (log bytes, statuses, the end frame)"""
        log, statuses = b"", []
        while True:
            header, data = self.frame()
            if header["frame"] == "log":
                log += data
            elif header["frame"] == "status":
                statuses.append(header["status"])
            elif header["frame"] in ("end", "absent"):
                return log, statuses, header

    def close(self):
        self.process.stdin.close()
        self.process.stdout.read()
        assert self.process.wait() == 0


def test_follows_a_running_build_to_its_last_byte(machine, address):
    held, let_go = machine.waiting()
    script = "for i in 1 2 3 4 5; do echo line $i; done; %s; seq 100000" % held
    request = machine.request(address, script)
    machine.launch(request)
    machine.wait_for_log(request, "line 5\n")
    watch = Watch(machine)
    watch.follow(request)
    assert watch.told()["status"]["state"] == "running"
    let_go()
    log, statuses, end = watch.until_end()
    watch.close()
    final = machine.status(request)
    assert statuses[-1] == json.loads(json.dumps(final))
    assert hashlib.sha256(log).hexdigest() == final["log"]["sha256"]
    assert end["log_bytes"] == final["log"]["bytes"] == len(log)


def test_a_launch_goes_on_as_the_watch(machine, address):
    request = machine.request(address, "echo one; sleep 0.3; echo two")
    watch = Watch(machine, machine.start_startup(request, watch=True))
    assert json.loads(watch.process.stdout.readline().decode("ascii"))["answer"] == "started"
    watch.follow(request)
    log, statuses, _ = watch.until_end()
    assert hashlib.sha256(log).hexdigest() == machine.status(request)["log"]["sha256"]
    assert statuses[-1]["state"] == "success"
    # which keeps nobody from the executor
    second = machine.request(address, "echo three")
    assert machine.launch(second)["answer"] == "started"
    watch.follow(second)
    assert b"\nthree\n" in watch.until_end()[0]
    watch.close()


def test_orders_that_came_with_the_launch_are_taken(machine, address):
    request = machine.request(address, "echo one")
    order = {"follow": {"build_id": request["build_id"], "attempt": 1, "offset": 0}}
    started = machine.start_startup(request, watch=True, behind=json.dumps(order) + "\n")
    watch = Watch(machine, started)
    assert json.loads(watch.process.stdout.readline().decode("ascii"))["answer"] == "started"
    assert b"\none\n" in watch.until_end()[0]
    watch.close()


def test_a_launch_that_starts_nothing_does_not_go_on(machine, address):
    held, let_go = machine.waiting()
    running = machine.request(address, held)
    machine.launch(running)
    refused = machine.start_startup(machine.request(address, "true"), watch=True)
    assert json.loads(refused.stdout.read().decode("ascii"))["answer"] == "busy"
    refused.stdin.close()
    assert refused.wait() == 0
    let_go()
    machine.wait(running)


def test_goes_on_at_an_offset(machine, address):
    request = machine.request(address, "seq 1000")
    machine.run(request)
    watch = Watch(machine)
    watch.follow(request, offset=100, attempt=1)
    log, _, _ = watch.until_end()
    watch.close()
    assert compat.to_native(log) == machine.log(request)[100:]


def test_once_sends_what_is_there_now(machine, address):
    request = machine.request(address, "echo begun; sleep 60")
    machine.launch(request)
    machine.wait_for_log(request, "begun")
    watch = Watch(machine)
    watch.follow(request, once=True)
    log, statuses, end = watch.until_end()
    watch.close()
    assert compat.to_native(log) == machine.log(request) and end["log_bytes"] == len(log)
    assert statuses[-1]["state"] == "running"
    machine.ask("cancel", {"build_id": request["build_id"], "reason": ""})
    machine.wait(request)


def test_follows_several_and_says_which_is_absent(machine, address):
    first, second = machine.request(address, "echo a"), machine.request(address, "echo b")
    machine.run(first)
    watch = Watch(machine)
    watch.follow(second)
    assert watch.told() == {"frame": "absent", "build_id": second["build_id"]}
    machine.run(second)
    watch.follow(first)
    watch.follow(second)
    ended = set([watch.until_end()[2]["build_id"], watch.until_end()[2]["build_id"]])
    watch.close()
    assert ended == set([first["build_id"], second["build_id"]])


def test_broken_order_is_answered_not_a_traceback(machine, address):
    watch = Watch(machine)
    watch.process.stdin.write(b"nonsense \xff\n{}\n")
    watch.process.stdin.flush()
    assert [watch.told()["frame"] for _ in range(2)] == ["absent", "absent"]
    watch.close()


def test_beats_while_nothing_happens(machine, address):
    watch = Watch(machine)
    assert watch.frame()[0] == {"frame": "beat"}
    watch.close()


def test_build_that_died_is_noticed_while_watched(machine, address):
    from tests.executor.test_daemon import guardian_of, kill, started

    request = machine.request(address, "echo begun; sleep 60")
    worker = started(machine, request)
    watch = Watch(machine)
    watch.follow(request)
    assert watch.told()["status"]["state"] == "running"
    kill(guardian_of(worker))
    kill(worker)
    _, statuses, _ = watch.until_end()
    watch.close()
    assert statuses[-1]["state"] == "lost"


def begun(machine, address, watch):
    """A build that sleeps, watched. :returns: descriptor of its log; all of that was read."""
    request = machine.request(address, "echo begun; sleep 60")
    machine.launch(request)
    machine.wait_for_log(request, "begun")
    watch.follow(request)
    while b"begun" not in watch.frame()[1]:
        pass
    return os.open(machine.attempt(request).log, os.O_WRONLY | os.O_APPEND)


def switches(process):
    """:returns: int, how often a process went to sleep."""
    with open("/proc/%d/status" % process.pid) as status:
        return int(re.search(r"(?m)^voluntary_ctxt_switches:\s+([0-9]+)", status.read()).group(1))


def next_log(watch):
    """:returns: bytes of the next log frame."""
    return next(data for header, data in iter(watch.frame, None) if header["frame"] == "log")


def test_a_watch_of_a_silent_build_sleeps(machine, address):
    watch = Watch(machine)
    log = begun(machine, address, watch)
    time.sleep(0.3)
    before, since = switches(watch.process), compat.monotonic()
    time.sleep(2)
    found, seconds = switches(watch.process) - before, compat.monotonic() - since
    assert found <= 4 * seconds  # ten times in each and more where it looks by itself
    os.write(log, b"late\n")
    assert next_log(watch) == b"late\n"
    os.close(log)
    watch.close()


def test_line_after_line_does_not_cost_a_look_each(machine, address):
    watch = Watch(machine)
    log = begun(machine, address, watch)
    since = compat.monotonic()
    for _ in range(500):
        os.write(log, b"line\n")
        time.sleep(0.0002)
    frames, data = 0, b""
    while len(data) < 2500:
        frames, data = frames + 1, data + next_log(watch)
    # However long the writing took: that many looks are 2 ms apart.
    assert data == b"line\n" * 500 and frames <= 2 + (compat.monotonic() - since) / SHORTEST_REST
    os.close(log)
    watch.close()


def test_a_machine_that_tells_of_no_changes_is_looked_at(machine, address):
    watch = Watch(machine, first="sys.modules['ctypes'] = None")
    log = begun(machine, address, watch)
    os.write(log, b"late\n")
    assert next_log(watch) == b"late\n"
    os.close(log)
    watch.close()


def test_an_end_is_told_at_once_however_much_was_said_before(machine, address):
    """Also in a rest that lasts ten minutes."""
    first = (
        "from business_hyper_fusion import watch; watch.SHORTEST_REST = watch.LONGEST_REST = 600"
    )
    # Nor in between, as with a beat.
    watch = Watch(machine, first=first + "; watch.BEAT_SECONDS = 600")
    held, let_go = machine.waiting()
    request = machine.request(address, "echo begun; %s; echo over" % held)
    machine.launch(request)
    machine.wait_for_log(request, "begun")
    watch.follow(request)
    begun = compat.monotonic()
    assert watch.told()["status"]["state"] == "running" and b"begun" in next_log(watch)
    let_go()
    log, statuses, _ = watch.until_end()
    assert log.endswith(b"over\n==> success\n")
    assert [status["state"] for status in statuses] == ["success"]
    assert compat.monotonic() - begun < 300
    watch.close()
