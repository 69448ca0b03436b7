"""The job that all launches start: what is run for it on the machine, and whether it was done.

In: a round's order. Out: shell text; worker.Failed when the job was not done.
"""

import json
import os

import worker


def start(order, request="<request.json"):
    """Starts the build by the scripts in the order's target; it goes into the background by itself.

    :param request: where the request comes from, a redirection.
    """
    return "cd {target} && {python} -E -S -B startup.py 1 {0}".format(request, **order)


def wait(order):
    """Until the build has let go of its executor; then prints how it ended."""
    return "flock {root}/1/run/1/lock cat {root}/1/run/1/status".format(**order)


def check_started(order, printed):
    """:param printed: text or bytes, what `start` printed."""
    answer = last_document(printed)
    if answer.get("answer") != "started" or answer.get("build_id") != order["build_id"]:
        raise worker.Failed("the build was not started: %r" % printed)


def check_claimed(order):
    """By the machine's disk, which is this one's: the attempt's directory is its claim."""
    builds = os.path.join(order["root"], "1", "run", "1", "builds")
    if not os.path.isdir(os.path.join(builds, order["build_id"])):
        raise worker.Failed("the build was not started")


def check_ended(order, printed):
    """:param printed: text or bytes, what `wait` printed."""
    status = last_document(printed)
    if status.get("state") != "success" or status.get("build_id") != order["build_id"]:
        raise worker.Failed("the build was not done: %r" % printed)


def last_document(printed):
    text = printed.decode("utf-8") if isinstance(printed, bytes) else printed
    begin = max(text.rfind("\n{"), 0)
    try:
        return json.loads(text[begin:])
    except ValueError:
        return {}
