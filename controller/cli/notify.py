"""``tristan notify BUILD``: tell of a past build's end, again or somebody else."""

from __future__ import absolute_import, print_function, unicode_literals

import click

from controller import errors
from controller.cli import options, output


@click.command("notify", short_help="Tell of a build's end again.")
@click.argument("build")
@click.option("--to", "texts", metavar="WHOM", multiple=True, help=options.WHOM)
@options.json
@click.pass_obj
def notify(session, build, texts):
    """Tell of the end of BUILD: everybody whom its project's notify: names, or those of --to.

    Whoever was told already is told again. The exit code is 3 when somebody could not be told.
    """
    told = session.controller.notify(build, texts)
    if not told:
        raise errors.UsageError(
            "nobody is told of this build",
            "name somebody with --to, or below notify: of its project",
        )
    if session.json:
        output.print_json([_document(name, error) for name, error in told])
    else:
        for name, error in told:
            _write(name, error)
    failed = [error for _, error in told if error is not None]
    return errors.NotifyFailed.exit_code if failed else 0


def _document(name, error):
    return {
        "to": name,
        "told": error is None,
        "error": error.message if error else "",
        "remedy": error.remedy if error else "",
    }


def _write(name, error):
    kind = "ok" if error is None else "fail"
    text = name if error is None else error.message
    click.echo("%s %s" % (output.coloured(output.symbol(kind), kind), output.text_of(text)))
    if error is not None:
        output.advise(error.remedy)
