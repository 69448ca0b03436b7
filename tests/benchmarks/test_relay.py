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
    # No answer is early; a machine that is busy with something else makes some of them later.
    process.wait_until(lambda: seconds_of_asking(caller) < 10 * DELAY, 60, "an answer in time")
    sent = b"".join(b"%d\n" % number for number in range(200000))
    sender = threading.Thread(target=caller.sendall, args=(sent,))
    sender.start()
    assert received(caller, len(sent)) == sent
    sender.join()
    caller.shutdown(socket.SHUT_WR)
    assert caller.recv(1) == b""


def seconds_of_asking(caller):
    begun = time.monotonic()
    ask(caller, b"second")
    seconds = time.monotonic() - begun
    assert seconds >= 2 * DELAY
    return seconds


def called(port):
    end = time.time() + 60
    while True:
        try:
            return socket.create_connection(("127.0.0.1", port), 60)
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
