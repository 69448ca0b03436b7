"""``tristan refresh [MACHINE]``: prepare machines for their next builds; made for cron."""

from __future__ import absolute_import, print_function, unicode_literals

import click

from controller import errors
from controller.cli import completing, gc, options, output


@click.command("refresh", short_help="Prepare machines for their next builds.")
@click.argument("machine", required=False, **completing.machines())
@click.option("--quiet", is_flag=True, help="Say nothing but what failed, for cron.")
@click.option("--no-gc", is_flag=True, help="Remove nothing.")
@options.json
@click.pass_obj
def refresh(session, machine, quiet, no_gc):
    """Bring scripts, the branches that are built there, and build images of MACHINE, or of every
    machine, up to date; then remove what is not needed any more.

    Builds that run are left alone. Exit code 3 when a machine could not be reached, or when
    something failed there; 0 otherwise, also when another refresh runs there just now.
    """
    session.machine_names(machine)
    found = session.controller.refresh(machine, collect=not no_gc)
    if session.json:
        output.print_json([gc.document(*row) for row in found])
    else:
        for row in found:
            _show(row, quiet)
    wrong = any(_is_wrong(said, error) for _, said, error in found)
    return errors.InfrastructureError.exit_code if wrong else 0


def _is_wrong(said, error):
    in_collection = error is None and said["gc"] is not None and said["gc"]["failed"]
    return gc.is_wrong(said, error) or bool(in_collection)


def _show(row, quiet):
    """One line for a machine; what failed there below it."""
    name, said, error = row
    if error is not None:
        if _is_wrong(said, error) or not quiet:
            output.say("%s  %s" % (output.text_of(name), output.text_of(error.message)))
            output.advise(error.remedy)
        return
    if not quiet:
        click.echo("%s  %s" % (output.text_of(name), ", ".join(_done(said))))
    for one in said["failed"]:
        texts = [name, one["what"], one["message"]]
        output.say("%s: %s: %s" % tuple(output.text_of(text) for text in texts))
    for one in (said["gc"] or {}).get("failed", ()):
        texts = [name, one["name"], one["why"]]
        output.say("%s: could not remove %s: %s" % tuple(output.text_of(text) for text in texts))


def _done(said):
    """:returns: e.g. ["release current", "3 branches of 2 repositories fetched", "12s"]."""
    sent, fetched = said["sent"], said["fetched"]
    parts = ["%s of scripts sent" % output.counted(sent, "file") if sent else "release current"]
    if fetched:
        repositories = len(set(one["address"] for one in fetched))
        counted = (_branches(len(fetched)), output.counted(repositories, "repository"))
        parts.append("%s of %s fetched" % counted)
    renewed = len([one for one in said["images"] if one["renewed"]])
    if renewed:
        parts.append("%s renewed" % output.counted(renewed, "image"))
    if said["gc"] is not None:
        parts.append("%s freed" % output.size(said["gc"]["bytes"]))
    return parts + [output.duration(said["seconds"])]


def _branches(count):
    return "%d branch%s" % (count, "" if count == 1 else "es")
