"""Options that several commands share."""

from __future__ import absolute_import, print_function, unicode_literals

import click


def _remember(ctx, _, value):
    ctx.find_root().obj.json = value
    return value


WHOM = "command:WORDS, mail:ADDRESS[,ADDRESS] or a webhook's https://...; may be given many times."

json = click.option(
    "--json",
    is_flag=True,
    expose_value=False,
    is_eager=True,
    callback=_remember,
    help="Write the result as JSON on stdout; errors too.",
)
"""Sets ``session.json``, also for the one place that writes errors."""
