"""``tristan init``: write a commented starting file."""

from __future__ import absolute_import, print_function, unicode_literals

import errno
import os

import click

from controller import errors
from controller.cli import output


@click.command("init", short_help="Write a commented tristan.yml.")
@click.argument("path", required=False)
@click.pass_obj
def init(session, path):
    """Write a commented tristan.yml to PATH (default: ./tristan.yml, or what --config names).

    An existing file is never overwritten.
    """
    path = path or session.config or "tristan.yml"
    _write_new(path, _template())
    click.echo("%s %s is written." % (output.coloured(output.symbol("ok"), "ok"), path))
    output.say("%s edit it, then: tristan config check" % output.symbol("arrow"))


def _template():
    """:returns: bytes of templates/tristan.yml, beside the package, installed or not."""
    root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    with open(os.path.join(root, "templates", "tristan.yml"), "rb") as file:
        return file.read()


def _write_new(path, content):
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
    except EnvironmentError as error:
        if error.errno == errno.EEXIST:
            raise errors.UsageError(path + " is there already", "edit it, or name another path")
        raise errors.UsageError(
            "%s can't be written: %s" % (path, error.strerror), "name another path"
        )
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
