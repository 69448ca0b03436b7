"""``tristan init``: write a commented starting file."""

from __future__ import absolute_import, print_function, unicode_literals

import click

from controller.cli import output


@click.command("init", short_help="Write a commented tristan.yml.")
@click.argument("path", required=False)
@click.pass_obj
def init(session, path):
    """Write a commented tristan.yml to PATH (default: ./tristan.yml, or what --config names).

    An existing file is never overwritten.
    """
    from controller.settings import initial

    path = path or session.config or "tristan.yml"
    initial.write(path)
    click.echo("%s %s is written." % (output.coloured(output.symbol("ok"), "ok"), path))
    output.advise("edit it, then: tristan config check")
