"""What passes the benchmark's relay comes whole, in its order, and late."""

from __future__ import absolute_import, print_function, unicode_literals

import socket
import threading
import time

import pytest

from benchmarks import relay
from tests.lab import process

pytestmark = pytest.mark.once

DELAY = 0.05


@pytest.fixture
def port():
    """Of a server that sends back what comes, behind a relay."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(5)

    def echo():
        while True:
            send_back(listener.accept()[0])

    listen = process.free_port()
    for function, arguments in (
        (echo, ()),
        (relay.serve, (listen, listener.getsockname()[1], DELAY)),
    ):
        thread = threading.Thread(target=function, args=arguments)
        thread.daemon = True
        thread.start()
    return listen


def send_back(connection):
    for data in iter(lambda: connection.recv(65536), b""):
        connection.sendall(data)
    connection.close()


def test_it_is_late_whole_and_in_order(port):
    caller = called(port)
    ask(caller, b"first")  # the connection is made meanwhile
    begun = time.time()
    ask(caller, b"second")
    assert 2 * DELAY <= time.time() - begun < 10 * DELAY
    sent = b"".join(b"%d\n" % number for number in range(200000))
    sender = threading.Thread(target=caller.sendall, args=(sent,))
    sender.start()
    assert received(caller, len(sent)) == sent
    sender.join()
    caller.shutdown(socket.SHUT_WR)
    assert caller.recv(1) == b""


def called(port):
    end = time.time() + 10
    while True:
        try:
            return socket.create_connection(("127.0.0.1", port), 10)
        except EnvironmentError:
            assert time.time() < end
            time.sleep(0.01)


def ask(caller, text):
    caller.sendall(text)
    assert received(caller, len(text)) == text


def received(caller, count):
    data = b""
    while len(data) < count:
        data += caller.recv(65536)
    return data
