"""`./dev demo`: builds the sample project `shop` on this machine over SSH, in Docker, and starts its image.

In: nothing but root and the programs that ./dev setup installs.
Out: the built wheel, the log and tristan.yml in .demo/. The demo's sshd, git server, registry and
directories are its own, on loopback, and gone when it ends; so are the images that it made.
"""

from __future__ import absolute_import, print_function, unicode_literals

import json
import os
import shutil
import subprocess
import sys
import time
import urllib.request

from demo.place import Place
from tests.lab import process

HERE = os.path.dirname(os.path.abspath(__file__))
RESULTS = os.path.join(os.path.dirname(HERE), ".demo")
ANSWER_SECONDS = 20
CHANGE = '''

def discount(cents, percent):
    """:returns: int, cents, rounded down."""
    return cents * (100 - percent) // 100
'''


def main():
    """:returns: int, exit status"""
    shutil.rmtree(RESULTS, ignore_errors=True)
    os.mkdir(RESULTS)
    try:
        with Place(os.path.join(HERE, "shop"), RESULTS) as place:
            show(place)
    except process.LabError as error:
        print("error: {0}".format(error), file=sys.stderr)
        return 3
    except Failed as failed:
        return failed.status
    except KeyboardInterrupt:
        say("Interrupted: what the demo started is stopped, its directories are removed.")
        return 130
    say("What the demo started is stopped, what it made is gone but for these:")
    for directory, _, names in sorted(os.walk(RESULTS)):
        for name in sorted(names):
            print("   " + os.path.relpath(os.path.join(directory, name), os.path.dirname(HERE)))
    return 0


class Failed(Exception):
    """A command of the demo ended badly, and has said so itself."""

    def __init__(self, status):
        Exception.__init__(self, status)
        self.status = status


def show(place):
    """Run the main job's commands one after the other, each as the user would type it."""
    address = place.git.address("shop")
    say("An sshd at 127.0.0.1:{0}, a repository at {1}.".format(place.sshd.port, address))
    say("The operator's file, .demo/tristan.yml, knows one machine and one project:")
    print(place.configuration())
    tristan(place, "config", "check")
    say("The machine's host key is pinned once; its fingerprint came by another way.")
    tristan(place, "enroll", "local", "--fingerprint", place.sshd.fingerprint)
    tristan(place, "doctor", "local")
    say(
        "The first build sends the scripts, clones, makes the build image, pushes the project's image."
    )
    tristan(place, "build", "shop", "--branch", "main")
    say("A commit later, the second build sends nothing, fetches, and finds the image.")
    place.commit({"src/shop/discount.py": CHANGE.lstrip()}, "Add a discount")
    tristan(place, "build", "shop", "--branch", "main")
    tristan(place, "status")
    last = json.loads(output(place, "status", "--json"))[0]
    tristan(place, "status", last["build_id"])
    keep_results(place, last)
    say("The image, started from the registry, answers over HTTP:")
    address = place.run_image(last["app_image"]["image"])
    print("   $ docker run --detach --publish ... " + last["app_image"]["image"])
    print("   $ curl " + address)
    print("   " + answer(address))
    say("Tristan leaves the machine as it was.")
    tristan(place, "uninstall", "local", "--yes")


def keep_results(place, build):
    """Copy a build's files and its log from the machine, which is about to go, to .demo/.

    :param build: dict, the build's status
    """
    say("The built files, on the machine:")
    for artifact in build["artifacts"]:
        print("   " + artifact["path"])
        target = os.path.join(RESULTS, artifact["name"])
        os.makedirs(os.path.dirname(target), exist_ok=True)
        shutil.copyfile(artifact["path"], target)
    with open(os.path.join(RESULTS, "build.log"), "w") as log:
        log.write(output(place, "logs", build["build_id"]))


def answer(address):
    """:returns: str, what a server says, once it is up

    :raises process.LabError: it is not within some seconds
    """
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    deadline = time.monotonic() + ANSWER_SECONDS
    while True:
        try:
            with direct.open(address, timeout=5) as page:
                return page.read().decode("utf-8")
        except OSError as error:
            if time.monotonic() > deadline:
                raise process.LabError("{0} does not answer: {1}".format(address, error))
            time.sleep(0.2)


def tristan(place, *arguments):
    """Run a command with its output on the screen.

    :raises Failed: it ended with another status than 0
    """
    print("\n$ tristan " + " ".join(arguments), flush=True)
    status = subprocess.call(place.tristan + list(arguments), env=place.environment)
    if status:
        raise Failed(status)


def output(place, *arguments):
    """:returns: str, what a command printed"""
    return process.output(place.tristan + list(arguments), environment=place.environment)


def say(text):
    print("\n== " + text, flush=True)


if __name__ == "__main__":
    sys.exit(main())
