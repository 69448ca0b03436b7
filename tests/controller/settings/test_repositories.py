"""From what a project says of its repository to the address git is given."""

from __future__ import absolute_import, print_function, unicode_literals

import pytest

from controller.settings import repositories

SERVERS = {
    "lab": {"address": "https://gitlab.example.com/git/", "kind": "gitlab", "default": True},
    "ssh": {"address": "ssh://git.example.com:2222", "username": "git"},
    "user": {"address": "ssh://git@plain.example.com/srv"},
    "http": {"address": "http://10.0.0.1:8080/"},
    "case": {"address": "https://GIT.example.com/Team"},
}


@pytest.mark.parametrize(
    "project, address, server",
    [
        ({"repository": "group/shop"}, "https://gitlab.example.com/git/group/shop.git", "lab"),
        ({"repository": "shop.git"}, "https://gitlab.example.com/git/shop.git", "lab"),
        (
            {"repository": "group/shop/", "git_server": "ssh"},
            "ssh://git@git.example.com:2222/group/shop",
            "ssh",
        ),
        (
            {"repository": "a b", "git_server": "user"},
            "ssh://git@plain.example.com/srv/a b",
            "user",
        ),
        ({"repository": "x", "git_server": "http"}, "http://10.0.0.1:8080/x", "http"),
        (
            {"repository": "x", "git_server": "case"},
            "https://git.example.com/Team/x",
            "case",
        ),
        ({"repository": "https://other.example.com/x"}, "https://other.example.com/x", None),
        ({"repository": "git://other/x"}, "git://other/x", None),
        (
            {"repository": "https://Bob@GitLab.Example.COM/X"},
            "https://Bob@gitlab.example.com/X",
            "lab",
        ),
        ({"repository": "git@Plain.example.com:X"}, "git@Plain.example.com:X", "user"),
        (
            {"repository": "https://gitlab.example.com:443/x"},
            "https://gitlab.example.com:443/x",
            "lab",
        ),
        ({"repository": "http://gitlab.example.com/x"}, "http://gitlab.example.com/x", None),
        (
            {"repository": "git@plain.example.com:srv/x.git"},
            "git@plain.example.com:srv/x.git",
            "user",
        ),
    ],
)
def test_addresses_and_their_servers(project, address, server):
    assert repositories.resolve(project, SERVERS) == (address, server)


def test_the_account_of_a_server_goes_to_its_own_host_and_port_only():
    servers = {"a": {"address": "https://host:8443"}}
    assert repositories.resolve({"repository": "https://host/x"}, servers)[1] is None
    assert repositories.resolve({"repository": "https://host:8443/x"}, servers)[1] == "a"
    assert repositories.resolve({"repository": "https://host.evil/x"}, servers)[1] is None


@pytest.mark.parametrize(
    "servers, default",
    [
        ({}, None),
        ({"a": {}}, "a"),
        ({"a": {"default": False}}, None),
        ({"a": {}, "b": {}}, None),
        ({"a": {}, "b": {"default": True}}, "b"),
    ],
)
def test_the_default_server(servers, default):
    assert repositories.default_server(servers) == default
