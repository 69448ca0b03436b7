"""``tristan crontab``: the lines that have cron run ``tristan refresh``."""

from __future__ import absolute_import, print_function, unicode_literals

import os
import sys

import click

from controller.cli.gc import Quantity

EVERY = click.option(
    "--every",
    metavar="TIME",
    type=Quantity("span"),
    default="30m",
    show_default=True,
    help="How often to refresh.",
)


@click.command("crontab", short_help="Write crontab lines that refresh the machines.")
@EVERY
@click.pass_obj
def crontab(session, every):
    """Write lines for a crontab to stdout that have cron refresh all machines.

    \b
    Add them to your own:  (crontab -l; tristan crontab) | crontab -
    """
    from controller import schedule

    click.echo(schedule.crontab(*place(session) + (every,)), nl=False)


def place(session):
    """:returns: (words that run tristan, path of tristan.yml, environment): what a schedule calls."""
    from controller import schedule

    config = os.path.abspath(session.settings.path)
    return schedule.program(sys.argv[0]), config, schedule.carried(os.environ)
