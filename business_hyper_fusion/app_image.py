"""The project's own image: what the engine is told, and what our scripts get. Plans only; runs nothing.

Of an engine's options only those are used that Docker's classic builder, BuildKit and Podman all take.
"""

from __future__ import absolute_import, print_function

import json
import os
import re

from business_hyper_fusion import access, compat, files, package
from business_hyper_fusion.grammar import NETWORKS

CPU_PERIOD = 100000
LEAST_QUOTA = 1000
"""Microseconds; ``build`` knows no ``--cpus``, and engines no smaller quota."""

LOOPBACK = re.compile(r"(?:localhost|127(?:\.[0-9]{1,3}){3})(?::[0-9]+)?\Z")
"""Addresses of this host: nobody else can answer there, also without a certificate."""


def build_options(work, keep_cache):
    """:param keep_cache: False where the steps of other builds must not be used, see publish.py.
    :returns: everything between ``build`` and the context, as an argument list.
    """
    request = work.request
    options = ["--file", package.dockerfile(work), "--iidfile", os.path.join(directory(work), "id")]
    options += ["--tag", request["publish"]["image"], "--force-rm"]
    options += [] if keep_cache else ["--no-cache"]
    if request["engine"]["kind"] == "podman":
        # What Docker calls an image: with health checks and SHELL, which Podman's own form has not.
        options += ["--format", "docker", "--layers=false"]
    for label, value in sorted(labels(work).items()):
        options += ["--label", "%s=%s" % (label, value)]
    for name, value in sorted(arguments(work).items()):
        options += ["--build-arg", "%s=%s" % (name, value)]
    if (request["engine"]["kind"], request["engine"]["selinux"]) == ("podman", "disable"):
        options += ["--security-opt", "label=disable"]  # of Docker's RUN steps its daemon decides
    network = _network(request["network"], with_buildkit=keep_cache)
    return options + network + _limits(request["limits"])


def labels(work):
    """By these the image is found again, whatever happened to who made it."""
    return {
        "tristan.image": "app",
        "tristan.build_id": work.request["build_id"],
        "tristan.root": work.business.root,
    }


def arguments(work):
    """A proxy's names are known to engines: they reach RUN steps, and no image."""
    publish = work.request["publish"]
    found = access.proxy_variables(work.request["proxy"])
    found["IMAGE_PROJECT_TAG"] = publish["project_tag"]
    if publish["base_image"]:
        found["BASE_IMAGE"] = publish["base_image"]
    return found


def _network(network, with_buildkit):
    """``bridge`` is what RUN steps have anyway, and BuildKit does not know it by this name.

    Nor does it know an engine's own networks: with it RUN steps have none then, rather than one that nobody chose.
    """
    if network == "bridge":
        return []
    return ["--network", "none" if with_buildkit and network not in NETWORKS else network]


def _limits(limits):
    options = []
    if limits["memory"]:
        options += ["--memory", limits["memory"], "--memory-swap", limits["memory"]]
    if limits["cpus"]:
        quota = max(int(float(limits["cpus"]) * CPU_PERIOD), LEAST_QUOTA)
        options += ["--cpu-period", str(CPU_PERIOD), "--cpu-quota", str(quota)]
    return options


def directory(work):
    """:returns: the directory of the files ``id`` and ``digest`` that the scripts leave."""
    return work.scratch("image")


def login(work):
    """:returns: the directory of the engine's login, the attempt's own."""
    return work.scratch("login")


def script_variables(work):
    """:returns: what do_build_docker.sh, build_docker.sh and clean_build_docker.sh get."""
    publish = work.request["publish"]
    return {
        "TRISTAN_ATTEMPT": work.attempt.token,
        "TRISTAN_BUILD": work.ref.build,
        "TRISTAN_CONTEXT": work.attempt.context,
        "TRISTAN_ENGINE": " ".join(work.engine),
        "TRISTAN_ENGINE_KIND": work.request["engine"]["kind"],
        "TRISTAN_IMAGE": publish["image"],
        "TRISTAN_IMAGE_FILES": directory(work),
        "TRISTAN_LOGIN": login(work),
        "TRISTAN_REGISTRY": publish["address"],
        "TRISTAN_REGISTRY_USERNAME": publish["username"],
        "TRISTAN_TLS_VERIFY": "false" if insecure(work) else "true",
        # One image is one manifest: what buildx adds of its own accord makes an index of it.
        "BUILDX_NO_DEFAULT_ATTESTATIONS": "1",
    }


def insecure(work):
    """Whether plain http will do, for Podman: Docker's daemon has a configuration of its own for that."""
    publish = work.request["publish"]
    if LOOPBACK.match(publish["address"]):
        return True
    path = os.path.join(work.release, "data_data", "docker_registry.json")
    registries = (files.read_json(path) or {}).get("docker_registries", {})
    return registries.get(publish["registry"], {}).get("insecure") is True


def client_configuration(work, environment):
    """What the engine's client finds in the directory of its login.

    :returns: (content of config.json as bytes, directory of the user's contexts or "").
    """
    # Without an entry, docker would look for a key ring on the machine and put the password there.
    document = {"auths": {work.request["publish"]["address"]: {}}}
    if work.engine[0] == "sudo":
        return _json(document), ""
    # The engine that the user chose, say a rootless one, and the plugins, are those of builds, too.
    user = environment.get("DOCKER_CONFIG") or os.path.join(environment["HOME"], ".docker")
    chosen = (files.read_json(os.path.join(user, "config.json")) or {}).get("currentContext")
    plugins, contexts = os.path.join(user, "cli-plugins"), os.path.join(user, "contexts")
    if isinstance(chosen, str):
        document["currentContext"] = chosen
    if os.path.isdir(plugins):
        document["cliPluginsExtraDirs"] = [plugins]
    return _json(document), contexts if os.path.isdir(contexts) else ""


def _json(document):
    return compat.to_bytes(json.dumps(document, sort_keys=True) + "\n")
