"""A cancellation and the build's own end come at the same moment: one end, the same for everybody who asks."""

from __future__ import absolute_import, print_function

import json
import random
import threading
import time

import pytest

from business_hyper_fusion import status as statuses
from tests.executor.conftest import address, shop, small_base  # noqa: F401
from tests.executor.machine import Machine
from tests.executor.test_watch import Watch
from tests.faults import rows, victims

SCRIPT = "echo begun; sleep 1; echo over"


@pytest.fixture
def machine(engine, small_base, executor_python):  # noqa: F811
    made = Machine(engine.command, small_base, interpreter=executor_python)
    yield made
    made.remove()


def cancel(machine, request, delay, answers):
    time.sleep(delay)
    answers.append(machine.ask("cancel", {"build_id": request["build_id"], "reason": "race"}))


def race(machine, request, delays):
    """Cancel at some moments after the script's beginning. :returns: (answers, statuses that a watcher saw)"""
    answer = machine.launch(request)
    assert answer["answer"] == "started", answer
    watch = Watch(machine)
    watch.follow(request)
    machine.wait_for_log(request, "begun")
    answers = []
    asking = [threading.Thread(target=cancel, args=(machine, request, d, answers)) for d in delays]
    for thread in asking:
        thread.start()
    seen = watch.until_end()[1]
    watch.close()
    for thread in asking:
        thread.join()
    return answers, seen


def agree(machine, request, answers, seen):
    """:returns: the one terminal status."""
    final = machine.status(request)
    ends = [one for one in seen if statuses.terminal(one)]
    assert ends == [json.loads(json.dumps(final))]
    assert final["state"] in ("cancelled", "success"), final
    for answer in answers:
        assert answer["answer"] in ("cancelling", "ended")
        assert answer["answer"] == "cancelling" or answer["status"] == ends[0]
    victims.one_end(machine, request, final)
    victims.nothing_left(machine, request)
    return final


@rows.fault(19)
def test_cancel_and_end_at_once(machine, address, injections):  # noqa: F811
    moment = 0.5
    for number in range(injections.count(4, 24)):
        isolation = "docker" if number % 4 == 0 else "host"
        delays = [random.uniform(0.7, 1.3) * moment for _ in range(1 + number % 2)]
        with injections.measured():
            request = machine.request(address, SCRIPT, isolation=isolation)
            answers, seen = race(machine, request, delays)
            state = agree(machine, request, answers, seen)["state"]
        # towards the moment at which either may win, wherever this machine has it
        moment = moment + 0.2 if state == "cancelled" else moment * 0.7
    victims.builds_on(machine, request, address)
