"""What controller and executor agree on: version, phases, states. Data only."""

from __future__ import absolute_import, print_function

PROTOCOL = 1
"""Raised when a request, an answer or a status changes in a way that an older side would misread."""

PHASES = ("sync", "source", "image", "build", "package", "publish", "clean")

TERMINAL_STATES = ("success", "failed", "error", "timeout", "cancelled", "lost")
"""A build has one of these at its end, once and for good."""

STATES = ("running",) + TERMINAL_STATES

PHASE_STATES = ("waiting", "skipped") + STATES

GC_KINDS = (
    "containers",
    "images",
    "caches",
    "refs",
    "workspaces",
    "artifacts",
    "history",
    "mirrors",
    "trees",
    "releases",
)
"""What the verb ``gc`` collects, in the order in which it looks; docs/operations.md says what each one is."""
