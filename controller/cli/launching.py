"""What ``tristan build`` and ``tristan rebuild`` do with a plan: launch it, show it, end with its outcome.

In: a Plan, the chosen options. Out: text, or JSON with ``--json``, and the exit code.
"""

from __future__ import absolute_import, print_function, unicode_literals

import functools

import click

from controller import errors
from controller.cli import ending, options, output, report, transfer, watching

OPTIONS = (
    click.option(
        "--wait", is_flag=True, help="When every executor is busy, wait for one (else exit 8)."
    ),
    click.option(
        "--slot",
        metavar="NAME",
        help="For schedules: launch nothing when a build of the project was launched for NAME before.",
    ),
    click.option("--detach", is_flag=True, help="Return as soon as the build runs."),
    click.option(
        "--cancel-on-interrupt",
        is_flag=True,
        help="Ctrl-C cancels the build instead of leaving it.",
    ),
    click.option(
        "--timeout",
        metavar="SECONDS",
        type=click.FloatRange(min=0.001),
        help="Stop watching after this time (exit 7); the build goes on.",
    ),
    click.option(
        "--notify", metavar="WHOM", multiple=True, help="Tell of the build's end: " + options.WHOM
    ),
    options.json,
)


def with_options(command):
    """Gives a command the options of a launch."""
    for option in reversed(OPTIONS):
        command = option(command)
    return command


def run(session, plan, chosen):
    """Launch a plan and watch it. :param chosen: dict of the options' values. :returns: the exit code."""
    launched = _launch(session, plan, chosen)
    if chosen["detach"]:
        return _detached(session, launched)
    output.say(
        "Build %s runs on %s, executor %s."
        % (launched.build_id, launched.machine, launched.executor_id)
    )
    watch_options = watching.Options(
        timeout=chosen["timeout"],
        cancel_on_interrupt=chosen["cancel_on_interrupt"],
        json=session.json,
    )
    return finish(session, watching.watch(session, launched.build_id, watch_options))


def finish(session, status):
    """Say how the build ended. :returns: the exit code."""
    ending.write(status)
    if session.json:
        output.print_json(status)
    return ending.exit_code(status)


def refuse_contradictions(chosen):
    """:raises errors.UsageError: for options that exclude each other."""
    if chosen["detach"] and (chosen["timeout"] or chosen["cancel_on_interrupt"]):
        raise errors.UsageError(
            "--detach can't be given with --timeout or --cancel-on-interrupt",
            "a detached build is not watched",
        )


def _launch(session, plan, chosen):
    """:returns: service's LaunchedBuild."""
    launch, slot = session.controller.build, chosen["slot"]
    if slot is not None:
        launch = functools.partial(session.controller.build_for, slot)
    wishes = {"wait": chosen["wait"], "watched": not chosen["detach"]}
    try:
        with transfer.bar() as bar:
            launched = launch(plan, on_event=bar.say, on_progress=bar.show, **wishes)
    except KeyboardInterrupt:
        tail = ending.short_id(plan.build_id)
        raise report.Interrupted("whether the build was started: tristan status " + tail)
    if launched.build_id != plan.build_id:
        output.say("Slot %s has its build already." % output.text_of(slot))
    return launched


def _detached(session, launched):
    if session.json:
        fields = ("build_id", "attempt", "machine", "executor_id")
        document = {name: getattr(launched, name) for name in fields}
        document["state"] = "running"
        output.print_json(document)
        return
    # The id alone on stdout, so that a script can keep it.
    click.echo(launched.build_id)
    output.say("It runs on %s, executor %s." % (launched.machine, launched.executor_id))
    output.advise(ending.follow_and_cancel(launched.build_id))
