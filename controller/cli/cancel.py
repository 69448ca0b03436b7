"""``tristan cancel BUILD``: ask a build's machine to end it."""

from __future__ import absolute_import, print_function, unicode_literals

import click

from controller.cli import ending, options, output


@click.command("cancel", short_help="Cancel a build.")
@click.argument("build")
@click.option("--reason", metavar="TEXT", default="", help="Why; it is kept in the build's status.")
@options.json
@click.pass_obj
def cancel(session, build, reason):
    """Cancel BUILD. Its container and processes end; its log and status stay."""
    status = session.controller.cancel(build, reason=reason)
    if session.json:
        output.print_json(status)
        return
    build_id = output.text_of(status.get("build_id"))
    state = output.text_of(status.get("state"))
    if state == "running":
        click.echo("Cancelling %s on %s." % (build_id, output.text_of(status.get("machine"))))
        output.advise("its end: tristan status " + ending.short_id(build_id))
    elif state == "cancelled":
        click.echo("%s is cancelled." % build_id)
    else:
        click.echo("%s had ended already: %s." % (build_id, state))
