"""What `pyinfra` runs for peer_cold.py, with the round's order in a file that BENCH_ORDER names."""

import json
import os
import sys

from pyinfra.operations import files, server

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import archive  # noqa: E402
import job  # noqa: E402

with open(os.environ["BENCH_ORDER"], encoding="ascii") as source:
    order = json.load(source)
scripts = order["root"] + "/scripts.tar"
files.put(src=archive.file(order), dest=scripts)
unpack = "tar -xf %s -C %s" % (scripts, order["target"])
server.shell(commands=["%s && %s" % (unpack, job.start(order, ""))], _stdin=archive.request(order))
