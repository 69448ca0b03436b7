"""What the tests of publishing share: a request that makes an image, and what is left of one."""

from __future__ import absolute_import, print_function

import glob
import os
import re
import subprocess

from business_hyper_fusion import compat

REPOSITORY = "team/shop-main"
SCRATCH = (
    "FROM scratch\nARG IMAGE_PROJECT_TAG\nLABEL tag=${IMAGE_PROJECT_TAG}\nCOPY shop.py /shop.py\n"
)
PASSWORD = "s3cret pass-word"
ANOTHER_TRY = "another try in"


def publish(address, username="", tag=None):
    """:returns: the request's ``publish``, for a lab registry (or a relay) at an address."""
    tag = tag or "20261121T065500001-0a1b2c3d_202611210655"
    return {
        "registry": "lab",
        "address": address,
        "username": username,
        "image": "%s/%s:%s" % (address, REPOSITORY, tag),
        "project_tag": "shop-main",
        "base_image": "",
    }


def image_request(machine, address, where, dockerfile=SCRATCH, **changes):
    """A request whose build takes no time and whose image is all there is to it.

    :param where: the request's ``publish``.
    :param dockerfile: the operator's Dockerfile; None leaves it to the repository.
    """
    scripts = dict({"compile_to_execute.sh": "true"}, **changes.pop("scripts", {}))
    if dockerfile is not None:
        scripts["Dockerfile"] = dockerfile
    # A language without a pack: the whole module is the context.
    project = {"name": "shop", "language": "none", "module_path": ""}
    return machine.request(address, publish=where, scripts=scripts, project=project, **changes)


def hasten(machine, pauses="(0.3, 0.3)"):
    """Let this machine's release wait less between two tries."""
    path = os.path.join(machine.release, "business_hyper_fusion", "publish.py")
    with open(path) as file:
        text = file.read()
    changed = re.sub(r"(?m)^PAUSES = .*$", "PAUSES = " + pauses, text)
    assert changed != text
    with open(path, "w") as file:
        file.write(changed)


def has_image(machine, name):
    words = machine.engine + ["image", "inspect", name]
    with open(os.devnull, "w") as nothing:
        return subprocess.call(words, stdout=nothing, stderr=nothing) == 0


def left_images(machine, request):
    """:returns: list of str: the image's name, and the steps that its log names, as far as they are still there."""
    steps = re.findall(r"(?m)^ ---> ([0-9a-f]{12})$", machine.log(request))
    bases = [found for found in steps if tagged(machine, found)]
    names = [request["publish"]["image"]] + [step for step in steps if step not in bases]
    return [name for name in names if has_image(machine, name)]


def tagged(machine, image):
    words = machine.engine + ["image", "inspect", "--format", "{{len .RepoTags}}", image]
    with open(os.devnull, "w") as nothing:
        asked = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=nothing)
        return asked.communicate()[0].strip() not in (b"", b"0")


def left_files(machine, request):
    """:returns: list of what an attempt must not leave: context, secrets, scratch files."""
    attempt = machine.attempt(request)
    places = (attempt.context, attempt.secrets, attempt.scratch)
    return [place for place in places if os.path.exists(place)]


def uploaded(registry):
    """:returns: bytes of layers that are on their way into the repository, and not all there yet."""
    below = os.path.join(registry.directory, "data/docker/registry/v2/repositories", REPOSITORY)
    return sum(size_of(path) for path in glob.glob(below + "/_uploads/*/data"))


def size_of(path):
    """:returns: bytes; 0 for what has just been moved to where it belongs."""
    try:
        return os.path.getsize(path)
    except OSError:
        return 0


def last_lines(machine, request, count):
    return compat.to_native(machine.log(request)).strip().splitlines()[-count:]
