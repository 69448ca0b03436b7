"""``tristan build PROJECT``: launch one build, show it, end with its outcome."""

from __future__ import absolute_import, print_function, unicode_literals

import click

from controller import errors
from controller.cli import completing, ending, options, output, report, transfer, watching


@click.command("build", short_help="Build a project and show its log.")
@click.argument("project", **completing.projects())
@click.option("--branch", metavar="NAME", help="Build this branch.")
@click.option("--tag", metavar="NAME", help="Build this tag.")
@click.option(
    "--commit", metavar="SHA", help="Build this commit; with --branch, in that branch's directory."
)
@click.option(
    "--from",
    "directory",
    metavar="DIR",
    type=click.Path(file_okay=False),
    help="Build what lies in DIR here, committed or not.",
)
@click.option("--machine", metavar="NAME", help="Build on this machine.", **completing.machines())
@click.option(
    "--param",
    "params",
    metavar="NAME=VALUE",
    multiple=True,
    help="Put NAME into the build scripts' environment; may be given many times.",
)
@click.option(
    "--wait", is_flag=True, help="When every executor is busy, wait for one (else exit 8)."
)
@click.option("--detach", is_flag=True, help="Return as soon as the build runs.")
@click.option(
    "--cancel-on-interrupt", is_flag=True, help="Ctrl-C cancels the build instead of leaving it."
)
@click.option(
    "--timeout",
    metavar="SECONDS",
    type=click.FloatRange(min=0.001),
    help="Stop watching after this time (exit 7); the build goes on.",
)
@click.option(
    "--notify", metavar="WHOM", multiple=True, help="Tell of the build's end: " + options.WHOM
)
@options.json
@click.pass_obj
def build(session, project, **chosen):
    """Build PROJECT on a machine and show its log.

    Ctrl-C leaves the build running and says how to come back to it. The exit code is the
    build's outcome: 0 success, 1 failed, 3 error, 4 timeout, 5 cancelled, 6 lost; and 7 when it
    still runs, 8 when every executor is busy, 2 for wrong usage or configuration.
    """
    refuse_contradictions(chosen)
    plan = session.controller.plan(
        project,
        branch=chosen["branch"],
        tag=chosen["tag"],
        commit=chosen["commit"],
        machine=chosen["machine"],
        params=[pair(text) for text in chosen["params"]],
        tree=_tree(chosen["directory"]),
        notify=list(chosen["notify"]),
    )
    launched = _launch(session, plan, chosen["wait"])
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


def pair(text):
    """:param text: "NAME=VALUE". :returns: (name, value)."""
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise errors.UsageError(
            "--param wants NAME=VALUE, not %s" % (text or "nothing"), "e.g. --param LEVEL=debug"
        )
    return name, value


def _tree(directory):
    """:returns: tree.Tree of a directory here, None for none."""
    if directory is None:
        return None
    from controller import tree

    return tree.collect(directory)


def _launch(session, plan, wait):
    """:returns: service's LaunchedBuild."""
    try:
        with transfer.bar() as bar:
            return session.controller.build(plan, wait=wait, on_event=bar.say, on_progress=bar.show)
    except KeyboardInterrupt:
        tail = ending.short_id(plan.build_id)
        raise report.Interrupted("whether the build was started: tristan status " + tail)


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
