"""Requests are bounded, go where they are sent, and fail in words."""

from __future__ import absolute_import, print_function, unicode_literals

import socket
import threading

import pytest

from controller import errors, web
from tests.lab import answering, certificates, process


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(web, "PAUSES", (0.01, 0.02))


def client():
    return web.Client("the other side", errors.GitServerError)


def failure(url, **options):
    """:returns: text, why a request failed"""
    with pytest.raises(errors.GitServerError) as caught:
        client().send("GET", url, **options)
    assert caught.value.message.startswith("the other side: ")
    return caught.value.message


def test_what_is_sent_arrives_and_what_is_answered_comes_back(monkeypatch, tmpdir):
    netrc = tmpdir.join("netrc")
    netrc.write("machine 127.0.0.1 login robot password secret\n")
    monkeypatch.setenv(str("NETRC"), str(netrc))
    body = "s\u00fc\u00df".encode("utf-8")
    with answering.Server([(418, {"X-Odd": "yes"}, b"tea")]) as server:
        answer = client().send("PUT", server.url + "/a?b=c", {"X-Name": "value"}, body)
    assert (answer.status, answer.headers["x-odd"], answer.body) == (418, "yes", b"tea")
    (request,) = server.requests
    assert (request.method, request.path, request.body) == ("PUT", "/a?b=c", body)
    assert request.headers["x-name"] == "value"
    assert request.headers["user-agent"].startswith("tristan/")
    assert "authorization" not in request.headers


def test_a_redirect_is_an_answer_like_another():
    with answering.Server([(200, {}, b"")]) as other:
        with answering.Server([(307, {"Location": other.url}, b"")]) as server:
            assert client().send("POST", server.url, body=b"secret").status == 307
        assert other.requests == []


def test_an_answer_that_passes_is_asked_for_again_and_the_last_one_counts():
    with answering.Server([(503, {}, b""), (429, {}, b""), (502, {}, b"x")]) as server:
        assert client().send("GET", server.url).body == b"x"
    assert len(server.requests) == 3


def test_an_answer_without_end_is_cut_off(monkeypatch):
    monkeypatch.setattr(web, "MOST_BYTES", 1000)
    with answering.Server([(200, {}, b"x" * 1001), (200, {}, b"x" * 1000)]) as server:
        assert len(client().send("GET", server.url).body) == 1000
    with answering.Server([(200, {}, b"x" * 1001)]) as server:
        assert "it can't be read" in failure(server.url)


class Slow(object):
    """Takes calls, and then sends what it is given, again and again until nobody listens."""

    def __init__(self, data):
        self._data = data
        self._listener = socket.socket()
        self._listener.bind(("127.0.0.1", 0))
        self._listener.listen(5)
        self._over = threading.Event()
        self.url = "http://127.0.0.1:%d" % self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._serve)
        self._thread.daemon = True

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *problem):
        self._over.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._listener.close()

    def _serve(self):
        while not self._over.is_set():
            try:
                connection, _ = self._listener.accept()
            except EnvironmentError:
                return
            self._drip(connection)
            connection.close()

    def _drip(self, connection):
        try:
            connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n" if self._data else b"")
            while not self._over.wait(0.02):
                connection.sendall(self._data or b"")
                if not self._data and not self._listens(connection):
                    return
        except EnvironmentError:
            return

    def _listens(self, connection):
        connection.settimeout(0.02)
        try:
            return connection.recv(65536) != b""
        except socket.timeout:
            return True


@pytest.mark.parametrize("data", [b"", b"x"])
def test_who_is_silent_or_drips_is_given_up(monkeypatch, data):
    monkeypatch.setattr(web, "TIMEOUT", 0.2)
    monkeypatch.setattr(web, "WHOLE_TIMEOUT", 0.3)
    with Slow(data) as server:
        assert "it takes too long" in failure(server.url)


def test_failures_name_the_place_and_the_reason_and_no_secret():
    port = process.free_port()
    said = failure("http://user:pass@127.0.0.1:%d/secret?token=secret" % port)
    assert said.endswith("no answer from http://127.0.0.1:%d: connection refused" % port)
    assert "secret" not in failure("http:///secret") + failure("http://[::1/secret")


def test_tls_is_checked_and_never_tried_twice(tmpdir):
    made = certificates.make(str(tmpdir))
    with answering.Server([(200, {}, b"")], (made.certificate, made.key)) as server:
        assert "certificate verify failed" in failure(server.url)
    with answering.Server([(200, {}, b"")]) as server:
        assert "no TLS with https://" in failure(server.url.replace("http:", "https:"))


@pytest.mark.parametrize(
    "url, place, host, loopback",
    [
        ("https://h.example:8/a", "https://h.example:8", "h.example", False),
        ("http://u:p@LOCALHOST/a@b", "http://LOCALHOST", "localhost", True),
        ("http://[::1]:80?x", "http://[::1]:80", "::1", True),
        ("http://127.1.2.3#x", "http://127.1.2.3", "127.1.2.3", True),
        ("http://127.0.0.1.example", "http://127.0.0.1.example", "127.0.0.1.example", False),
    ],
)
def test_places(url, place, host, loopback):
    assert web.place(url) == place
    assert web.host_of(url) == host
    assert web.is_loopback(web.host_of(url)) == loopback
