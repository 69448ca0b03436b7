"""Phase ``clean``: what only this attempt needed goes; history is kept, within bounds."""

from __future__ import absolute_import, print_function

import os
import shutil

from business_hyper_fusion import compat, source

KEPT_BUILDS = 50
"""Builds of an executor whose log and artifacts are kept; of older ones the status stays, as a tombstone."""


def run(work):
    """Tags and single commits keep no source; a branch keeps its own for the next fetch."""
    if work.request["ref"]["kind"] != "branch":
        compat.remove_file(work.ref.index)
        source.remove_tree(work.ref.source)
    forget_secrets(work.attempt)
    bury_old_builds(work.executor)


def forget_secrets(attempt):
    """Secrets and scratch files end with the attempt, however it ends."""
    for directory in (attempt.secrets, attempt.scratch):
        shutil.rmtree(directory, ignore_errors=True)


def bury_old_builds(executor):
    """Keep KEPT_BUILDS whole; a tombstone goes on saying that a build was claimed, and how it ended."""
    for build_id in sorted(os.listdir(executor.builds))[:-KEPT_BUILDS]:
        build = os.path.join(executor.builds, build_id)
        for number in os.listdir(build):
            _bury(os.path.join(build, number))


def _bury(attempt):
    for name in os.listdir(attempt):
        path = os.path.join(attempt, name)
        if name == "status":
            continue
        if os.path.isdir(path) and not os.path.islink(path):
            shutil.rmtree(path, ignore_errors=True)
        else:
            compat.remove_file(path)
