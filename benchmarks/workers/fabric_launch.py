"""Fabric in a process that keeps its connection: the scripts as one archive, the request, then the start and the wait.

Fabric compares nothing, so all scripts are sent each time.
"""

import io

import archive
import job
import worker
from fabric import Connection

KEPT = []


def once(order):
    if not KEPT:
        KEPT.append(connection(order))
    printed = run(KEPT[0], order, "%s && %s" % (start(order), job.wait(order)))
    job.check_ended(order, printed)


def connection(order):
    keys = {"key_filename": order["key"], "look_for_keys": False, "allow_agent": False}
    return Connection(
        order["host"], user=order["username"], port=order["port"], connect_kwargs=keys
    )


def run(connection, order, command):
    """:returns: text, what the command printed."""
    connection.put(archive.packed(order), remote=order["root"] + "/scripts.tar")
    connection.put(io.StringIO(archive.request(order)), remote=order["root"] + "/request.json")
    return connection.run(command, hide=True, in_stream=False).stdout


def start(order):
    unpack = "tar -xf {root}/scripts.tar -C {target}".format(**order)
    return "%s && %s" % (unpack, job.start(order, "<%s/request.json" % order["root"]))


if __name__ == "__main__":
    worker.serve(once)
