"""Each listing command: what it asks of the controller, what a person and a program get."""

from __future__ import absolute_import, print_function, unicode_literals

import json

import pytest

from controller import errors
from tests.controller.cli import fake


def test_status_lists_builds(tristan):
    controller = fake.Controller(final=fake.status("failed", started_at=None))
    result = tristan("status", "--machine", "builder-1", "--limit", "5", controller=controller)
    assert controller.calls == [("status", None, "builder-1", 5)]
    assert result.err == "tristan: builder-2: no answer\n"
    heading, row = result.out.splitlines()
    assert heading.split() == [
        "BUILD",
        "STATE",
        "PROJECT",
        "REF",
        "COMMIT",
        "MACHINE",
        "STARTED",
        "TOOK",
    ]
    assert row.split() == "9c1e4f2a failed shop branch main 1a2b3c4d5e6f builder-1 - 42s".split()


def test_a_running_build_that_does_not_run_is_suspect(tristan):
    reason = "startup.py is stopped (SIGSTOP)"
    controller = fake.Controller(final=fake.status("running", suspect=reason))
    assert " running, suspect " in tristan("status", controller=controller).out
    details = tristan("status", "9c1e4f2a", controller=controller).out
    assert reason in details and "running\n" in details


def test_status_of_one_build_has_a_table_of_phases(tristan):
    result = tristan("status", "9c1e4f2a")
    assert result.code == 0
    details, phases = result.out.split("\n\n")
    assert "20261121T065512123-9c1e4f2a, attempt 1" in details
    assert "2026-11-21 06:55:12 UTC by alice@laptop" in details
    assert "builder-1:/data/a/dist/shop.whl (2.0 KiB)" in details
    rows = [line.split() for line in phases.splitlines()]
    assert rows[0] == ["PHASE", "STATE", "EXIT", "WALL", "CPU", "PEAK", "MEMORY", "READ", "WRITTEN"]
    assert rows[1] == ["sync", "success", "0", "0.1s"] + ["unknown"] * 4
    assert rows[2] == "build success 0 42s 1m 20s 300.0 MiB 0 B 1.5 KiB".split()
    assert rows[3] == ["publish", "skipped", "-", "-", "-", "-", "-", "-"]


@pytest.mark.parametrize(
    "forged",
    [{}, {"phases": 5}, {"phases": [1, {"name": {}}], "ref": [], "image": None, "artifacts": "x"},
     {"log": [], "wall_seconds": "long", "state": None, "build_id": 7, "commit": "\x1b]0;x\x07"}],
)  # fmt: skip
def test_a_forged_status_is_shown_without_a_crash(tristan, forged):
    controller = fake.Controller(final=forged)
    for words in (["status"], ["status", "9c1e4f2a"], ["build", "shop"], ["cancel", "9c1e4f2a"]):
        result = tristan(*words, controller=controller)
        assert "internal error" not in result.err
        assert "\x1b" not in result.out + result.err


def test_status_of_no_build(tristan):
    result = tristan("status", "nothing")
    assert (result.code, result.out) == (2, "")
    assert result.err.startswith("tristan: no build nothing")


def test_json_listings(tristan):
    assert json.loads(tristan("status", "--json").out) == [fake.status()]
    assert json.loads(tristan("status", "9c1e4f2a", "--json").out) == fake.status()
    machines = json.loads(tristan("machines", "--json").out)
    assert [one["name"] for one in machines] == ["builder-1", "builder-2"]
    checks = json.loads(tristan("doctor", "builder-2", "--json").out)
    assert [(one["machine"], one["state"]) for one in checks] == [
        ("builder-2", "ok"),
        ("builder-2", "warn"),
        ("builder-2", "fail"),
    ]


def test_machines(tristan):
    result = tristan("machines")
    rows = result.out.splitlines()
    assert rows[1].split() == "builder-1 reachable 1 of 2 free 0.50 linux 9c1e4f2a".split()
    assert rows[2].split() == ["builder-2", "unreachable", "-", "-", "-", "-"]
    assert result.err == ("builder-2: no answer from 10.0.0.2 port 22\n  \u2192 look at sshd\n")
    assert result.code == 0


