"""many_launches.sh, once a round. The order has its lines, `launches`, and the commit that is built."""

import json
import os
import tempfile

import worker

SCRIPT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "many_launches.sh")


def once(order):
    lines = "".join("\t".join(launch) + "\n" for launch in order["launches"])
    with tempfile.TemporaryDirectory() as directory:
        worker.call(["sh", SCRIPT, directory], lines.encode("utf-8"))
        for number in range(len(order["launches"])):
            check(os.path.join(directory, "%d" % (number + 1)), order)


def check(path, order):
    """:raises worker.Failed: it is not the status of a build that went well."""
    with open(path, encoding="utf-8") as source:
        text = source.read()
    status = json.loads(text) if text else {}
    if (status.get("state"), status.get("commit")) != ("success", order["commit"]):
        raise worker.Failed("a build was not done: %.200r" % text)


if __name__ == "__main__":
    worker.serve(once)
