"""``tristan doctor [MACHINE]``: what a machine has and lacks, each lack with what to do."""

from __future__ import absolute_import, print_function, unicode_literals

import click

from controller import errors
from controller.cli import completing, options, output


@click.command("doctor", short_help="Check what machines have and lack.")
@click.argument("machine", required=False, **completing.machines())
@options.json
@click.pass_obj
def doctor(session, machine):
    """Check MACHINE, or every machine: SSH, Python, git, container engine, disk, clock and more.

    Exit code 3 when a check fails; warnings do not count.
    """
    found = [(name, _examine(session, name)) for name in session.machine_names(machine)]
    if session.json:
        output.print_json([_document(name, check) for name, checks in found for check in checks])
    else:
        for name, checks in found:
            _show(name, checks)
    failed = any(check["state"] == "fail" for _, checks in found for check in checks)
    return errors.InfrastructureError.exit_code if failed else 0


def _examine(session, name):
    """:returns: list of dicts.

    A machine that can't be reached is a failed check; the others get their turn.
    """
    try:
        checks = session.controller.doctor(name)
    except errors.InfrastructureError as error:
        return [_check("connection", "fail", error.message, error.remedy)]
    return [_check(check.name, check.state, check.detail, check.remedy) for check in checks]


def _check(name, state, detail, remedy):
    return {"name": name, "state": state, "detail": detail, "remedy": remedy}


def _document(machine, check):
    return dict(check, machine=machine)


def _show(machine, checks):
    click.echo(click.style(output.text_of(machine), bold=True))
    names = max([output.width(check["name"]) for check in checks] or [0])
    signs = max(output.width(output.symbol(kind)) for kind in ("ok", "warn", "fail", "info"))
    for check in checks:
        state = check["state"]
        sign = output.coloured(output.symbol(state), state) + " " * (
            signs - output.width(output.symbol(state))
        )
        name = check["name"] + " " * (names - output.width(check["name"]))
        click.echo("  %s %s  %s" % (sign, name, output.text_of(check["detail"])))
        if check["remedy"] and state != "ok":
            indent = " " * (signs + names + 5)
            click.echo(
                "%s%s %s" % (indent, output.symbol("arrow"), output.text_of(check["remedy"]))
            )
