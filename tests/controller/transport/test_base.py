"""Lines and counted bytes over any cut of the stream."""

from __future__ import absolute_import, print_function, unicode_literals

import pytest

from controller import errors
from controller.transport import base


class Pieces(base.Channel):
    """A channel whose stdout comes in given pieces."""

    def __init__(self, *pieces):
        super(Pieces, self).__init__()
        self.pieces = list(pieces)

    def _receive(self, timeout):
        if not self.pieces:
            return b""
        piece = self.pieces.pop(0)
        if piece is None:
            raise base.ReceiveTimeout("nothing")
        return piece


def test_lines_whatever_the_pieces():
    whole = b"one\n\ntwo\nlast"
    for cut in range(len(whole)):
        pieces = [piece for piece in (whole[:cut], whole[cut:]) if piece]
        channel = Pieces(*pieces)
        lines = [channel.read_line(1) for _ in range(5)]
        assert lines == [b"one\n", b"\n", b"two\n", b"last", b""]


def test_lines_bytes_and_chunks_in_turn():
    channel = Pieces(b"head 5\nab", b"cdefg", b"h\nrest")
    assert channel.read_line(1) == b"head 5\n"
    assert channel.read_exactly(5, 1) == b"abcde"
    assert channel.read_exactly(0, 1) == b""
    assert channel.receive(1) == b"fg"
    assert channel.read_line(1) == b"h\n"
    assert channel.receive(1) == b"rest"
    assert channel.receive(1) == b""


def test_a_silence_in_a_line_is_told_as_such():
    channel = Pieces(b"half a li", None, b"ne\n")
    with pytest.raises(base.ReceiveTimeout):
        channel.read_line(1)


def test_an_end_in_counted_bytes_is_a_cut():
    with pytest.raises(errors.ConnectionLost):
        Pieces(b"abc").read_exactly(4, 1)


def test_a_line_without_end_is_given_up(monkeypatch):
    monkeypatch.setattr(base, "LONGEST_LINE", 100)
    channel = Pieces(*[b"x" * 30] * 5)
    with pytest.raises(errors.ProtocolError):
        channel.read_line(1)
    assert channel.pieces


def test_many_lines_in_one_piece_cost_no_squares():
    """A hundred thousand lines in one piece of 1 MB; cutting each off would copy 50 GB."""
    channel = Pieces(b"0123456789\n" * 100000)
    assert sum(1 for _ in iter(lambda: channel.read_line(1), b"")) == 100000
