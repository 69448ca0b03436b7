"""``tristan build PROJECT``: launch one build, show it, end with its outcome."""

from __future__ import absolute_import, print_function, unicode_literals

import click

from controller import errors
from controller.cli import completing, launching


@click.command("build", short_help="Build a project and show its log.")
@click.argument("project", **completing.projects())
@click.option("--branch", metavar="NAME", help="Build this branch.")
@click.option("--tag", metavar="NAME", help="Build this tag.")
@click.option(
    "--commit", metavar="SHA", help="Build this commit; with --branch, in that branch's directory."
)
@click.option(
    "--from",
    "directory",
    metavar="DIR",
    type=click.Path(file_okay=False),
    help="Build what lies in DIR here, committed or not.",
)
@click.option("--machine", metavar="NAME", help="Build on this machine.", **completing.machines())
@click.option(
    "--param",
    "params",
    metavar="NAME=VALUE",
    multiple=True,
    help="Put NAME into the build scripts' environment; may be given many times.",
)
@launching.with_options
@click.pass_obj
def build(session, project, **chosen):
    """Build PROJECT on a machine and show its log.

    Ctrl-C leaves the build running and says how to come back to it. The exit code is the
    build's outcome: 0 success, 1 failed, 3 error, 4 timeout, 5 cancelled, 6 lost; and 7 when it
    still runs, 8 when every executor is busy, 2 for wrong usage or configuration.
    """
    launching.refuse_contradictions(chosen)
    plan = session.controller.plan(
        project,
        branch=chosen["branch"],
        tag=chosen["tag"],
        commit=chosen["commit"],
        machine=chosen["machine"],
        params=[pair(text) for text in chosen["params"]],
        tree=_tree(chosen["directory"]),
        notify=list(chosen["notify"]),
    )
    return launching.run(session, plan, chosen)


def pair(text):
    """:param text: "NAME=VALUE". :returns: (name, value)."""
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise errors.UsageError(
            "--param wants NAME=VALUE, not %s" % (text or "nothing"), "e.g. --param LEVEL=debug"
        )
    return name, value


def _tree(directory):
    """:returns: tree.Tree of a directory here, None for none."""
    if directory is None:
        return None
    from controller import tree

    return tree.collect(directory)
