"""Everything is killed, or the machine loses power: the next contact, whatever it is about, takes the secrets away."""

from __future__ import absolute_import, print_function

import os
import signal

import pytest

from business_hyper_fusion import compat, settle, status
from tests.executor.conftest import address, shop, small_base  # noqa: F401
from tests.executor.test_shell import Shells
from tests.faults import rows, test_reboot, victims
from tests.faults.canary import Canaries, files_with
from tests.lab import process

CONTACTS = {
    "builds": lambda machine, where: machine.ask("builds", {}),
    "request": lambda machine, where: machine.ask("request", {"build_id": "x"}),
    "launch": lambda machine, where: machine.run(machine.request(where, "true")),
}


@pytest.fixture
def machine(executor_python):
    made = test_reboot.OtherBoot(interpreter=executor_python)
    yield made
    made.remove()


@pytest.fixture
def docker_machine(executor_python, engine, small_base):  # noqa: F811
    made = test_reboot.OtherBoot(engine.command, small_base, interpreter=executor_python)
    yield made
    made.remove()


@pytest.fixture
def canaries():
    directory = process.directory("vault")
    yield Canaries(directory)
    process.remove(directory)


def there(machine, canaries):
    return files_with(canaries, [machine.root])


def secrets(canaries):
    return {"build:TOKEN": canaries.text("build"), "git_password": canaries.text("git")}


@rows.hostile(12)
@pytest.mark.parametrize("contact", sorted(CONTACTS))
def test_a_build_whose_machine_loses_power(machine, canaries, address, injections, contact):  # noqa: F811
    with injections.measured():
        script = 'mkdir -p "$TRISTAN_PRIVATE"; cp "$TRISTAN_SECRETS/TOKEN" "$TRISTAN_PRIVATE/x"; echo begun; sleep 60'
        request = machine.request(address, script)
        machine.launch(request, secrets(canaries))
        machine.wait_for_log(request, "begun")
        assert len(there(machine, canaries)) == 3
        victims.kill_every(machine, request)
        assert len(there(machine, canaries)) == 3
        machine.reboot()
        CONTACTS[contact](machine, address)
        assert there(machine, canaries) == []
    status = machine.status(request)
    assert (status["state"], status["cause"]) == ("lost", "rebooted")


@rows.hostile(12)
def test_who_is_told_that_a_build_is_lost_finds_no_secret(
    machine,
    canaries,
    address,  # noqa: F811
    injections,
    monkeypatch,
):
    request = machine.request(address, "echo begun; sleep 60")
    machine.launch(request, secrets(canaries))
    machine.wait_for_log(request, "begun")
    victims.kill_every(machine, request)
    found, end = [], status.Status.end

    def looked(*words):
        found.append(there(machine, canaries))
        end(*words)

    monkeypatch.setattr(status.Status, "end", looked)
    with injections.measured():
        assert settle.settle(machine.business.executor("1"))
    assert found == [[]] and machine.status(request)["state"] == "lost"


@rows.hostile(12)
def test_a_launch_that_died_before_there_was_a_build(machine, canaries, address, injections):  # noqa: F811
    request = machine.request(address, "true")
    with injections.measured():
        machine.launch(request, secrets(canaries))
        machine.wait(request)
        attempt = machine.attempt(request)
        os.remove(attempt.status)
        os.makedirs(attempt.build_secrets)
        with open(attempt.secret("build:TOKEN"), "w") as target:
            target.write(canaries.text("build"))
        machine.wait_until(lambda: machine.ask("builds", {}) and not there(machine, canaries))
    assert os.path.isdir(attempt.path) and not os.path.exists(attempt.secrets)


@rows.hostile(12)
def test_a_refresh_that_was_killed(machine, canaries, injections):
    place = os.path.join(machine.business.upkeep, "errand", "secrets")
    with injections.measured():
        os.makedirs(place)
        with open(os.path.join(place, "git_password"), "w") as target:
            target.write(canaries.text("git"))
        machine.ask("builds", {})
        assert there(machine, canaries) == []


@rows.hostile(12)
@pytest.mark.parametrize("power", [True, False], ids=["another boot", "same boot"])
def test_a_shell_of_which_everything_is_killed(
    docker_machine,
    canaries,
    address,  # noqa: F811
    injections,
    power,
):
    """But for its container, which the engine may keep: that goes, too."""
    shells = Shells(docker_machine)
    request = shells.fail(address, isolation="docker")
    holder, name = shells.lend(request, {"TOKEN": canaries.text("lent")})
    wait = 'cat "$TRISTAN_SECRETS/TOKEN" >"$TRISTAN_PRIVATE/copy"; echo ready; sleep 60'
    child = shells.spawn(request, "sh", "-c", wait, secrets=name)
    child.expect_exact("ready")
    with injections.measured():
        assert len(there(docker_machine, canaries)) == 1
        for pid in [holder.pid] + process.children(child.pid) + [child.pid]:
            os.kill(pid, signal.SIGKILL)
        holder.wait()
        child.close(force=True)
        assert len(there(docker_machine, canaries)) == 1
        if power:
            docker_machine.reboot()
        docker_machine.ask("builds", {})
        assert there(docker_machine, canaries) == []
        assert shells.containers() == []
    assert shells.left_over(request) == []


@rows.hostile(12)
def test_what_is_lent_now_is_left_alone(machine, canaries, address, injections):  # noqa: F811
    shells = Shells(machine)
    request = shells.fail(address)
    holder, name = shells.lend(request, {"TOKEN": canaries.text("lent")})
    with injections.measured():
        for contact in sorted(CONTACTS):
            CONTACTS[contact](machine, address)
            assert len(there(machine, canaries)) == 1
        holder.send_signal(signal.SIGTERM)
        holder.wait()
        assert there(machine, canaries) == []
    assert shells.left_over(request) == []
    assert compat.to_native(holder.stdout.read()) == ""
