"""pyinfra by its API in a process that keeps its connection: files.put of the scripts, server.shell for the rest.

The scripts go as one archive, which files.put compares and sends only when it differs: files.sync asks several
questions for each file, which takes half a minute for this many. A deploy has a State of its
own; the connection is handed on.
"""

from gevent import monkey

monkey.patch_all()

import archive  # noqa: E402
import job  # noqa: E402
import worker  # noqa: E402
from pyinfra.api import Config, Inventory, State  # noqa: E402
from pyinfra.api.connect import connect_all  # noqa: E402
from pyinfra.api.operation import add_op  # noqa: E402
from pyinfra.api.operations import run_ops  # noqa: E402
from pyinfra.operations import files, server  # noqa: E402

CONNECTED = {}


def once(order):
    state = deploy(order)
    scripts = order["root"] + "/scripts.tar"
    add_op(state, files.put, src=archive.file(order), dest=scripts)
    unpack = "tar -xf %s -C %s" % (scripts, order["target"])
    command = " && ".join([unpack, job.start(order, ""), job.wait(order)])
    done = add_op(state, server.shell, commands=[command], _stdin=archive.request(order))
    run_ops(state)
    for said in done.values():
        job.check_ended(order, said.stdout)


def deploy(order):
    """:returns: State, connected."""
    data = {
        "ssh_port": order["port"],
        "ssh_user": order["username"],
        "ssh_key": order["key"],
        "ssh_allow_agent": False,
        "ssh_look_for_keys": False,
    }
    state = State(Inventory(([(order["host"], data)], {})), Config())
    host = next(iter(state.inventory))
    if CONNECTED:
        host.connector, host.connected = CONNECTED["connector"], True
        host.connector.state, host.connector.host = state, host
        state.activate_host(host)
    else:
        connect_all(state)
        CONNECTED["connector"] = host.connector
    return state


if __name__ == "__main__":
    worker.serve(once)
