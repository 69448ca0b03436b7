"""``tristan preview PROJECT``: what a build would be sent, and how that differs from a past one."""

from __future__ import absolute_import, print_function, unicode_literals

import click

from controller import errors
from controller.cli import completing, ending, options, output, terminal
from controller.cli.build import pair
from controller.secrets import MASK

EXAMPLE = "main"
"""The branch that is shown when none is named: what is sent differs by its name alone."""


@click.command("preview", short_help="Show what a build would be sent.")
@click.argument("project", **completing.projects())
@click.option("--branch", metavar="NAME", help="Of this branch. Default: %s." % EXAMPLE)
@click.option("--tag", metavar="NAME", help="Of this tag.")
@click.option("--commit", metavar="SHA", help="Of this commit.")
@click.option("--machine", metavar="NAME", help="On this machine.", **completing.machines())
@click.option("--param", "params", metavar="NAME=VALUE", multiple=True, help="As for a build.")
@click.option("--diff", metavar="BUILD", help="Show what differs from what BUILD was sent.")
@options.json
@click.pass_obj
def preview(session, project, diff, **chosen):
    """Show what a build of PROJECT would be sent: the request, every script, the Dockerfile.

    Nothing is sent, and no secret is read. With --diff, only what differs from the request that the
    past BUILD ran; its branch, tag or commit is the default then.
    """
    past = session.controller.past_request(diff) if diff else None
    ref = _ref(chosen, past)
    params = [pair(text) for text in chosen["params"]]
    plan = session.controller.plan(project, machine=chosen["machine"], params=params, **ref)
    if past is None:
        return _show(session, session.controller.preview(plan))
    machine, was = past
    _show_differences(
        session, machine, was["request"], session.controller.compare(plan, was["request"])
    )


def _ref(chosen, past):
    """:returns: dict of branch, tag, commit: what is named, else the past build's, else an example."""
    named = dict((kind, chosen[kind]) for kind in ("branch", "tag", "commit"))
    if any(value is not None for value in named.values()):
        return named
    if past is None:
        return {"branch": EXAMPLE}
    ref = past[1]["request"]["ref"]
    if ref["kind"] not in named:
        raise errors.UsageError(
            "the past build was of a %s" % ref["kind"], "name a --branch, --tag or --commit"
        )
    return {ref["kind"]: ref["name"]}


def _show(session, shown):
    if session.json:
        output.print_json(shown.request)
        return
    for line in output.table(_facts(shown)):
        click.echo(line)
    environment = sorted(shown.request["environment"].items())
    _table(
        "environment", [["%s=%s" % (name, terminal.plain(value))] for name, value in environment]
    )
    _table("secrets", [[slot, MASK, "from %s" % _line(origin)] for slot, origin in shown.secrets])
    for text in shown.texts:
        _heading(text.name, text.origin)
        for line in text.content.rstrip("\n").split("\n"):
            click.echo(_code(terminal.plain(line)))


def _facts(shown):
    request = shown.request
    limits = request["limits"]
    rows = [
        ["build", "%s, another one at each launch" % request["build_id"]],
        ["project", _project(request["project"])],
        ["repository", _line(request["repository"]["address"])],
        ["ref", ending.ref_text(request)],
        ["checkout", _checkout(request["checkout"])],
        ["machine", " or ".join(shown.machines)],
        ["release", _line(request["release"])],
        ["isolation", "%s, network %s" % (request["isolation"], request["network"])],
        ["image", request["image"]["name"] or output.UNKNOWN],
        ["published as", _publish(request["publish"])],
        ["downloads", "shared by the %s" % request["cache"]["scope"]],
        ["proxy", _proxy(request["proxy"])],
        ["own authority", _certificates(request["ca"])],
        ["time", "asked to end after %s, ended after %s" % _times(limits)],
        ["memory", limits["memory"] or "no limit"],
        ["processors", limits["cpus"] or "no limit"],
        ["processes", "%d" % limits["pids"]],
        ["log", output.size(limits["log_bytes"])],
        ["stall", output.duration(limits["stall_seconds"])],
        ["kept failed", output.duration(limits["keep_failed_seconds"])],
        [
            "artifacts",
            _line(" ".join(request["artifacts"])) if request["artifacts"] else "the pack's",
        ],
    ]
    return rows


def _project(project):
    module = ", module %s" % _line(project["module_path"]) if project["module_path"] else ""
    return "%s (%s)%s" % (project["name"], project["language"], module)


def _checkout(wanted):
    return ", ".join(_line(key) for key in sorted(wanted) if wanted[key]) or "files alone"


def _publish(publish):
    if not publish:
        return "no image: there is no docker_registry"
    login = " as %s" % _line(publish["username"]) if publish["username"] else ""
    base = ", from %s" % publish["base_image"] if publish["base_image"] else ""
    return publish["image"] + login + base


def _proxy(proxy):
    if not proxy["address"]:
        return "none"
    return proxy["address"] + (", but for %s" % proxy["no_proxy"] if proxy["no_proxy"] else "")


def _certificates(text):
    return output.counted(text.count("BEGIN CERT"), "certificate") if text else "none"


def _times(limits):
    return output.duration(limits["soft_seconds"]), output.duration(limits["hard_seconds"])


def _show_differences(session, machine, past, compared):
    if session.json:
        output.print_json(_document(machine, past, compared))
        return
    name = "build %s on %s" % (ending.short_id(past["build_id"]), machine)
    if not compared.keys and not compared.texts:
        click.echo("Nothing differs from what %s ran." % name)
        return
    click.echo("What differs from what %s ran:" % name)
    rows = [[key, _line(before), _line(now)] for key, before, now in compared.keys]
    if rows:
        _table("keys", [["KEY", "PAST", "NOW"]] + rows)
    for text, lines in compared.texts:
        _heading(text)
        for line in lines:
            click.echo(_changed(terminal.plain(line)))


def _document(machine, past, compared):
    return {
        "build_id": past["build_id"],
        "machine": machine,
        "request": compared.request,
        "past": past,
        "keys": [dict(zip(("key", "past", "now"), row)) for row in compared.keys],
        "texts": [{"name": name, "diff": lines} for name, lines in compared.texts],
    }


def _table(title, rows):
    if rows:
        _heading(title)
        for line in output.table(rows):
            click.echo(line)


def _heading(name, origin=""):
    click.echo()
    words = click.style("==> %s <==" % name, bold=True)
    click.echo(words + ("  " + click.style(_line(origin), dim=True) if origin else ""))


def _code(line):
    return click.style(line, dim=True) if line.lstrip().startswith("#") else line


_CHANGES = (("---", None), ("+++", None), ("@@", "cyan"), ("-", "red"), ("+", "green"))


def _changed(line):
    for start, colour in _CHANGES:
        if line.startswith(start):
            return click.style(line, fg=colour, bold=colour is None)
    return line


def _line(value):
    return output.text_of(value)
