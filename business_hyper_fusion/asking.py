"""Asking the engine what engine.py plans: whether it answers, and what images it has.

In: Work, names of images. Out: what the engine tells, or outcome.Ended where it is the engine that is missing.
"""

from __future__ import absolute_import, print_function

import json

from business_hyper_fusion import compat, engine, outcome


def run(work, words, runner=None, **options):
    """:param runner: another one than the attempt's own, say one that a cancellation does not end.
    :param options: those of process.Command.
    :returns: Finished.

    :raises outcome.Ended: ``no_engine``; cancelled, timeout.
    """
    try:
        return (runner or work.runner).run(work.engine_command(words, **options))
    except outcome.Ended as ended:
        if ended.cause == "not_started":
            message = "%s is not installed on the machine; `tristan doctor` checks it"
            raise outcome.error("no_engine", message % words[0])
        raise


def check(work):
    """:raises outcome.Ended: ``no_engine``, ``engine_denied``, ``engine_unavailable``."""
    answer = run(work, engine.version(work.engine), capture=True)
    if answer.exit_status != 0:
        raise engine.unavailable(work.engine, work.host_environment(), answer.last_line())


def images(work, names, runner=None):
    """:param names: of images, or ids. :returns: list of dict, one for each that is there, in this order."""
    return images_in(run(work, engine.image_inspect(work.engine, names), runner, capture=True))


def images_in(answer):
    """:param answer: Finished of engine.image_inspect. :returns: the same."""
    found = []
    for line in answer.text().splitlines():
        try:
            image = compat.native(json.loads(line))
        except ValueError:
            continue  # The engine's complaint about a missing image shares the stream.
        image["Id"] = long_id(image["Id"])
        found.append(image)
    return found


def long_id(image_id):
    """:returns: an image's id as Docker writes it; Podman leaves the algorithm out."""
    return image_id if ":" in image_id else "sha256:" + image_id
