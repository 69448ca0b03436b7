"""A TCP relay in front of a lab's server, which loses what it is told to lose.

In: the port behind. Out: an address; the faults. Each connection has a thread of its own in this process.
"""

from __future__ import absolute_import, print_function, unicode_literals

import select
import socket
import threading
import time


class Relay(object):
    """A context manager.

    .address ("127.0.0.1:PORT") .lost (int, how many answers were lost) .cuts (int, how many connections were cut)
    .refusing (bool, to set: 503 is the answer to all, as of a server that is starting)
    .pause (float, to set: seconds after each 64 KiB that a client sends, so that there is a middle of what it sends)
    .heard (list of bytearray, what each client sent, one for each connection)
    """

    def __init__(self, port):
        self._port = port
        self._wanted = None
        self.refusing = False
        self.pause = 0.0
        self.lost = self.cuts = 0
        self._most, self._times = 0, 0
        self.heard = []
        self._listener = socket.socket()
        self._listener.bind(("127.0.0.1", 0))
        self._listener.listen(20)
        self.address = "127.0.0.1:{0}".format(self._listener.getsockname()[1])
        self._thread = threading.Thread(target=self._accept)
        self._thread.daemon = True

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *problem):
        # a listener that is only closed goes on accepting in the thread that waits for it
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()

    def lose_answer(self, *words):
        """Cut the connection once a request that holds all these words has been answered behind; only once.

        :param words: bytes, such as b"PUT /v2/"
        """
        self._wanted = words

    def cut_after(self, most, times=1):
        """Cut a connection once its client has sent so many bytes over it; so many times, from now on."""
        self._most, self._times = most, times

    def _is_to_be_cut(self, heard):
        if not self._times or len(heard) <= self._most:
            return False
        self._times -= 1
        self.cuts += 1
        return True

    def _accept(self):
        while True:
            try:
                client, _ = self._listener.accept()
            except (EnvironmentError, ValueError):
                return
            carrying = threading.Thread(target=self._carry, args=(client,))
            carrying.daemon = True
            carrying.start()

    def _carry(self, client):
        if self.refusing:
            client.recv(65536)
            client.sendall(
                b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
            )
            client.shutdown(socket.SHUT_WR)
            # Closed with something unread in it, it would be reset, and the answer lost with it.
            client.settimeout(60)
            try:
                while client.recv(65536):
                    pass
            except EnvironmentError:
                pass
            client.close()
            return
        try:
            behind = socket.create_connection(("127.0.0.1", self._port))
        except EnvironmentError:
            client.close()
            return
        try:
            self._exchange(client, behind)
        except EnvironmentError:
            pass
        finally:
            client.close()
            behind.close()

    def _exchange(self, client, behind):
        losing, heard = False, bytearray()
        self.heard.append(heard)
        while True:
            for ready in select.select([client, behind], [], [])[0]:
                data = ready.recv(65536)
                if not data or (losing and ready is behind):
                    self.lost += 1 if data else 0
                    return
                if ready is client and self._wanted and all(word in data for word in self._wanted):
                    self._wanted, losing = None, True
                if ready is client:
                    heard.extend(data)
                    if self._is_to_be_cut(heard):
                        return
                (behind if ready is client else client).sendall(data)
                if ready is client and self.pause:
                    time.sleep(self.pause)
