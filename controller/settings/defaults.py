"""What a value is when tristan.yml does not say.

In:  entries of tristan.yml, as plain values. Out: values of the model.
"""

from __future__ import absolute_import, print_function, unicode_literals

from collections import OrderedDict, namedtuple

from business_hyper_fusion import grammar
from controller.settings import quantities

ROOT = "/data/tristan"
EXECUTORS = 1
ENGINE = "docker"
ISOLATION = "docker"
NETWORK = "bridge"
HARD_SECONDS = 3600
PIDS = 4096
LOG_BYTES = 64 * 1024**2
CACHE = "project"
KEEP_FAILED = 4 * 3600
REQUEUE = 3
LOST_AFTER = 180
STALL_SECONDS = 60
BUILDS = 50
HISTORY_BYTES = 10 * 1024**3
CACHE_BYTES = 20 * 1024**3
KEEP_FREE_BYTES = 200 * 1024**2
MOVING_TAGS = ("latest", "branch")
NOTIFY_ON = "always"
SMTP_SECURITY = "starttls"
SMTP_PORTS = {"none": 25, "starttls": 587, "tls": 465}

Limits = namedtuple("Limits", "soft_seconds hard_seconds memory cpus pids log_bytes stall_seconds")
"""`memory` and `cpus`: text as an engine takes it, "" for no limit; the others: int."""

Disk = namedtuple("Disk", "builds history_bytes cache_bytes keep_free_bytes")
"""What a machine's disk is used for: ints."""


def limits(entry):
    """Fill in the limits of a build profile; a soft limit is a sixtieth below the hard one.

    :param entry: dict of soft, hard, memory, cpus, pids, log, stall.
    :return: Limits.
    :raise grammar.Refused: the soft limit is not below the hard one.
    """
    soft, hard = (quantities.seconds(entry[key]) if key in entry else None for key in _TIMES)
    if hard is None:
        hard = HARD_SECONDS if soft is None else max(HARD_SECONDS, soft + 60)
    if soft is None:
        soft = max(1, hard * 59 // 60)
    grammar.check_seconds(hard)
    if soft >= hard:
        raise grammar.Refused("soft (%d s) must be less than hard (%d s)" % (soft, hard))
    return Limits(
        soft_seconds=soft,
        hard_seconds=hard,
        memory=quantities.memory(entry["memory"]) if "memory" in entry else "",
        cpus=quantities.cpus(entry["cpus"]) if "cpus" in entry else "",
        pids=int(entry.get("pids", PIDS)),
        log_bytes=quantities.log_bytes(entry["log"]) if "log" in entry else LOG_BYTES,
        stall_seconds=quantities.stall_seconds(entry.get("stall", STALL_SECONDS)),
    )


_TIMES = ("soft", "hard")


def disk(entry):
    """:param entry: dict of builds, history, caches, keep_free, of a machine. :return: Disk."""

    def size(key, default):
        return quantities.disk_bytes(entry[key]) if key in entry else default

    return Disk(
        builds=int(entry.get("builds", BUILDS)),
        history_bytes=size("history", HISTORY_BYTES),
        cache_bytes=size("caches", CACHE_BYTES),
        keep_free_bytes=size("keep_free", KEEP_FREE_BYTES),
    )


def labels(project, profile):
    """:return: list of text, the labels a machine must have: the profile's, then the project's."""
    found = ordered(
        (label, None) for entry in (profile, project) for label in entry.get("labels", ())
    )
    return list(found)


def keep_failed(owners):
    """:return: int, seconds that the source of a failed build is kept: what the first entry says."""
    for entry in owners:
        if "keep_failed" in entry:
            return quantities.kept_seconds(entry["keep_failed"])
    return KEEP_FAILED


def requeue(owners):
    """:return: int, how often a build may be tried again at most: what the first entry says."""
    for entry in owners:
        if "requeue" in entry:
            return quantities.requeue(entry["requeue"])
    return REQUEUE


def ordered(pairs):
    """:return: OrderedDict; 2.7's dict forgets the file's order."""
    return OrderedDict(pairs)
