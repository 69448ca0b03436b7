"""Asking the engine what engine.py plans: whether it answers, and what images it has.

In: Work, names of images. Out: what the engine tells, or outcome.Ended where it is the engine that is missing.
"""

from __future__ import absolute_import, print_function

import json

from business_hyper_fusion import compat, engine, engine_socket, outcome


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


def images_ahead(work, names):
    """Ask what images() asks, and do something else meanwhile.

    :returns: what has images(), which waits for the same answer, and forget(), for who does not want it any more.
    :raises outcome.Ended: the engine's client can't be started.
    """
    questions = engine_socket.ask_for_images(work.engine, work.host_environment(), names)
    return OfSocket(work, names, questions) if questions else OfClient(work, names)


class OfSocket(object):
    """:param questions: list of engine_socket.Question."""

    def __init__(self, work, names, questions):
        self._work = work
        self._names = names
        self._questions = questions

    def images(self):
        found = [question.document() for question in self._questions]
        if None in found:
            return images(self._work, self._names)  # whose client can tell what is wrong
        return [told(image) for image in found if image]

    def forget(self):
        for question in self._questions:
            question.close()


class OfClient(object):
    """For an engine that is reached by its client alone."""

    def __init__(self, work, names):
        self._runner = work.runner
        words = engine.image_inspect(work.engine, names)
        self._asked = work.runner.begin(work.engine_command(words, capture=True))

    def images(self):
        return images_in(self._runner.finish(self._asked))

    def forget(self):
        self._runner.abandon(self._asked)


def images_in(answer):
    """:param answer: Finished of engine.image_inspect. :returns: the same."""
    found = []
    for line in answer.text().splitlines():
        try:
            found.append(told(compat.native(json.loads(line))))
        except ValueError:
            continue  # The engine's complaint about a missing image shares the stream.
    return found


def told(image):
    """:returns: what an engine tells of an image, its id as Docker writes it."""
    return dict(image, Id=long_id(image["Id"]))


def long_id(image_id):
    """:returns: an image's id as Docker writes it; Podman leaves the algorithm out."""
    return image_id if ":" in image_id else "sha256:" + image_id
