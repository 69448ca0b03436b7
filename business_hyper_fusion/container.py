"""The build container: its name, mounts, variables and options. Plans only; runs nothing.

What a build gets is written here and nowhere else: this ref's source and the project's caches to write, its
scripts and the dependency configuration to read, for the step ``package`` the image's context to fill. No sibling
branch, no mirror, no engine socket.
"""

from __future__ import absolute_import, print_function

import collections
import os

from business_hyper_fusion import access, compat, names

MOUNTS = {
    "source": "/tristan/source",
    "build": "/tristan/build",
    "cache": "/tristan/cache/project",
    "dependency_lib": "/tristan/cache/dependency_lib",
    "downloads": "/tristan/cache/downloads",
    "secrets": "/tristan/secrets",
    "context": "/tristan/context",
    "private": "/tristan/private",
    "lifeline": "/tristan/lifeline",
}
"""Where things are inside, the same in every build: what tools cache by path stays valid."""

RELABELS = {"shared": "z", "private": "Z"}
"""SELinux labels by which containers may use what is mounted: any container, or this one alone."""

USED_BY_OTHERS = (MOUNTS["cache"], MOUNTS["dependency_lib"], MOUNTS["downloads"])
"""Containers of other builds, or somebody's shell, may have these at the same time: never this one's alone."""

PRIVATE = [
    "--mount",
    "type=tmpfs,target=%s,tmpfs-mode=1777,tmpfs-size=16777216" % MOUNTS["private"],
]
"""Where tools' configuration lies that holds secrets: in memory, for one container. Docker and Podman have a mode alike
for it, an owner not; there is no second user inside."""

Step = collections.namedtuple("Step", "name title script dockerfile")
"""A script that a container is started for.

name: of the step, in the container's name; title: what people call the script; script: its file in ``build``;
dockerfile: whose Dockerfile the image's context is for (operator, repository or pack), "" where there is no context.
"""

BUILD = Step("build", "the build script", "compile_to_execute.sh", "")


def name(work, step=BUILD):
    return names.container(work.request["build_id"], work.request["attempt"], step.name)


def run_options(work, environment_file, cid_file, step=BUILD):
    """:returns: everything between ``docker run`` and the image, as an argument list."""
    request = work.request
    options = ["--name", name(work, step), "--init", "--log-driver", "none"]
    options += ["--cidfile", cid_file]
    options += ["--user", "%d:%d" % (os.getuid(), os.getgid()), "--workdir", MOUNTS["source"]]
    options += _fences(request["engine"])
    options += ["--network", request["network"], "--env-file", environment_file]
    for label, value in sorted(labels(work).items()):
        options += ["--label", "%s=%s" % (label, value)]
    return options + _limits(request["limits"]) + _mounts(work, step) + PRIVATE


def attended_options(work, directory):
    """:param directory: of the lifeline. :returns: options of a container that a worker attends to, besides the others.

    The engine itself removes it, also when nobody is left on the machine to do that.
    """
    mount = (directory, MOUNTS["lifeline"], True)
    return ["--rm"] + _mount(mount, work.request["engine"]["selinux"])


def labels(work):
    """By these a container is found again, whatever happened to who started it."""
    return {
        "tristan.build_id": work.request["build_id"],
        "tristan.attempt": str(work.request["attempt"]),
        "tristan.root": work.business.root,
    }


def _fences(engine):
    """What keeps a build inside. Docker 19.03 and Podman 4 know it all; their seccomp filter and /proc masks stay."""
    options = ["--security-opt", "no-new-privileges", "--cap-drop", "ALL", "--ipc", "private"]
    # An image's health check is a command beside the build, which nobody asks for.
    options += ["--no-healthcheck"]
    if engine["kind"] == "podman":
        # A build image that is gone must not be looked for by its short name in the registries of the world.
        options += ["--pull=never"]
    if engine["selinux"] == "disable":
        options += ["--security-opt", "label=disable"]
    if not [word for word in engine["run_options"] if word.startswith("--ulimit=core=")]:
        options += ["--ulimit=core=0"]
    return options + engine["run_options"]


def _limits(limits):
    options = ["--pids-limit", str(limits["pids"])]
    if limits["memory"]:
        # Swap counts as memory, otherwise the limit only makes the machine slow.
        options += ["--memory", limits["memory"], "--memory-swap", limits["memory"]]
    if limits["cpus"]:
        options += ["--cpus", limits["cpus"]]
    return options


def _mounts(work, step):
    mounts = [
        (work.ref.source, MOUNTS["source"], False),
        (work.project.cache, MOUNTS["cache"], False),
        (work.ref.build, MOUNTS["build"], True),
        (dependency_configuration(work), MOUNTS["dependency_lib"], True),
        (work.attempt.build_secrets, MOUNTS["secrets"], True),
    ]
    mounts += access.mounts(work)
    if shares_downloads(work):
        mounts.append((downloads(work), MOUNTS["downloads"], False))
    if step.dockerfile:
        mounts.append((work.attempt.context, MOUNTS["context"], False))
    selinux = work.request["engine"]["selinux"]
    return [word for mount in mounts for word in _mount(mount, selinux)]


