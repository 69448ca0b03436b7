"""``tristan systemd``: a service and a timer that run ``tristan refresh``."""

from __future__ import absolute_import, print_function, unicode_literals

import getpass

import click

from controller.cli.crontab import EVERY, place


@click.command("systemd", short_help="Write systemd units that refresh the machines.")
@EVERY
@click.option("--user", is_flag=True, help="For your own systemd instead of the machine's.")
@click.option(
    "--unit",
    type=click.Choice(["service", "timer"]),
    help="Write this one alone, ready to be put into its file.",
)
@click.pass_obj
def systemd(session, every, user, unit):
    """Write a service and a timer to stdout that refresh all machines.

    The first line of each says which file it goes into, and how it is set going.
    """
    from controller import schedule

    units = []
    if unit != "timer":
        login = None if user else getpass.getuser()
        units.append(schedule.service(*place(session) + (login,)))
    if unit != "service":
        units.append(schedule.timer(every, user))
    click.echo("\n".join(units), nl=False)
