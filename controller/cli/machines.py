"""``tristan machines``: which machines answer, and which of their executors are free."""

from __future__ import absolute_import, print_function, unicode_literals

import click

from controller.cli import ending, options, output

HEADING = ["MACHINE", "STATE", "EXECUTORS", "LOAD", "LABELS", "BUILDS"]


@click.command("machines", short_help="List machines and their free executors.")
@options.json
@click.pass_obj
def machines(session):
    """List the machines of tristan.yml with their executors, asked over SSH just now."""
    found = session.controller.machines()
    if session.json:
        output.print_json(found)
        return
    if not found:
        output.say("No machines in the configuration file: add one below machines:")
        return
    for line in output.table([_row(one) for one in found], HEADING):
        click.echo(line)
    for one in found:
        if one.get("error"):
            output.say("%s: %s" % (output.text_of(one.get("name")), output.text_of(one["error"])))
            output.advise(one.get("remedy") or "")


def _row(one):
    return [
        output.text_of(one.get("name")),
        ("reachable", "ok") if one.get("reachable") else ("unreachable", "fail"),
        _executors(one),
        _load(one.get("load"), one.get("processors")),
        output.text_of(" ".join(output.text_of(label) for label in one.get("labels") or ())),
        output.text_of(" ".join(ending.short_id(build_id) for build_id in _running(one))),
    ]


def _executors(one):
    """:returns: e.g. "1 of 2 free"."""
    executors = one.get("executors")
    if not isinstance(executors, dict):
        return output.UNKNOWN
    free = len([1 for executor in executors.values() if not executor.get("busy")])
    return "%d of %d free" % (free, len(executors))


def _running(one):
    executors = one.get("executors")
    if not isinstance(executors, dict):
        return []
    busy = [executor for _, executor in sorted(executors.items()) if executor.get("busy")]
    return [executor["build_id"] for executor in busy if executor.get("build_id")]


def _load(load, processors):
    """:returns: e.g. "0.52 of 2": how many processes want to run, and how many processors there are."""
    if not load:
        return output.UNKNOWN
    return "%.2f of %d" % (load[0], processors) if processors else "%.2f" % load[0]
