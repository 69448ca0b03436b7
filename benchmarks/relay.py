"""A TCP relay that holds back all that passes it, as a long way does: `relay.py LISTEN PORT SECONDS`.

Job: carry connections from a port of loopback to another one; each byte arrives so many seconds later, in its order.
In: the two ports, the delay of one way. Out: a Relay, which runs this file as a process of its own.

It limits no bandwidth and loses nothing. A connection begins as over a long way: what the server says first comes two
delays after the call (SYN and its answer), and one for the way. What it does not copy is TCP's own caution on a long
way: each half of the connection is TCP over loopback, with windows that grow at once. So it shows the number of round
trips that a program waits for, and nothing else.
"""

import queue
import socket
import sys
import threading
import time

from tests.lab import process

CHUNK = 256 * 1024


class Relay(object):
    """.port: int, to be called instead of the one behind. :param delay: seconds of one way."""

    def __init__(self, lab, port, delay):
        self.port = process.free_port()
        command = [sys.executable, "-m", "benchmarks.relay", str(self.port), str(port), str(delay)]
        self._child = process.Child(command, lab.path("relay-%d.log" % self.port))
        self._child.wait_for(self._answers, 60, "the relay")

    def _answers(self):
        try:
            socket.create_connection(("127.0.0.1", self.port), 2).close()
            return True
        except OSError:
            return False

    def stop(self):
        self._child.stop()


def serve(listen, port, delay):
    with socket.create_server(("127.0.0.1", listen), backlog=200) as listener:
        while True:
            caller, _ = listener.accept()
            start(connect, caller, port, delay)


def connect(caller, port, delay):
    time.sleep(2 * delay)
    server = socket.create_connection(("127.0.0.1", port))
    for source, target in ((caller, server), (server, caller)):
        source.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        on_its_way = queue.SimpleQueue()
        start(take, source, on_its_way, delay)
        start(hand_on, on_its_way, target)


def take(source, on_its_way, delay):
    """Notes when each piece is to arrive."""
    data = b"-"
    while data:
        try:
            data = source.recv(CHUNK)
        except OSError:
            data = b""
        on_its_way.put((time.monotonic() + delay, data))


def hand_on(on_its_way, target):
    while True:
        arrival, data = on_its_way.get()
        time.sleep(max(0.0, arrival - time.monotonic()))
        try:
            if not data:
                return target.shutdown(socket.SHUT_WR)
            target.sendall(data)
        except OSError:
            return None


def start(function, *arguments):
    threading.Thread(target=function, args=arguments, daemon=True).start()


if __name__ == "__main__":
    serve(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]))
