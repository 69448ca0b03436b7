"""The demo does what the README's first minutes promise, and cleans up after itself."""

from __future__ import absolute_import, print_function, unicode_literals

import glob
import json
import os
import subprocess
import sys

import pytest

from demo.place import IMAGE
from tests.lab import process

pytestmark = pytest.mark.once

REPOSITORY = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def test_the_demo_builds_and_cleans_up(engine):
    lab = process.directory("demo")
    running = subprocess.Popen(
        [sys.executable, "-B", "-m", "demo"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=process.merged_environment({"TRISTAN_LAB_DIRECTORY": lab}),
        cwd=REPOSITORY,
    )
    printed = running.communicate()[0].decode("utf-8")
    assert running.returncode == 0, printed
    assert printed.count("success  shop branch main") == 2
    assert printed.index("cloning") < printed.index("fetching")
    assert printed.count("tristan: pushed") == 1
    answer = printed.partition("$ curl http://127.0.0.1:")[2].splitlines()[1]
    assert json.loads(answer)["apple"] > 0
    assert glob.glob(os.path.join(REPOSITORY, ".demo", "dist", "shop-1.0-*.whl"))
    os.rmdir(lab)  # refuses when something is left in it
    assert not engine.has_image(IMAGE)
