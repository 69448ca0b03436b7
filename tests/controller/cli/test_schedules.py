"""``tristan crontab``, ``tristan systemd``, ``tristan filebeat``: text to install, on stdout."""

from __future__ import absolute_import, print_function, unicode_literals

import os

import pytest

CONFIG = os.path.abspath("tristan.yml")


@pytest.fixture(autouse=True)
def no_state_home(monkeypatch):
    monkeypatch.delenv(str("XDG_STATE_HOME"), raising=False)


def test_crontab(tristan):
    result = tristan("crontab", "--every", "2h")
    assert (result.code, result.err) == (0, "")
    (line,) = [line for line in result.out.splitlines() if line and line[0] != "#"]
    assert line.startswith("0 */2 * * * ") and line.endswith("refresh --quiet")
    assert "--config " + CONFIG in line


def test_crontab_refuses_what_cron_has_not(tristan):
    result = tristan("crontab", "--every", "7m")
    assert result.code == 2 and "cron has no such interval" in result.err


def test_the_state_directory_is_carried_along(tristan, monkeypatch):
    monkeypatch.setenv(str("XDG_STATE_HOME"), str("/var/lib/operator"))
    assert " env XDG_STATE_HOME=/var/lib/operator " in tristan("crontab").out
    assert "Environment=XDG_STATE_HOME=/var/lib/operator\n" in tristan("systemd").out


def test_systemd(tristan):
    both = tristan("systemd")
    assert both.code == 0 and "User=" in both.out
    alone = [tristan("systemd", "--unit", unit).out for unit in ("service", "timer")]
    assert both.out == "\n".join(alone)
    own = tristan("systemd", "--user", "--every", "1h").out
    assert "~/.config/systemd/user/tristan-refresh.timer" in own and "User=" not in own
    assert "OnUnitInactiveSec=3600s" in own


def test_filebeat(tristan):
    result = tristan("filebeat", "builder-2")
    assert result.code == 0 and '"tristan-builder-2-log"' in result.out
    assert tristan("filebeat", "builder-9").code == 2
