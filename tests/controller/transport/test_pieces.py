"""What came on a channel, as paramiko feeds it and a reader takes it."""

from __future__ import absolute_import, print_function, unicode_literals

import socket
import threading

import pytest

from controller.transport.library import paramiko
from controller.transport.pieces import Pieces


def fed(*pieces):
    found = Pieces()
    for piece in pieces:
        found.feed(piece)
    return found


def test_a_read_takes_what_is_there_up_to_its_limit():
    pieces = fed(b"one", b"two", b"three")
    assert len(pieces) == 11 and pieces.read_ready()
    assert pieces.read(4) == b"onet"
    assert pieces.read(2) == b"wo"
    assert pieces.read(100) == b"three"
    assert len(pieces) == 0 and not pieces.read_ready()


def test_all_of_it_at_once():
    pieces = fed(b"one", b"two")
    assert pieces.empty() == b"onetwo"
    assert pieces.empty() == b""


def test_a_closed_one_gives_what_is_left_and_then_nothing():
    pieces = fed(b"rest")
    pieces.close()
    assert [pieces.read(10), pieces.read(10)] == [b"rest", b""]


def test_a_wait_ends_with_its_time_or_with_what_comes():
    pieces = Pieces()
    with pytest.raises(paramiko.buffered_pipe.PipeTimeout):
        pieces.read(10, 0.0)
    with pytest.raises(paramiko.buffered_pipe.PipeTimeout):
        pieces.read(10, 0.05)
    threading.Timer(0.05, pieces.feed, [b"came"]).start()
    assert pieces.read(10, 60) == b"came"


def test_whoever_listens_is_told_of_what_came_before_too():
    for pieces in (fed(b"early"), closed()):
        event = threading.Event()
        pieces.set_event(event)
        assert event.is_set()


def test_whoever_listens_is_told_of_what_comes_and_of_the_end():
    for change in (lambda pieces: pieces.feed(b"late"), Pieces.close):
        pieces, event = Pieces(), threading.Event()
        pieces.set_event(event)
        assert not event.is_set()
        change(pieces)
        assert event.is_set()


def closed():
    pieces = Pieces()
    pieces.close()
    return pieces


def test_it_has_what_a_channel_of_paramiko_calls(connection):
    """Without an exec a session has no output; the channel's own methods work on the pieces."""
    session = connection.try_session()
    session.settimeout(0.01)
    with pytest.raises(socket.timeout):
        session.recv(1)
    assert repr(session)
    session.in_buffer.feed(b"came")
    assert "in-buffer=4" in repr(session)
    assert session.recv_ready() and session.recv(10) == b"came"
    session.close()
