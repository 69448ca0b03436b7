"""``tristan logs BUILD``: a build's log, byte for byte, from any offset."""

from __future__ import absolute_import, print_function, unicode_literals

import click

from controller import errors
from controller.cli import launching, watching


@click.command("logs", short_help="Show or follow a build's log.")
@click.argument("build")
@click.option(
    "--follow", "-f", is_flag=True, help="Go on until the build ends; exit with its outcome."
)
@click.option(
    "--offset",
    metavar="BYTES",
    type=click.IntRange(min=0),
    default=0,
    help="Begin at this byte of the log.",
)
@click.option(
    "--attempt",
    metavar="N",
    type=click.IntRange(min=1),
    help="The log of this attempt instead of the latest one's.",
)
@click.pass_obj
def logs(session, build, follow, offset, attempt):
    """Show the log of BUILD: its id, any unique beginning of it, or of its last eight characters.

    On a terminal colours are kept and all other escape sequences are dropped; in a pipe the
    bytes are the log's own. With --follow the exit code is the build's outcome.
    """
    if follow and attempt:
        raise errors.UsageError(
            "--attempt can't be given with --follow", "an attempt that was replaced has ended"
        )
    if follow:
        options = watching.Options(joined_late=True, offset=offset)
        return launching.finish(session, watching.watch(session, build, options))
    return watching.read(session, build, offset, attempt)
