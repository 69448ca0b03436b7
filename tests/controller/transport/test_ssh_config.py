"""What ~/.ssh/config says and tristan.yml overrules; `ssh -G` is the judge where it can be."""

from __future__ import absolute_import, print_function, unicode_literals

import io
import os

import pytest

from controller import errors
from controller.secrets import SecretReference
from controller.transport import ssh_config
from tests.controller.transport.conftest import Machine
from tests.lab import process

NAMED = Machine("builder-1", "builder-1", None, None, None, None, (), None)


@pytest.fixture
def resolve(operator):
    """Function (text of ~/.ssh/config, machine) -> Destination."""

    def make(text, machine=NAMED):
        operator.write(".ssh/config", text)
        return ssh_config.resolve(machine)

    return make


def test_without_a_file_it_is_the_name_port_22_and_the_usual_keys(operator):
    found = ssh_config.resolve(NAMED)
    assert (found.host, found.port, found.via, found.proxy_command) == ("builder-1", 22, (), "")
    assert found.username == process.output(["id", "-un"]).strip()
    assert [os.path.relpath(path, operator.home) for path in found.key_files] == [
        ".ssh/id_ed25519",
        ".ssh/id_ecdsa",
        ".ssh/id_rsa",
    ]
    assert os.path.join(operator.home, ".ssh/known_hosts") in found.known_hosts
    assert "/etc/ssh/ssh_known_hosts" in found.known_hosts


TEXT = """
# comment
Host other
    Port 1
Host builder-*
    HostName %h.example.com
    Port=2222
    User "robot"
    IdentityFile ~/.ssh/one
    IdentityFile ~/.ssh/two
    IdentitiesOnly yes
    UserKnownHostsFile ~/.ssh/theirs /dev/null
    GlobalKnownHostsFile none
Host *
    User somebody
    Port 22
    IdentityFile ~/.ssh/three
"""


def test_the_first_value_counts_and_keys_add_up(operator, resolve):
    found = resolve(TEXT)
    assert (found.host, found.port, found.username) == ("builder-1.example.com", 2222, "robot")
    assert [os.path.basename(path) for path in found.key_files] == ["one", "two", "three"]
    assert found.identities_only and not found.explicit
    assert found.known_hosts == (os.path.join(operator.home, ".ssh/theirs"), "/dev/null")
    assert (found.pin_name, found.pin_port) == ("builder-1.example.com", 2222)


def test_ssh_itself_understands_it_so(operator, resolve):
    found = resolve(TEXT)
    config = os.path.join(operator.home, ".ssh/config")
    printed = process.output(["ssh", "-G", "-F", config, "builder-1"])
    theirs = dict(line.split(" ", 1) for line in printed.splitlines() if " " in line)
    assert (found.host, "%d" % found.port, found.username) == (
        theirs["hostname"],
        theirs["port"],
        theirs["user"],
    )


def test_tristan_yml_wins(resolve):
    password = SecretReference("env", "X")
    machine = NAMED._replace(port=7, username="me", key_file="/k", password=password)
    found = resolve(TEXT, machine)
    assert (found.host, found.port, found.username) == ("builder-1.example.com", 7, "me")
    assert found.key_files == ("/k",) and found.explicit


def test_a_password_alone_leaves_the_keys_alone(resolve):
    found = resolve(TEXT, NAMED._replace(password=SecretReference("env", "X")))
    assert found.key_files == () and found.explicit


def test_match_and_include(operator, resolve):
    os.mkdir(os.path.join(operator.home, ".ssh/conf.d"))
    operator.write(".ssh/conf.d/10-a", "Host builder-1\n  Port 10\n")
    operator.write(".ssh/conf.d/20-b", "Host builder-1\n  Port 20\n  User b\n")
    text = "Include conf.d/*\nHost nowhere\n  Include %s/.ssh/extra\n  User never\n"
    operator.write(".ssh/extra", "HostName wrong\n")
    found = resolve(text % operator.home + "Match host builder-1\n  HostName right\n")
    assert (found.host, found.port, found.username) == ("right", 10, "b")


def test_match_exec_asks_a_command(resolve, monkeypatch):
    """By Invoke, which paramiko does not demand everywhere."""
    pytest.importorskip("invoke")
    monkeypatch.setattr("sys.stdin", io.StringIO())  # pytest's own may not be read
    text = "Match host builder-1 exec false\n  Port 10\nMatch host builder-1 exec true\n  Port 20\n"
    assert resolve(text).port == 20


