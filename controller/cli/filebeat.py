"""``tristan filebeat MACHINE``: the filebeat.yml that ships a machine's logs and events."""

from __future__ import absolute_import, print_function, unicode_literals

import click

from controller.cli import completing


@click.command("filebeat", short_help="Write the filebeat.yml of a machine.")
@click.argument("machine", **completing.machines())
@click.pass_obj
def filebeat(session, machine):
    """Write a filebeat.yml to stdout that ships the logs and events of MACHINE's builds.

    What the output is, is left to be completed at its end. See docs/logs.md.
    """
    session.machine_names(machine)
    from controller import filebeat

    click.echo(filebeat.configuration(session.settings.machines[machine]), nl=False)
