"""A step of a past attempt once more, for a person: with the same image, mounts, user, environment and limits.

In: the attempt's Work, a directory of its own. Out: what the step needs put into that directory; argument lists.

<directory>/source (or the ref's own)   build/   environment   ca/   context/   secrets/ (empty)   step.json
"""

from __future__ import absolute_import, print_function

import copy
import os

from business_hyper_fusion import compat, container, files

RECORD = "step.json"
ENVIRONMENT = "environment"

ONLY_WATCHED = ("--name", "--cidfile", "--log-driver", "--label")
"""Options by which Tristan finds a container again; who starts one by hand looks after it."""


def aside(work, directory, source):
    """:returns: Work whose files are in ``directory``, and that builds in ``source``."""
    moved = copy.copy(work)
    moved.ref, moved.attempt = copy.copy(work.ref), copy.copy(work.attempt)
    moved.request = dict(work.request, engine=for_many(work.request["engine"]))
    moved.ref.source = source
    moved.ref.build = os.path.join(directory, "build")
    moved.attempt.scratch = directory
    moved.attempt.context = os.path.join(directory, "context")
    moved.attempt.build_secrets = os.path.join(directory, "secrets")
    return moved


def for_many(engine):
    """:param engine: the request's. :returns: the same where several people have a shell in the same directory."""
    return dict(engine, selinux="shared") if engine["selinux"] == "private" else engine


def prepare(work, directory, source, step):
    """Put everything but the source there; secrets are left out.

    :param step: container.Step. :returns: see :func:`aside`.
    """
    import shutil  # 2 ms, with three compressions, which only a failed build needs

    moved = aside(work, directory, source)
    shutil.copytree(work.ref.build, moved.ref.build)
    for path in (moved.attempt.build_secrets, moved.attempt.context):
        compat.make_directories(path)
    environment = container.environment_file(moved, step)
    files.publish(os.path.join(directory, ENVIRONMENT), environment, 0o600)
    container.run_options(moved, "", "", step)  # its mounts are made
    files.publish_json(os.path.join(directory, RECORD), dict(step._asdict()))
    return moved


def step_of(directory):
    """:returns: container.Step that was prepared there."""
    record = files.read_json(os.path.join(directory, RECORD)) or {}
    known = sorted(record) == sorted(container.Step._fields)
    return container.Step(**record) if known else container.BUILD


def options(moved, step, name):
    """:returns: ``docker run``'s options for a container of that name, which is removed when it ends."""
    environment = os.path.join(moved.attempt.scratch, ENVIRONMENT)
    found = container.run_options(moved, environment, "", step)
    return ["--rm", "--name", name] + without(found, ("--name", "--cidfile", "--log-driver"))


def by_hand(moved, step, image):
    """:returns: the argument list that repeats the step from any shell on the machine."""
    environment = os.path.join(moved.attempt.scratch, ENVIRONMENT)
    found = container.run_options(moved, environment, "", step)
    words = moved.engine + ["run", "--rm", "--interactive", "--tty"]
    return words + without(found, ONLY_WATCHED) + [image] + script(step, container.MOUNTS["build"])


def script(step, build):
    """:param build: the directory of the scripts, as the step sees it. :returns: argument list."""
    return ["/bin/sh", build + "/run_script.sh", build + "/" + step.script]


def without(words, options):
    """:returns: the list without these options and their values."""
    kept = []
    words = iter(words)
    for word in words:
        if word in options:
            next(words)
        else:
            kept.append(word)
    return kept


def quoted(words):
    """:returns: one line of shell."""
    return " ".join(compat.quote(word) for word in words)
