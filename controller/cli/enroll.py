"""``tristan enroll MACHINE``: look at a machine's host key and pin it."""

from __future__ import absolute_import, print_function, unicode_literals

import sys

import click

from controller import errors
from controller.cli import completing, output


@click.command("enroll", short_help="Pin a machine's host key.")
@click.argument("machine", **completing.machines())
@click.option(
    "--fingerprint",
    metavar="SHA256:...",
    help="Pin the key only if it has this fingerprint; asks nothing, for scripts.",
)
@click.pass_obj
def enroll(session, machine, fingerprint):
    """Show MACHINE's host key and pin it, so that no other machine can take its place.

    Compare the fingerprint with the one shown on the machine itself:
    ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub
    """
    session.machine_names(machine)
    found = session.controller.enroll(machine, fingerprint=fingerprint, confirm=_confirm)
    sign = output.coloured(output.symbol("ok"), "ok")
    what = "was enrolled before" if found.already else "is enrolled"
    click.echo("%s %s %s: %s %s" % (sign, machine, what, found.key_type, found.fingerprint))
    output.advise("tristan doctor " + machine)


def _confirm(*shown):
    """Ask the person; there is no way to say yes unseen.

    :param shown: texts that describe the key.
    :returns: whether the key is to be pinned.
    """
    for text in shown:
        output.say(output.text_of(text))
    if not sys.stdin.isatty():
        raise errors.UsageError(
            "the host key can't be confirmed: nobody is at the keyboard",
            "give --fingerprint SHA256:... as read on the machine itself",
        )
    return click.confirm("Is this the machine's key?", err=True)
