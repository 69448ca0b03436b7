"""A peer's command line that connects anew each time: `peer_cold.py fab` or `peer_cold.py pyinfra`."""

import json
import os
import sys

import job
import worker

HERE = os.path.dirname(os.path.abspath(__file__))
BIN = os.path.dirname(sys.executable)


def once(order):
    path = os.path.join(order["request"], "order.json")
    with open(path, "w", encoding="ascii") as target:
        json.dump(order, target)
    words = COMMANDS[sys.argv[1]](order)
    worker.call([os.path.join(BIN, words[0])] + words[1:], environment={"BENCH_ORDER": path})
    job.check_claimed(order)


def fab(order):
    place = "{username}@{host}:{port}".format(**order)
    words = ["fab", "--search-root", HERE, "--collection", "fabric_tasks"]
    return words + ["--identity", order["key"], "--hosts", place, "launch"]


def pyinfra(order):
    words = ["pyinfra", "-y", "--user", order["username"], "--port", str(order["port"])]
    words += ["--key", order["key"], order["host"]]
    return words + [os.path.join(HERE, "pyinfra_deploy.py")]


COMMANDS = {"fab": fab, "pyinfra": pyinfra}

if __name__ == "__main__":
    worker.serve(once)
