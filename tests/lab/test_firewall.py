"""What is dropped is silent in both directions, and what was dropped goes on."""

from __future__ import absolute_import, print_function, unicode_literals

import os
import socket
import subprocess
import sys

import pytest

from tests.lab import firewall, process


@pytest.fixture
def pair():
    """(client, server, port) of a connection over loopback."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(1)
    client = socket.create_connection(listener.getsockname())
    server = listener.accept()[0]
    for one in (client, server):
        one.settimeout(120)
    yield client, server, listener.getsockname()[1]
    for one in (client, server, listener):
        one.close()


@pytest.mark.parametrize("whose", ["the listener's", "the client's"])
def test_neither_side_hears_the_other_until_it_is_healed(pair, whose):
    client, server, port = pair
    if whose == "the client's":
        port = client.getsockname()[1]
    with firewall.dropped(port):
        client.sendall(b"question")
        server.sendall(b"answer")
        for one in (client, server):
            one.settimeout(0.3)
            with pytest.raises(socket.timeout):
                one.recv(100)
            one.settimeout(120)
    assert server.recv(100) == b"question"
    assert client.recv(100) == b"answer"


def test_the_rules_go_whatever_happens(pair):
    with pytest.raises(KeyError):
        with firewall.dropped(pair[2]):
            assert "port %d" % pair[2] in rules()
            raise KeyError("some failure")
    assert "port %d" % pair[2] not in rules()


def test_what_a_killed_test_left_is_removed(pair):
    port = pair[2]
    program = "from tests.lab import firewall; import os; kept = firewall.dropped(%d); kept.__enter__(); os.read(0, 1)"
    root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    # It is killed once the rules were seen: any test, of any process, removes them from then on.
    owner = subprocess.Popen(
        [sys.executable, "-c", program % port], cwd=root, stdin=subprocess.PIPE
    )
    try:
        process.wait_until(lambda: rules().count("port %d" % port) == 2, 60, "its rules")
    finally:
        owner.kill()
        owner.communicate()
    with firewall.dropped(process.free_port()):
        assert "port %d" % port not in rules()


def rules():
    return process.output(firewall.PROGRAM + ["-S", firewall.CHAIN])