def test_an_include_in_a_section_belongs_to_it(operator, resolve):
    operator.write(".ssh/extra", "Port 33\n")
    found = resolve("Host builder-1\n  Include ~/.ssh/extra\n  User after\n")
    assert (found.port, found.username) == (33, "after")


def test_a_circle_of_includes_is_a_fault(resolve):
    with pytest.raises(errors.SettingsError) as caught:
        resolve("Include ~/.ssh/config\n")
    assert "circle" in caught.value.message


def test_host_key_alias(resolve):
    found = resolve("Host builder-1\n  HostKeyAlias rack7\n  Port 2222\n")
    assert (found.pin_name, found.pin_port) == ("rack7", None)


def test_proxy_command_gets_the_values_that_count(resolve):
    text = "Host builder-1\n  HostName h\n  Port 22\n  ProxyCommand nc %h %p as %r\n"
    found = resolve(text, NAMED._replace(port=7, username="me"))
    assert found.proxy_command == "nc h 7 as me"
    assert resolve("Host *\n  ProxyCommand none\n").proxy_command == ""


JUMPS = """
Host builder-1
    ProxyJump me@gate:2022,inner
Host gate
    HostName gate.example.com
    Port 1
    IdentityFile ~/.ssh/gate
    ProxyJump outer
Host inner
    ProxyJump never
Host outer
    Port 2023
"""


def test_jumps_through_several_hosts_each_with_its_own_section(resolve):
    found = resolve(JUMPS, NAMED._replace(username="me2", key_file="/k"))
    assert [(hop.host, hop.port) for hop in found.via] == [
        ("outer", 2023),
        ("gate.example.com", 2022),
        ("inner", 22),
    ]
    assert found.via[1].username == "me"
    assert found.via[1].key_files[0].endswith(".ssh/gate")
    assert not any(hop.explicit for hop in found.via)
    assert all(hop.via == () for hop in found.via)


def test_jump_hosts_of_tristan_yml(operator):
    path = operator.write(
        "config", "Host 10.0.0.5\n  ProxyJump other\nHost gate\n  User me\n  Port 2200\n"
    )
    machine = Machine(
        "builder-1", "10.0.0.5", None, "build", "/keys/own", None, ("gate", "[::1]", "x@y:1"), None
    )
    found = ssh_config.resolve(machine, path)
    assert [(hop.username, hop.host, hop.port) for hop in found.via] == [
        ("me", "gate", 2200),
        ("build", "::1", 22),
        ("x", "y", 1),
    ]
    assert all(hop.key_files[0] == "/keys/own" and not hop.explicit for hop in found.via)
    assert (found.username, found.key_files) == ("build", ("/keys/own",))


def test_no_jump(resolve):
    assert resolve("Host builder-1\n  ProxyJump none\nHost *\n  ProxyJump gate\n").via == ()


@pytest.mark.parametrize(
    "text, word",
    [
        ("Host *\n  ProxyJump builder-1\n", "circle"),
        ("Host *\n  Port many\n", "port"),
        ("Host *\n  Port 70000\n", "port"),
        ("Host builder-1\n  ProxyJump a:b:c\n", "ProxyJump"),
        ("Host \"builder-1\n  Port 1\n", "understood"),
        ("nonsense\n", "understood"),
    ],
)  # fmt: skip
def test_faults_are_said(resolve, text, word):
    with pytest.raises(errors.SettingsError) as caught:
        resolve(text)
    assert word in caught.value.message
    assert "ssh -G" in caught.value.remedy


def test_a_configuration_that_is_not_utf8_or_ascii(resolve, operator):
    path = os.path.join(operator.home, ".ssh/config")
    with open(path, "wb") as opened:
        opened.write("# M\u00fcller\nHost builder-1\n  User m\u00fcller\n".encode("utf-8"))
        opened.write(b"# \xff\xfe\n")
    assert ssh_config.resolve(NAMED).username == "m\u00fcller"


def test_another_file_is_read_alone(operator):
    operator.write(".ssh/config", "Host *\n  Port 1\n")
    other = operator.write("other", "Host *\n  User x\n")
    found = ssh_config.resolve(NAMED, other)
    assert (found.port, found.username) == (22, "x")
