"""What `fab` runs for peer_cold.py: the task `launch`, with the round's order in a file that BENCH_ORDER names."""

import json
import os

import fabric_launch
from fabric import task


@task
def launch(connection):
    with open(os.environ["BENCH_ORDER"], encoding="ascii") as source:
        order = json.load(source)
    fabric_launch.run(connection, order, fabric_launch.start(order))
