"""``tristan rebuild BUILD``: build exactly that again."""

from __future__ import absolute_import, print_function, unicode_literals

import click

from controller.cli import completing, launching

MACHINE = "Build on this machine, not on that of then."


@click.command("rebuild", short_help="Repeat a past build exactly.")
@click.argument("build")
@click.option("--machine", metavar="NAME", help=MACHINE, **completing.machines())
@click.option(
    "--current-scripts",
    is_flag=True,
    help="Build with this controller's language packs, not with those of then.",
)
@launching.with_options
@click.pass_obj
def rebuild(session, build, machine, current_scripts, **chosen):
    """Repeat BUILD: the same commit, scripts, environment, limits and base image.

    What tristan.yml says today does not matter, but for passwords and keys: these are not kept, and
    are read anew. The build gets an id of its own, and its image a tag of its own.
    """
    launching.refuse_contradictions(chosen)
    plan = session.controller.plan_again(
        build, machine=machine, current_scripts=current_scripts, notify=list(chosen["notify"])
    )
    return launching.run(session, plan, chosen)