def _mount(mount, selinux):
    """:param mount: (path, target, read-only). :returns: one option and its value."""
    path, target, read_only = mount
    if selinux in RELABELS:
        # Only in this form do both engines relabel; no path has a colon, a root's least of all.
        mark = RELABELS["shared" if target in USED_BY_OTHERS else selinux]
        return ["--volume", "%s:%s:%s,%s" % (path, target, "ro" if read_only else "rw", mark)]
    words = ["type=bind", "source=" + path, "target=" + target]
    return ["--mount", ",".join(words + ["readonly"] if read_only else words)]


def dependency_configuration(work):
    """:returns: the language's configuration of remote dependency libraries, of the pinned release."""
    path = os.path.join(
        work.release, "cache", "dependency_lib", work.request["project"]["language"]
    )
    return path if os.path.isdir(path) else work.business.empty_home


def shares_downloads(work):
    """Whether what is downloaded is the language's, for all projects, and not the project's own."""
    return work.request["cache"]["scope"] == "language"


def downloads(work):
    """:returns: the directory on the machine where download caches are."""
    if shares_downloads(work):
        return work.business.downloads(work.request["project"]["language"])
    return work.project.dependency_lib


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
        "IMAGE_PROJECT_TAG": project_tag(request),
    }


def project_tag(request):
    """:returns: ``<project>-<ref>``, by which a running service names itself."""
    if request["publish"]:
        return request["publish"]["project_tag"]
    return names.app_repository(request["project"]["name"], request["ref"]["name"])


def inside_variables(work, step=BUILD):
    """:returns: the environment of a script inside the container."""
    values = request_environment(work, inside=True)
    own = MOUNTS["cache"] + "/dependency_lib"
    values.update(
        TRISTAN_SOURCE=MOUNTS["source"],
        TRISTAN_BUILD=MOUNTS["build"],
        TRISTAN_CACHE=MOUNTS["cache"],
        TRISTAN_DEPENDENCY_LIB=MOUNTS["dependency_lib"],
        TRISTAN_DOWNLOADS=MOUNTS["downloads"] if shares_downloads(work) else own,
        TRISTAN_SECRETS=MOUNTS["secrets"],
        TRISTAN_PRIVATE=MOUNTS["private"],
        HOME=MOUNTS["cache"] + "/home",
    )
    user = "root" if os.getuid() == 0 else "tristan"
    # The signal that ends a build reaches its whole process group, not only the first shell (tini's option).
    values.update(USER=user, LOGNAME=user, TINI_KILL_PROCESS_GROUP="1")
    values.update(_context_variables(step, MOUNTS["context"]))
    return values


def host_variables(work, step=BUILD):
    """:returns: what a script gets on top of the login's environment with isolation ``host``."""
    values = request_environment(work, inside=False)
    values.update(
        TRISTAN_SOURCE=work.ref.source,
        TRISTAN_BUILD=work.ref.build,
        TRISTAN_CACHE=work.project.cache,
        TRISTAN_DEPENDENCY_LIB=dependency_configuration(work),
        TRISTAN_DOWNLOADS=downloads(work),
        TRISTAN_SECRETS=work.attempt.build_secrets,
        # Goes with them; no secret's name begins with a full stop.
        TRISTAN_PRIVATE=os.path.join(work.attempt.build_secrets, ".private"),
        TRISTAN_ISOLATION="host",
        TRISTAN_SCRIPT=step.script,
        HOME=work.project.home,
    )
    values.update(_context_variables(step, work.attempt.context))
    return values


def _context_variables(step, context):
    if not step.dockerfile:
        return {}
    return {"TRISTAN_CONTEXT": context, "TRISTAN_DOCKERFILE": step.dockerfile}


def script_variables(work, step=BUILD):
    """:returns: what our own scripts on the host get to drive the engine."""
    return {
        "TRISTAN_ISOLATION": "docker",
        "TRISTAN_ATTEMPT": work.attempt.token,
        "TRISTAN_ENGINE": " ".join(work.engine),
        "TRISTAN_CONTAINER": name(work, step),
        "TRISTAN_SCRIPT": step.script,
        "TRISTAN_BUILD_IMAGE": work.status.document["image"]["build_image"],
        "TRISTAN_BUILD": MOUNTS["build"],
        "TRISTAN_LIFELINE": MOUNTS["lifeline"],
    }


def request_environment(work, inside):
    """What the operator chose stands above what a proxy and a CA ask for, and below what is Tristan's."""
    return dict(
        access.variables(work, inside), **dict(work.request["environment"], **variables(work))
    )


def environment_file(work, step=BUILD):
    """:returns: the content of ``--env-file``, bytes: values stay out of argument lists, also behind sudo.

    One ``NAME=value`` a line, nothing is unquoted by the engine; the grammar refuses values with line ends.
    """
    lines = ["%s=%s" % item for item in sorted(inside_variables(work, step).items())]
    return compat.to_bytes("\n".join(lines) + "\n")
