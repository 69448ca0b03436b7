"""What the shell completes by Tab besides options: the names in tristan.yml.

click 8 and click 7.1 (Python 2.7) name the parameter for this differently; that lives here.
"""

from __future__ import absolute_import, print_function, unicode_literals

import click

from controller import errors
from controller.cli.session import Session

_PARAMETER = "shell_complete" if hasattr(click.Parameter, "shell_complete") else "autocompletion"


def projects():
    """:returns: keyword arguments for a click parameter that takes a project's name."""
    return {_PARAMETER: _completer("projects")}


def machines():
    """:returns: keyword arguments for a click parameter that takes a machine's name."""
    return {_PARAMETER: _completer("machines")}


def git_servers():
    """:returns: keyword arguments for a click parameter that takes a git server's name."""
    return {_PARAMETER: _completer("git_servers")}


def build_profiles():
    """:returns: keyword arguments for a click parameter that takes a build profile's name."""
    return {_PARAMETER: _completer("build_profiles")}


def _completer(kind):
    # click 7 calls it with args=, click 8 with the parameter in the same place.
    def complete(ctx, args, incomplete):
        return _names(ctx, kind, incomplete)

    return complete


def _names(ctx, kind, incomplete):
    session = Session()
    session.config = ctx.find_root().params.get("config")
    try:
        names = list(getattr(session.settings, kind))
    except errors.TristanError:
        return []  # a Tab is no place to hear of faults
    return sorted(name for name in names if name.startswith(incomplete))
