"""A shell script that does a build by hand, sent through a ControlMaster. Arguments: script, address, image, directory
on the machine, the engine's command, then the words of ssh.

The order names the ref, as `heads/main`, and the commit. Figures: seconds; git, those of fetching and
checking out.
"""

import sys

import worker

SCRIPT, ADDRESS, IMAGE, PLACE, ENGINE = sys.argv[1:6]
SSH = sys.argv[6:]


def once(order):
    words = SSH + ["sh", "-s", "--", PLACE, ADDRESS, order["ref"], IMAGE, ENGINE]
    with open(SCRIPT, "rb") as script:
        told = worker.call(words, script.read()).decode("ascii").split()
    if told[0] != order["commit"]:
        raise worker.Failed("%s was built instead of %s" % (told[0], order["commit"]))
    return {"git": float(told[2]) - float(told[1])}


worker.serve(once)