def test_doctor_shows_each_check_and_what_to_do(tristan):
    result = tristan("doctor", "builder-1")
    assert result.code == 3
    assert result.out.splitlines() == [
        "builder-1",
        "  \u2714 ssh     OpenSSH 9.2",
        "  ! disk    3 GiB free",
        "            \u2192 make room below /data",
        "  \u2718 engine  no docker",
        "            \u2192 install docker",
    ]


def test_doctor_in_ascii(tristan, monkeypatch):
    monkeypatch.setenv(str("LC_ALL"), str("C"))
    out = tristan("doctor", "builder-1").out
    assert "  ok ssh     OpenSSH 9.2\n  !  disk " in out
    assert "  x  engine  no docker\n             -> install docker\n" in out


def test_doctor_goes_on_behind_an_unreachable_machine(tristan):
    controller = fake.Controller()
    controller.raises["doctor"] = errors.MachineUnreachable("no answer", "start sshd")
    result = tristan("doctor", controller=controller)
    assert [call for call in controller.calls] == [("doctor", "builder-1"), ("doctor", "builder-2")]
    assert result.out.count("no answer") == 2
    assert result.code == 3


def test_doctor_is_content_with_warnings(tristan):
    controller = fake.Controller()
    controller.doctor = lambda machine: [fake.Check("disk", "warn", "3 GiB free", "make room")]
    assert tristan("doctor", "builder-1", controller=controller).code == 0


@pytest.mark.parametrize("command", ["doctor", "enroll", "uninstall"])
def test_an_unknown_machine_is_refused_with_the_known_ones(tristan, command):
    result = tristan(command, "builder-9")
    assert result.code == 2
    assert "no machine is named builder-9 in tristan.yml" in result.err
    assert "builder-1, builder-2" in result.err


def test_enroll_by_fingerprint(tristan):
    controller = fake.Controller()
    result = tristan("enroll", "builder-1", "--fingerprint", "SHA256:abc", controller=controller)
    assert controller.calls == [("enroll", "builder-1", "SHA256:abc")]
    assert (result.code, result.out) == (
        0,
        "\u2714 builder-1 is enrolled: ssh-ed25519 SHA256:abc\n",
    )


def test_uninstall_asks_or_is_forced(tristan):
    controller = fake.Controller()
    result = tristan("uninstall", "builder-1", controller=controller)
    assert (result.code, controller.calls) == (2, [])
    assert "--yes" in result.err
    assert tristan("uninstall", "builder-1", "--yes", controller=controller).code == 0
    assert controller.calls.pop() == ("uninstall", "builder-1", False)
    result = tristan("uninstall", "builder-1", "--force", controller=controller)
    assert result.out == (
        "\u2714 Tristan is gone from builder-1: 58 files, 1 image, 0 containers removed.\n"
    )
    assert controller.calls == [("uninstall", "builder-1", True)]


def test_uninstall_says_what_is_left(tristan):
    controller = fake.Controller()
    controller.left = ["/data/tristan/x: not permitted"]
    result = tristan("uninstall", "builder-1", "--yes", controller=controller)
    assert (result.code, result.out) == (3, "")
    assert "but not: /data/tristan/x: not permitted" in result.err


def test_cancel(tristan):
    controller = fake.Controller(final=fake.status("running"))
    result = tristan("cancel", "9c1e4f2a", "--reason", "wrong branch", controller=controller)
    assert controller.calls == [("cancel", "9c1e4f2a", "wrong branch")]
    assert (result.code, result.out) == (0, "Cancelling %s on builder-1.\n" % fake.BUILD_ID)
    ended = tristan("cancel", "9c1e4f2a", controller=fake.Controller())
    assert ended.out == "%s had ended already: success.\n" % fake.BUILD_ID


def test_init_writes_a_file_and_never_overwrites_one(tristan, tmpdir, monkeypatch):
    monkeypatch.chdir(tmpdir)
    assert tristan("init").code == 0
    written = tmpdir.join("tristan.yml").read_binary()
    assert b"machines:" in written
    tmpdir.join("tristan.yml").write("mine")
    result = tristan("init")
    assert (result.code, tmpdir.join("tristan.yml").read()) == (2, "mine")
    assert "is there already" in result.err
    assert tristan("init", "no/such/directory.yml").code == 2
    assert tristan("--config", "other.yml", "init").code == 0
    assert tmpdir.join("other.yml").read_binary() == written
