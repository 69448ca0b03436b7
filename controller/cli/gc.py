"""``tristan gc [MACHINE]``: remove what machines do not need any more."""

from __future__ import absolute_import, print_function, unicode_literals

import click

from business_hyper_fusion.grammar.refused import Refused
from business_hyper_fusion.protocol import GC_KINDS
from controller import errors
from controller.cli import completing, options, output, report

HEADING = ["MACHINE", "KIND", "SIZE", "WHAT", "WHY"]


class Quantity(click.ParamType):
    """:param name: text, of a function of settings.quantities, which is loaded when there is something to read."""

    def __init__(self, name):
        self.name = name

    def convert(self, value, param, ctx):
        from controller.settings import quantities

        if isinstance(value, int):
            return value
        try:
            return getattr(quantities, self.name)(value)
        except Refused as refused:
            self.fail("%s" % refused, param, ctx)


@click.command("gc", short_help="Remove what machines do not need any more.")
@click.argument("machine", required=False, **completing.machines())
@click.option("--dry-run", is_flag=True, help="Only say what would go.")
@click.option(
    "--older-than",
    metavar="TIME",
    type=Quantity("span"),
    default="30d",
    show_default=True,
    help="What was used since then stays.",
)
@click.option(
    "--max-size",
    metavar="SIZE",
    type=Quantity("size"),
    help="Let caches go, least recently used first, until all of a machine's are smaller than this (20g).",
)
@click.option(
    "--only",
    metavar="KIND",
    multiple=True,
    type=click.Choice(GC_KINDS),
    help="Only this kind; may be given many times: %s." % ", ".join(GC_KINDS),
)
@options.json
@click.pass_obj
def gc(session, machine, dry_run, older_than, max_size, only):
    """Remove old images, containers, sources, caches and files from MACHINE, or from every machine.

    What a build uses at the moment stays. Exit code 3 when a machine could not be reached, or when
    something could not be removed.
    """
    session.machine_names(machine)
    found = session.controller.gc(
        machine,
        dry_run=dry_run,
        older_than=older_than,
        most_bytes=max_size,
        what=list(only) or None,
    )
    if session.json:
        output.print_json([document(*row) for row in found])
    else:
        _show(found, dry_run)
    wrong = any(is_wrong(said, error) for _, said, error in found)
    return errors.InfrastructureError.exit_code if wrong else 0


def is_wrong(said, error):
    """Where another one does the same work at the moment, all is well."""
    if error is not None:
        return not isinstance(error, errors.Busy)
    return bool(said["failed"])


def document(name, said, error):
    """:returns: what a machine said, or why it did not, for ``--json``."""
    if error is None:
        return dict(said, machine=name, error=None)
    return {"machine": name, "error": report.as_document(error)}


def _show(found, dry_run):
    rows = [
        _row(name, one) for name, said, error in found if error is None for one in said["removed"]
    ]
    for line in output.table(rows, HEADING if rows else None, right=(2,)):
        click.echo(line)
    for name, said, error in found:
        if error is None:
            click.echo(_total(name, said, dry_run))
            _say_what_stays(name, said)
        else:
            output.say("%s: %s" % (output.text_of(name), output.text_of(error.message)))
            output.advise(error.remedy)


def _row(name, one):
    return [
        output.text_of(name),
        output.text_of(one["kind"]),
        output.size(one["bytes"]),
        output.text_of(one["name"]),
        output.text_of(one["why"]),
    ]


def _total(name, said, dry_run):
    """:returns: e.g. "builder-1: 12 things removed, 3.4 GiB; 1 in use, left alone"."""
    verb = "would go" if dry_run else "removed"
    text = "%s: %s %s" % (output.text_of(name), output.counted(len(said["removed"]), "thing"), verb)
    text += ", %s" % output.size(said["bytes"])
    return text + "; %d in use, left alone" % len(said["busy"]) if said["busy"] else text


def _say_what_stays(name, said):
    for one in said["failed"]:
        what = "%s: could not remove %s: %s"
        output.say(what % tuple(output.text_of(text) for text in (name, one["name"], one["why"])))
