"""Rules for what is handed to the container engine.

In:  text, lists of words. Out: None, or `Refused`.

Source of the image rule: the reference grammar of github.com/distribution/reference.
"""

from __future__ import absolute_import, print_function

import re

from business_hyper_fusion.grammar.refused import (
    Refused,
    bounded,
    matching,
    one_of,
    printable,
)

ENGINES = ("docker", "podman")
ISOLATIONS = ("docker", "host")
NETWORKS = ("bridge", "none", "host")
SELINUX = ("shared", "private", "disable")
IMAGE_BYTES = 255
ENGINE_WORDS = 16
WORD_BYTES = 1024
RUN_OPTIONS = 32
RUN_OPTION_BYTES = 256

_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"
_PART = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_IMAGE = re.compile(
    r"(?:%(label)s(?:\.%(label)s)*(?::[0-9]{1,5})?/)?"
    r"%(part)s(?:/%(part)s)*"
    r"(?::[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?"
    r"(?:@sha256:[0-9a-f]{64})?\Z" % {"label": _LABEL, "part": _PART}
)
_IMAGE_ID = re.compile(r"sha256:[0-9a-f]{64}\Z")
_MEMORY = re.compile(r"[1-9][0-9]{0,15}[bkmg]?\Z")
_NETWORK = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}\Z")
_NAME_OR_NUMBER = r"[A-Za-z0-9][A-Za-z0-9_.-]{0,62}"
_ADDRESS = r"[0-9A-Fa-f.:]{2,45}"
_LIMIT = r"(?:-1|[0-9]{1,19})"
_RUN_OPTION = re.compile(
    r"--(?:ulimit=[a-z]{2,12}=%(limit)s(?::%(limit)s)?"
    r"|shm-size=[1-9][0-9]{0,15}[bkmg]?"
    r"|cpuset-cpus=[0-9]{1,4}(?:[,-][0-9]{1,4}){0,64}"
    r"|cgroup-parent=/?%(name)s(?:/%(name)s){0,8}"
    r"|add-host=%(name)s:%(address)s"
    r"|dns=%(address)s"
    r"|dns-search=%(name)s"
    r"|runtime=%(name)s"
    r"|userns=keep-id)\Z" % {"limit": _LIMIT, "name": _NAME_OR_NUMBER, "address": _ADDRESS}
)
"""All that an operator can add to a build's container. None of these gives it more of the machine: no mount, no device,
no capability, no namespace of the host, no other security profile."""
_CPUS = re.compile(r"[0-9]{1,4}(?:\.[0-9]{1,3})?\Z")


def check_engine_kind(value):
    """Refuse an engine that is neither docker nor podman."""
    one_of(ENGINES, value, "a container engine")


def check_isolation(value):
    """Refuse an isolation that is neither docker nor host."""
    one_of(ISOLATIONS, value, "isolation")


def check_network(value):
    """Refuse what is no network: bridge, none, host, or the name of one that the engine has.

    ``container:ID`` and ``ns:PATH`` would be the network of somebody else.
    """
    rule = "a network must be bridge, none, host or the name of one of the engine's networks"
    matching(_NETWORK, rule, value, "a network")


def check_selinux(value):
    """Refuse what is no way with SELinux labels."""
    one_of(SELINUX, value, "selinux")


def check_run_option(value):
    """Refuse what is none of the few options for running a container that can't give a build more of the machine."""
    printable(value, "an engine's run option", RUN_OPTION_BYTES)
    rule = (
        "a run option must be --ulimit, --shm-size, --cpuset-cpus, --cgroup-parent, --add-host, --dns, --dns-search, "
        "--runtime or --userns=keep-id, with its value in one word, like --ulimit=nofile=1024:4096"
    )
    matching(_RUN_OPTION, rule, value, "an engine's run option")


def check_image(value):
    """Refuse what is no image reference: [registry[:port]/]name[:tag][@sha256:digest]."""
    text = bounded(value, "an image", IMAGE_BYTES)
    if text.startswith("-"):
        raise Refused("an image must not begin with '-'", value)
    if not _IMAGE.match(text):
        raise Refused(
            "an image must look like [registry[:port]/]name[:tag] "
            "(its name in lower case, as docker demands)",
            value,
        )


def check_image_id(value):
    """Refuse what is no id of an image, as the engine gives it: ``sha256:`` and 64 digits."""
    matching(_IMAGE_ID, "an image id must look like sha256:4e1c...", value, "an image id")


def check_engine_words(words):
    """Refuse what is no command of an engine, e.g. ``["sudo", "docker"]``."""
    if not isinstance(words, (list, tuple)) or not 1 <= len(words) <= ENGINE_WORDS:
        raise Refused("an engine's command must be a list of 1 to %d words" % ENGINE_WORDS)
    for word in words:
        printable(word, "each word of an engine's command", WORD_BYTES)
    if words[0].startswith("-"):
        raise Refused("an engine's command must not begin with '-'", words[0])


def check_memory(value):
    """Refuse what is no amount of memory, e.g. ``2g``; the units are b, k, m, g."""
    rule = "memory must be a number with b, k, m or g, like 512m or 2g"
    matching(_MEMORY, rule, value, "memory")


def check_cpus(value):
    """Refuse what is no number of processors, e.g. ``1.5``."""
    rule = "cpus must be a number greater than 0, like 2 or 1.5"
    matching(_CPUS, rule, value, "cpus")
    if float(value) <= 0:
        raise Refused(rule, value)
