"""How old the lines of a Buildbot's log are when they are read over REST. Arguments: url, lines, pids.

The builder has one step, benchmarks.buildbot.lines_step: each line says when it was written. A round is a build. That
a log has grown is told by a server-sent event, and its lines are asked for then, as Buildbot's own page does it.
Figures: p50, p99, seconds.
"""

import sys
import time

import buildbot_client
import worker

URL, LINES = sys.argv[1], int(sys.argv[2])
CLIENT = buildbot_client.Client(URL, sys.argv[3:])


def once(order):
    CLIENT.listen()
    growth, ages = CLIENT.events("logs/*/append"), []
    figures = buildbot_client.measured(CLIENT, lambda: ages.extend(build(growth)))
    return dict(figures, p50=share(ages, 0.5), p99=share(ages, 0.99))


def build(growth):
    """Ages of one build's lines."""
    build_set = CLIENT.force()
    ages = read(growth)
    CLIENT.wait([build_set])
    return ages


def read(growth):
    """Ages in seconds of the lines, as they come."""
    known, ages = 0, []
    while len(ages) < LINES:
        log = next(growth)
        if log["name"] != "stdio" or log["num_lines"] <= known:
            continue
        chunk = CLIENT.get("logs/%d/contents?offset=%d" % (log["logid"], known))
        now = time.time()
        lines = chunk["logchunks"][0]["content"].splitlines()
        known += len(lines)
        # Buildbot's own lines of a step begin with a letter; those of stdout with "o".
        ages += [now - float(line[1:]) for line in lines if is_time(line)]
    return ages


def is_time(line):
    return line.startswith("o") and line[1:].replace(".", "", 1).isdigit()


def share(ages, part):
    return sorted(ages)[min(int(len(ages) * part), len(ages) - 1)]


worker.serve(once)
