"""``tristan status [BUILD]``: the builds on the machines, or one of them with its phases."""

from __future__ import absolute_import, print_function, unicode_literals

import click

from controller.cli import completing, ending, options, output, progress

HEADING = ["BUILD", "STATE", "PROJECT", "REF", "COMMIT", "MACHINE", "STARTED", "TOOK"]
PHASE_HEADING = ["PHASE", "STATE", "EXIT", "WALL", "CPU", "PEAK MEMORY", "READ", "WRITTEN"]


NOT_TOLD = "unknown"


@click.command("status", short_help="List builds, or show one with its phases.")
@click.argument("build", required=False)
@click.option(
    "--machine", metavar="NAME", help="Only builds of this machine.", **completing.machines()
)
@click.option(
    "--limit",
    metavar="N",
    type=click.IntRange(min=1),
    default=20,
    show_default=True,
    help="At most this many builds.",
)
@options.json
@click.pass_obj
def status(session, build, machine, limit):
    """List builds, newest first; or show BUILD with the time and resources of each phase.

    BUILD is an id, any unique beginning of it, or of its last eight characters. "unknown" is what
    the machine's kernel could not tell.
    """
    if build is not None:
        return _show_one(session, build)
    builds = session.controller.status(machine=machine, limit=limit, on_note=_note)
    if session.json:
        output.print_json(builds)
        return
    if not builds:
        output.say("No builds yet: tristan build PROJECT --branch NAME")
        return
    for line in output.table([_row(one) for one in builds], HEADING, right=(7,)):
        click.echo(line)


def _note(text):
    output.say("tristan: " + output.text_of(text))


def _show_one(session, build):
    _, found = session.controller.find(build)
    if session.json:
        output.print_json(found)
        return
    for line in output.table(_details(found)):
        click.echo(line)
    click.echo()
    rows = [_phase_row(phase) for phase in progress.phases_of(found)]
    for line in output.table(rows, PHASE_HEADING, right=(2, 3, 4, 5, 6, 7)):
        click.echo(line)


def _row(one):
    state = output.text_of(one.get("state"))
    return [
        ending.short_id(one.get("build_id")),
        _state_cell(one, state),
        output.text_of(one.get("project")),
        ending.ref_text(one),
        output.text_of(one.get("commit"))[: ending.SHORT_COMMIT],
        output.text_of(one.get("machine")),
        output.ago(one.get("started_at")),
        output.duration(one.get("wall_seconds")),
    ]


def _state_cell(one, state):
    """:returns: (text, kind); a running build that does not run is suspect, which is no state."""
    if one.get("suspect"):
        return state + ", suspect", "warn"
    return state, output.kind_of_state(state)


def _details(one):
    state = output.text_of(one.get("state"))
    kind = output.kind_of_state(state)
    rows = [
        ["build", "%s, attempt %s" % (_text(one, "build_id"), _text(one, "attempt"))],
        ["state", ("%s %s" % (output.symbol(kind), state), kind)],
    ]
    if one.get("suspect"):
        rows.append(["suspect", (_text(one, "suspect"), "warn")])
    if one.get("message"):
        rows.append(["why", _text(one, "message")])
    rows += [
        ["project", "%s (%s)" % (_text(one, "project"), _text(one, "language"))],
        ["repository", _text(_part(one, "repository"), "address")],
        ["ref", ending.ref_text(one)],
        ["commit", _text(one, "commit")],
        ["machine", "%s, executor %s" % (_text(one, "machine"), _text(one, "executor_id"))],
        ["isolation", _text(one, "isolation")],
        ["image", _text(_part(one, "image"), "build_image")],
        ["requested", "%s by %s" % (_moment(one, "requested_at"), _text(one, "requested_by"))],
        ["started", _moment(one, "started_at")],
        ["ended", _moment(one, "ended_at")],
        ["took", output.duration(one.get("wall_seconds"))],
        ["source", output.text_of(one.get("workspace") or one.get("source"))],
    ]
    rows += [["app " + label, value] for label, value in ending.image_rows(one)]
    rows += [row for row in ending.file_rows(one) if row[0] != "source"]
    return rows + [["log", _log_text(_part(one, "log"))]]


def _log_text(log):
    if not log:
        return output.UNKNOWN
    return "%s, SHA-256 %s" % (output.size(log.get("bytes")), output.text_of(log.get("sha256")))


def _phase_row(phase):
    """A resource of a phase that ran is a figure or "unknown", so that "-" means: it did not run."""
    state = output.text_of(phase.get("state"))
    resources = [
        output.duration(phase.get("cpu_seconds")),
        output.size(phase.get("peak_memory_bytes")),
        output.size(phase.get("read_bytes")),
        output.size(phase.get("written_bytes")),
    ]
    if state not in ("waiting", "running", "skipped"):
        resources = [NOT_TOLD if one == output.UNKNOWN else one for one in resources]
    return [
        output.text_of(phase.get("name")),
        (state, output.kind_of_state(state)),
        output.text_of(phase.get("exit")),
        output.duration(phase.get("wall_seconds")),
    ] + resources


def _part(one, name):
    """:returns: the dict below a key; an empty one when it is anything else."""
    value = one.get(name)
    return value if isinstance(value, dict) else {}


def _text(one, name):
    return output.text_of(one.get(name))


def _moment(one, name):
    text = _text(one, name)
    return text if output.parse_time(text) is None else text[:19].replace("T", " ") + " UTC"
