"""``tristan artifacts BUILD``: the files a build made, listed or fetched."""

from __future__ import absolute_import, print_function, unicode_literals

import click

from controller import errors
from controller.cli import options, output, report, transfer


@click.command("artifacts", short_help="List or fetch the files a build made.")
@click.argument("build")
@click.argument("names", metavar="[NAME]...", nargs=-1)
@click.option(
    "--get",
    "directory",
    metavar="DIR",
    type=click.Path(file_okay=False),
    help="Fetch them into DIR, which is made when missing.",
)
@click.option("--force", is_flag=True, help="Replace files in DIR that have another content.")
@options.json
@click.pass_obj
def artifacts(session, build, names, directory, force):
    """List the files that BUILD made, or fetch them; NAME is one of them, or a glob.

    What a cut left is kept in DIR, and the same command goes on there. Each file is compared
    with the SHA-256 that the build's status states.
    """
    if directory is None:
        if names or force:
            raise errors.UsageError("NAME and --force need --get DIR")
        return _list(session, build)
    return _fetch(session, build, (directory, names, force))


def _list(session, build):
    found = session.controller.artifacts(build)
    if session.json:
        return output.print_json(found)
    if not found:
        return output.say("The build made no files.")
    rows = [
        [output.size(one["size"]), output.text_of(one["sha256"]), output.text_of(one["name"])]
        for one in found
    ]
    for line in output.table(rows, ["SIZE", "SHA-256", "NAME"], right=(0,)):
        click.echo(line)


def _fetch(session, build, chosen):
    directory, names, force = chosen
    try:
        with transfer.bar() as bar:
            found = session.controller.fetch_artifacts(
                build, directory, names, force, on_progress=bar.show, on_event=bar.say
            )
    except KeyboardInterrupt:
        raise report.Interrupted("the same command goes on where this one stopped")
    if session.json:
        return output.print_json(found)
    for one in found:
        click.echo(output.text_of(one["path"]))
    fetched = sum(one["received"] for one in found)
    output.say("%s, %s fetched." % (output.counted(len(found), "file"), output.size(fetched)))
