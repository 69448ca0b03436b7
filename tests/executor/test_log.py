"""The log file: whole, bounded, its own lines on lines of their own."""

from __future__ import absolute_import, print_function

import hashlib
import os

from business_hyper_fusion import log as log_module
from business_hyper_fusion.log import Log
from business_hyper_fusion.masker import Masker


def read(path):
    with open(path, "rb") as file:
        return file.read()


def test_digest_is_of_the_whole_file(tmpdir):
    path = str(tmpdir.join("log"))
    log = Log(path, 1000, Masker(["secret"]))
    log.write(b"one secr")
    log.write(b"et")
    log.say("two")
    log.write(b"three")
    closed = log.close()
    assert read(path) == b"one [masked]\ntwo\nthree"
    assert closed == {"bytes": 22, "sha256": hashlib.sha256(read(path)).hexdigest()}


def test_flood_keeps_head_and_end_in_order(tmpdir, monkeypatch):
    monkeypatch.setattr(log_module, "TAIL_BYTES", 100)
    for total in (40, 50, 51, 149, 150, 250, 251, 1234):
        path = str(tmpdir.join("log%d" % total))
        data = b"".join(b"%05d" % number for number in range(total)) if total else b""
        log = Log(path, 200, Masker([]))
        for start in range(0, len(data), 7):
            log.write(data[start : start + 7])
        log.close()
        head, _, end = read(path).partition(b"\n==> tristan:")
        assert head == data[:200]
        kept = end.partition(b"follows\n")[2]
        assert data[200:].endswith(kept) and len(kept) >= min(100, len(data) - 200)
        left_out = int(end.split()[0]) if end else 0
        assert left_out == len(data) - len(head) - len(kept)
        assert os.listdir(str(tmpdir)).count("log%d.tail.0" % total) == 0


def test_own_lines_are_masked_and_stay_one_line(tmpdir):
    log = Log(str(tmpdir.join("log")), 1000, Masker(["secret"]))
    log.say("a\nsecret")
    log.close()
    assert read(str(tmpdir.join("log"))) == b"a [masked]\n"
