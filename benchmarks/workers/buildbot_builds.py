"""So many builds of Buildbot's, asked for at once, until all have ended. Arguments: url, builds, wanted, pids.

`wanted` is how many builds the figures are for: those of fewer builds are scaled, as the workers have enough to do with
them already.
"""

import sys

import buildbot_client
import worker

URL, BUILDS, WANTED = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
CLIENT = buildbot_client.Client(URL, sys.argv[4:])


def once(order):
    CLIENT.listen()
    figures = buildbot_client.measured(CLIENT, build)
    figures = {name: value * WANTED / BUILDS for name, value in figures.items()}
    return dict(figures, builds_a_minute=60 * WANTED / figures["seconds"])


def build():
    CLIENT.wait([CLIENT.force() for _ in range(BUILDS)])


worker.serve(once)
