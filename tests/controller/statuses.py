"""Whole status documents, as machines write them, for tests that need one without a machine."""

from __future__ import absolute_import, print_function, unicode_literals

from business_hyper_fusion.protocol import PHASES

TEXTS = [
    "commit",
    "cause",
    "message",
    "phase",
    "scripts_version",
    "source",
    "workspace",
    "kept_until",
    "provenance",
]


def phase(name):
    found = dict.fromkeys(["exit", "wall_seconds", "cpu_seconds", "peak_memory_bytes"])
    found.update(read_bytes=None, written_bytes=None, started_at="", ended_at="")
    return dict(found, name=name, state="waiting")


def running(build_id, **changes):
    """:returns: dict, the status of a build that runs; ``changes`` replace what it says."""
    found = dict.fromkeys(TEXTS, "")
    found.update(
        protocol=1,
        build_id=build_id,
        attempt=1,
        executor_id="1",
        machine="builder-1",
        project="shop",
        language="python",
        ref={"kind": "branch", "name": "main", "commit": ""},
        repository={"address": "https://git/shop", "host": "git", "path": "shop"},
        release="0" * 64,
        isolation="docker",
        image={"name": "debian:12", "build_image": "", "id": "", "build_image_id": ""},
        app_image=None,
        tree=None,
        state="running",
        exit=None,
        requested_at="2026-11-21T06:55:12.123Z",
        requested_by="alice@laptop",
        started_at="2026-11-21T06:55:12.500Z",
        ended_at="",
        wall_seconds=None,
        process={"pid": 1, "start_time": 1, "boot_id": ""},
        phases=[phase(name) for name in PHASES],
        artifacts=[],
        log=None,
    )
    return dict(found, **changes)


def ended(build_id, state="success", **changes):
    """:returns: dict, the status of a build that ended."""
    changes = dict({"wall_seconds": 42.0, "ended_at": "2026-11-21T06:55:54.500Z"}, **changes)
    return running(build_id, state=state, **changes)
