"""Container engines as people write them."""

from __future__ import absolute_import, print_function, unicode_literals

import pytest

from business_hyper_fusion import grammar
from controller.settings import engines


@pytest.mark.parametrize(
    "value, kind, command",
    [
        ("docker", "docker", ("docker",)),
        ("podman", "podman", ("podman",)),
        ("sudo docker", "docker", ("sudo", "docker")),
        ("sudo -n /usr/bin/podman", "podman", ("sudo", "-n", "/usr/bin/podman")),
        (
            "docker -H unix:///run/a.sock",
            "docker",
            ("docker", "-H", "unix:///run/a.sock"),
        ),
        (
            "docker --config '/a b/\u00fc'",
            "docker",
            ("docker", "--config", "/a b/\u00fc"),
        ),
        (
            {"kind": "docker", "command": ["nerdctl", "$(id)"]},
            "docker",
            ("nerdctl", "$(id)"),
        ),
    ],
)
def test_an_engine_is_a_kind_and_words(value, kind, command):
    assert engines.parse(value) == engines.Engine(kind, command, "", ())


def test_labels_and_run_options():
    said = {"kind": "podman", "command": ["podman"], "selinux": "private"}
    found = engines.parse(dict(said, run_options=["--ulimit=nofile=1024:4096"]))
    assert found == ("podman", ("podman",), "private", ("--ulimit=nofile=1024:4096",))


@pytest.mark.parametrize(
    "value", ["", "nerdctl", "sudo 'docker", "--privileged docker", "doc\nker"]
)
def test_others_are_refused(value):
    with pytest.raises(grammar.Refused):
        engines.parse(value)
