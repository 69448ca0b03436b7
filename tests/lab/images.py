"""The base images that tests and the demo build in, made only when missing.

In: an engine. Out: `tristan-lab/python:bookworm` and `tristan-lab/nodejs:bookworm`, with seconds
taken and bytes used.
Pulled where a registry answers quickly, else put together from Debian packages, which needs no
registry.
"""

from __future__ import absolute_import, print_function, unicode_literals

import collections
import subprocess
import time

from tests.lab import process

Recipe = collections.namedtuple("Recipe", "name pulled packages proof")
Image = collections.namedtuple("Image", "name how seconds bytes")

PYTHON = Recipe(
    "tristan-lab/python:bookworm",
    "python:3.11-bookworm",
    ("python3", "python3-pip", "python3-setuptools", "python3-wheel", "python3-venv"),
    "python3 -c 'import setuptools, wheel, venv, pip'",
)
NODEJS = Recipe(
    "tristan-lab/nodejs:bookworm",
    "node:20-bookworm",
    ("nodejs", "npm"),
    "node --version && npm --version",
)
RECIPES = (PYTHON, NODEJS)

PULL_SECONDS = 120
ANSWER_SECONDS = 5


def make(engine, recipe):
    """Have an image in the engine.

    :param engine: tests.lab.engine.Engine
    :param recipe: Recipe
    :returns: Image; .how is "present", "pulled" or "made"
    :raises LabError: it could neither be pulled nor made
    """
    start = time.time()
    if engine.has_image(recipe.name):
        how = "present"
    elif _pulled(engine, recipe):
        how = "pulled"
    else:
        _make_from_packages(engine, recipe)
        how = "made"
    size = int(engine.run(["image", "inspect", "--format", "{{.Size}}", recipe.name]))
    return Image(recipe.name, how, time.time() - start, size)


def _pulled(engine, recipe):
    # `manifest inspect` asks the registry only: no long wait where there is none, or none of this
    # name
    if not _succeeds(engine, ["manifest", "inspect", recipe.pulled], ANSWER_SECONDS):
        return False
    if not _succeeds(engine, ["pull", "--quiet", recipe.pulled], PULL_SECONDS):
        return False
    engine.run(["tag", recipe.pulled, recipe.name])
    return True


def _succeeds(engine, arguments, seconds):
    words = ["timeout", str(seconds)] + engine.command + arguments
    process_ = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    process_.communicate()
    return process_.returncode == 0


def _make_from_packages(engine, recipe):
    words = ["mmdebstrap", "--quiet", "--variant=minbase", "--include=" + ",".join(recipe.packages)]
    maker = subprocess.Popen(words + ["bookworm", "-"], stdout=subprocess.PIPE)
    importer = subprocess.Popen(
        engine.command + ["import", "-", recipe.name], stdin=maker.stdout, stdout=subprocess.PIPE
    )
    maker.stdout.close()
    importer.communicate()
    if maker.wait() or importer.returncode:
        if engine.has_image(recipe.name):
            engine.run(["rmi", recipe.name])
        raise process.LabError("mmdebstrap could not make " + recipe.name)


def described(image):
    """:returns: str, one line about an Image"""
    form = "{0.name}: {0.how} in {0.seconds:.1f} s, {1} MB"
    return form.format(image, image.bytes // 1000000)
