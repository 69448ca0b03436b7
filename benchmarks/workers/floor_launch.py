"""The floor of the launches: `floor_launch.py connection job`.

connection: `warm` through the ControlMaster, `cold` without one. job: `startup` is Tristan's own startup.py, `hand` the
same work as a short shell script. With a cold connection the end is not waited for.
"""

import os
import shlex
import sys

import job
import worker

SCRIPT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "floor_launch.sh")


def warm_startup(order):
    printed = send(order["ssh"], order, "%s && %s" % (job.start(order), job.wait(order)))
    job.check_ended(order, printed)


def cold_startup(order):
    job.check_started(order, send(order["cold"], order, job.start(order)))


def warm_hand(order):
    printed = send(order["ssh"], order, "{ %s } && wait $! && cat hand.log" % by_hand(order))
    if printed.decode("ascii").split() != [order["commit"]]:
        raise worker.Failed("the job was not done: %r" % printed)


def cold_hand(order):
    send(order["cold"], order, by_hand(order))


def by_hand(order):
    words = "{repository} {root}/source".format(**order)
    return "nohup sh hand_job.sh %s >hand.log 2>&1 </dev/null &" % words


def send(ssh, order, command):
    """:returns: bytes, what the command printed."""
    words = ["sh", SCRIPT, " ".join(map(shlex.quote, ssh)), order["scripts"], order["request"]]
    return worker.call(words + [order["target"], command])


if __name__ == "__main__":
    worker.serve(globals()["_".join(sys.argv[1:])])
