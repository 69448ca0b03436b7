"""The build container: its name, mounts, variables and options. Plans only; runs nothing.

What a build gets is written here and nowhere else: this ref's source and the project's caches to write, its
scripts and the dependency configuration to read. No sibling branch, no mirror, no engine socket.
"""

from __future__ import absolute_import, print_function

import os

from business_hyper_fusion import compat, names

MOUNTS = {
    "source": "/tristan/source",
    "build": "/tristan/build",
    "cache": "/tristan/cache/project",
    "dependency_lib": "/tristan/cache/dependency_lib",
}
"""Where things are inside, the same in every build: what tools cache by path stays valid."""


def name(work):
    return names.container(work.request["build_id"], work.request["attempt"], "build")


def run_options(work, environment_file, cid_file):
    """:returns: everything between ``docker run`` and the image, as an argument list."""
    request = work.request
    options = ["--name", name(work), "--init", "--log-driver", "none", "--cidfile", cid_file]
    options += ["--user", "%d:%d" % (os.getuid(), os.getgid()), "--workdir", MOUNTS["source"]]
    options += ["--security-opt", "no-new-privileges", "--cap-drop", "ALL"]
    options += ["--network", request["network"], "--env-file", environment_file]
    for label, value in sorted(labels(work).items()):
        options += ["--label", "%s=%s" % (label, value)]
    return options + _limits(request["limits"]) + _mounts(work)


def labels(work):
    """By these a container is found again, whatever happened to who started it."""
    return {
        "tristan.build_id": work.request["build_id"],
        "tristan.attempt": str(work.request["attempt"]),
        "tristan.root": work.business.root,
    }


def _limits(limits):
    options = ["--pids-limit", str(limits["pids"])]
    if limits["memory"]:
        # Swap counts as memory, otherwise the limit only makes the machine slow.
        options += ["--memory", limits["memory"], "--memory-swap", limits["memory"]]
    if limits["cpus"]:
        options += ["--cpus", limits["cpus"]]
    return options


def _mounts(work):
    options = []
    for path, target, read_only in (
        (work.ref.source, MOUNTS["source"], False),
        (work.project.cache, MOUNTS["cache"], False),
        (work.ref.build, MOUNTS["build"], True),
        (dependency_configuration(work), MOUNTS["dependency_lib"], True),
    ):
        words = ["type=bind", "source=" + path, "target=" + target]
        options += ["--mount", ",".join(words + ["readonly"] if read_only else words)]
    return options


def dependency_configuration(work):
    """:returns: the language's configuration of remote dependency libraries, of the pinned release."""
    path = os.path.join(
        work.release, "cache", "dependency_lib", work.request["project"]["language"]
    )
    return path if os.path.isdir(path) else work.business.empty_home


def variables(work):
    """:returns: what every build script finds in its environment besides the profile's and the operator's own."""
    request = work.request
    return {
        "CI": "true",
        "TRISTAN_ATTEMPT": work.attempt.token,
        "TRISTAN_BUILD_ID": request["build_id"],
        "TRISTAN_PROJECT": request["project"]["name"],
        "TRISTAN_LANGUAGE": request["project"]["language"],
        "TRISTAN_MODULE_PATH": request["project"]["module_path"],
        "TRISTAN_REF_KIND": request["ref"]["kind"],
        "TRISTAN_REF": request["ref"]["name"],
        "TRISTAN_COMMIT": work.status.document["commit"],
    }


def inside_variables(work):
    """:returns: the environment of a script inside the container."""
    values = dict(request_environment(work), **variables(work))
    values.update(
        _places(MOUNTS["source"], MOUNTS["build"], MOUNTS["cache"], MOUNTS["dependency_lib"])
    )
    user = "root" if os.getuid() == 0 else "tristan"
    # The signal that ends a build reaches its whole process group, not only the first shell (tini's option).
    values.update(USER=user, LOGNAME=user, TINI_KILL_PROCESS_GROUP="1")
    return values


def host_variables(work):
    """:returns: what a script gets on top of the login's environment with isolation ``host``."""
    values = dict(request_environment(work), **variables(work))
    values.update(
        _places(work.ref.source, work.ref.build, work.project.cache, dependency_configuration(work))
    )
    values["TRISTAN_ISOLATION"] = "host"
    return values


def script_variables(work):
    """:returns: what our own scripts on the host get to drive the engine."""
    return {
        "TRISTAN_ISOLATION": "docker",
        "TRISTAN_ATTEMPT": work.attempt.token,
        "TRISTAN_ENGINE": " ".join(work.engine),
        "TRISTAN_CONTAINER": name(work),
        "TRISTAN_BUILD_IMAGE": work.status.document["image"]["build_image"],
        "TRISTAN_BUILD": MOUNTS["build"],
    }


def request_environment(work):
    return dict(work.request["environment"])


def _places(source, build, cache, dependency_lib):
    return {
        "TRISTAN_SOURCE": source,
        "TRISTAN_BUILD": build,
        "TRISTAN_CACHE": cache,
        "TRISTAN_DEPENDENCY_LIB": dependency_lib,
        "HOME": cache + "/home",
    }


def environment_file(work):
    """:returns: the content of ``--env-file``, bytes: values stay out of argument lists, also behind sudo.

    One ``NAME=value`` a line, nothing is unquoted by the engine; the grammar refuses values with line ends.
    """
    lines = ["%s=%s" % item for item in sorted(inside_variables(work).items())]
    return compat.to_bytes("\n".join(lines) + "\n")
