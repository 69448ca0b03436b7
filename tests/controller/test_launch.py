"""A launch of which nobody knows whether it arrived is never tried on another machine."""

from __future__ import absolute_import, print_function, unicode_literals

import pytest

from controller import errors, offer
from tests.controller.local_transport import LocalTransport
from tests.controller.workshop import Sink


@pytest.mark.parametrize("tries", [1, 2, 3])
def test_a_machine_that_is_away_after_a_lost_launch_keeps_the_build(workshop, monkeypatch, tries):
    monkeypatch.setattr(offer, "LOST_PAUSES", (0.01, 0.02))
    machines = ("builder-1", "builder-2")
    first = workshop.controller(machines=machines)
    place = first.build(first.plan("shop", branch="main"))
    first.watch(place.build_id, sink=Sink())
    workshop.wait_until_free(place)
    controller = workshop.controller(machines=machines)
    workshop.use(place.machine, LocalTransport(cut_after=[0]))  # started; the answer is lost
    for _ in range(tries):
        workshop.use(place.machine, errors.MachineUnreachable("no route"))
    plan = controller.plan("shop", branch="main")
    if tries < 2:
        launched = controller.build(plan)
        assert launched.machine == place.machine
    else:
        with pytest.raises(errors.ConnectionLost) as caught:
            controller.build(plan)
        assert "may have started" in caught.value.message
    workshop.transports.clear()
    status = controller.watch(plan.build_id, sink=Sink())
    assert (status["machine"], status["state"]) == (place.machine, "success")
    assert len(controller.status()) == 2


@pytest.mark.parametrize("release", [None, "0" * 64])
def test_a_python_that_is_gone_is_looked_for_again(workshop, release):
    """Whether the scripts are brought before the launch, since others were launched last, or behind it."""
    controller = workshop.controller()
    controller.state.remember("builder-1", python="/no/such/python", release=release)
    launched = controller.build(controller.plan("shop", branch="main"))
    assert controller.watch(launched.build_id, sink=Sink())["state"] == "success"
    assert controller.state.machine("builder-1")["python"] != "/no/such/python"
