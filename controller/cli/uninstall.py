"""``tristan uninstall MACHINE``: take Tristan off a machine."""

from __future__ import absolute_import, print_function, unicode_literals

import sys

import click

from controller import errors
from controller.cli import completing, output


@click.command("uninstall", short_help="Take Tristan off a machine.")
@click.argument("machine", **completing.machines())
@click.option("--yes", is_flag=True, help="Ask nothing.")
@click.option("--force", is_flag=True, help="Ask nothing, and end the builds that run there.")
@click.pass_obj
def uninstall(session, machine, yes, force):
    """Remove Tristan's files, images and containers from MACHINE.

    The logs and built files that are kept there go too.
    """
    session.machine_names(machine)
    if not (yes or force):
        _ask(session.settings.machines[machine])
    removed = session.controller.uninstall(machine, force)
    counted = ", ".join(
        output.counted(removed[kind + "s"], kind) for kind in ("file", "image", "container")
    )
    if removed["left"]:
        left = "; ".join(output.text_of(one) for one in removed["left"])
        raise errors.InfrastructureError(
            "%s removed from %s, but not: %s" % (counted, machine, left),
            "mend what stands in the way, then: tristan uninstall " + machine,
        )
    sign = output.coloured(output.symbol("ok"), "ok")
    click.echo("%s Tristan is gone from %s: %s removed." % (sign, machine, counted))


def _ask(machine):
    if not sys.stdin.isatty():
        raise errors.UsageError(
            "uninstall asks first, and nobody is at the keyboard", "give --yes to go on unasked"
        )
    text = "Remove %s and everything Tristan made on %s?" % (machine.root, machine.name)
    click.confirm(text, abort=True, err=True)
