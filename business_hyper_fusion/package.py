"""Phase ``package``, where the project has an image: whose Dockerfile it is, and the directory it is built from.

The Dockerfile is the operator's, else the repository's, else the language pack's. package_to_docker.sh fills the
context, in a container like the build's; nothing of the build runs any more when it is looked through.
"""

from __future__ import absolute_import, print_function

import errno
import os
import stat

from business_hyper_fusion import (
    artifacts,
    checkout,
    compat,
    container,
    files,
    outcome,
    scripts,
    step,
)

NAME = "Dockerfile"
SCRIPT = "package_to_docker.sh"
WHOLE_MODULE = "package_module.sh"

LARGEST = 1024 * 1024
"""Bytes of a Dockerfile."""

IGNORE_FILES = (b".dockerignore", b".containerignore")
"""What engines' clients read in a context by themselves, and through a link."""


def run(work):
    """Fill ``context`` of the attempt; the Dockerfile is at :func:`dockerfile` then.

    :raises outcome.Ended: failed ``no_dockerfile``, ``script_failed``, ``oom``, ``bad_context``; error.
    """
    origin, content = choose(work)
    work.log.say("==> package: the Dockerfile is the %s's" % origin)
    compat.make_directories(os.path.dirname(dockerfile(work)), 0o700)
    files.publish(dockerfile(work), content)
    checkout.remove_tree(work.attempt.context)
    compat.make_directories(work.attempt.context)
    script = script_for(origin, work.request["scripts"])
    step.run(work, container.Step("package", script, script, origin))
    left_out = tidy(work.attempt.context)
    if left_out:
        message = "==> package: left out of the context, being neither file, directory nor link: %s"
        work.log.say(message % ", ".join(left_out))


def dockerfile(work):
    """:returns: path of the copy that the engine gets: beside no other file, and out of every build's reach."""
    return work.scratch("dockerfile/" + NAME)


def choose(work):
    """:returns: (``operator``, ``repository`` or ``pack``; the Dockerfile's bytes)."""
    if NAME in work.request["scripts"]:
        return "operator", _read(os.path.join(work.ref.build, NAME))
    module = artifacts.module_directory(work.ref.source, work.request["project"]["module_path"])
    content = of_repository(module) if module else None
    if content is not None:
        return "repository", scripts.unix_lines(content)
    try:
        return "pack", _read(os.path.join(work.ref.build, NAME))
    except (IOError, OSError):
        message = (
            "there is no Dockerfile in %s, and the pack %s has none; add one there, or set dockerfile in the "
            "build profile, or build without docker_registry"
        )
        where = work.request["project"]["module_path"] or "the repository"
        raise outcome.failed(
            "no_dockerfile", message % (where, work.request["project"]["language"])
        )


def of_repository(module):
    """:param module: bytes, the module's directory. :returns: bytes, or None where there is no Dockerfile.

    :raises outcome.Ended: ``no_dockerfile`` when what has the name can't be one.
    """
    try:
        # A build could have made it a link to a file of the host, or a pipe that nobody writes to.
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK
        descriptor = os.open(os.path.join(module, compat.to_bytes(NAME)), flags)
    except OSError as problem:
        if problem.errno == errno.ENOENT:
            return None
        what = "a link" if problem.errno == errno.ELOOP else os.strerror(problem.errno)
        raise _unfit(what)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise _unfit("no regular file")
    with os.fdopen(descriptor, "rb") as file:
        content = file.read(LARGEST + 1)
    if len(content) > LARGEST:
        raise _unfit("larger than %d bytes" % LARGEST)
    return content


def _unfit(what):
    message = "the repository's Dockerfile can't be used (%s); make it a plain file, or set one in the build profile"
    return outcome.failed("no_dockerfile", message % what)


def script_for(origin, request_scripts):
    """:returns: the script that fills the context: the operator's own one always counts."""
    whole = origin == "repository" and SCRIPT not in request_scripts
    return WHOLE_MODULE if whole else SCRIPT


def tidy(context):
    """Leave only what an image can hold, so that no client waits for a pipe or reads a file of the host.

    :returns: names of what was removed: pipes, sockets, devices.
    :raises outcome.Ended: ``bad_context`` when a file that clients read by themselves is a link.
    """
    removed = []
    top = compat.to_bytes(context)
    for name in IGNORE_FILES:
        if os.path.islink(os.path.join(top, name)):
            message = "%s is a link; make it a plain file" % compat.to_native(name)
            raise outcome.failed("bad_context", message)
    for directory, below, names in os.walk(top):
        for name in below + names:
            path = os.path.join(directory, name)
            mode = os.lstat(path).st_mode
            if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode) or stat.S_ISLNK(mode)):
                os.unlink(path)
                removed.append(compat.to_native(os.path.relpath(path, top)))
    return removed


def _read(path):
    with open(path, "rb") as file:
        return file.read()
