"""``tristan provenance BUILD``: from what, how and where the files of a build were made."""

from __future__ import absolute_import, print_function, unicode_literals

import click

from controller.cli import options, output


@click.command(
    "provenance", short_help="Print where a build's files come from, as in-toto states it."
)
@click.argument("build")
@options.json
@click.pass_obj
def provenance(session, build):
    """Print the provenance of BUILD: an in-toto statement with a SLSA provenance predicate, as JSON.

    It is the machine's word, unsigned: tristan provenance BUILD > provenance.json keeps it for who signs it.
    """
    output.print_json(session.controller.provenance(build))
