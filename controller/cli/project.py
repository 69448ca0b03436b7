"""``tristan project add`` and ``list``: projects from what a git server offers."""

from __future__ import absolute_import, print_function, unicode_literals

import re
import sys

import click

from controller import errors
from controller.cli import completing, options, output

SHOWN = 20
HEADING = ["REPOSITORY", "PROJECT", "DESCRIPTION"]

OF_SERVER = "Of this git server. Default: the default one."
PROFILE = "Default: the only one that fits."

git_server = click.option(
    "--git-server", metavar="NAME", help=OF_SERVER, **completing.git_servers()
)
search = click.option(
    "--search", metavar="TEXT", default="", help="Only those with TEXT in their path."
)


@click.group("project", short_help="Add projects from a git server.")
def project():
    """Add projects to tristan.yml, from what a git server offers."""


@project.command("list", short_help="List what a GitLab offers.")
@git_server
@search
@options.json
@click.pass_obj
def list_command(session, git_server, search):
    """List the repositories of a GitLab that its account is a member of."""
    server = _server(session.settings, git_server)
    names = _project_names(session.settings, server)
    found = _repositories(server, search)
    if session.json:
        output.print_json([dict(one._asdict(), project=names.get(one.path, "")) for one in found])
        return
    if not found:
        output.say("No repositories: is the account a member of any?")
        return
    for line in output.table([_row(one, names) for one in found], HEADING):
        click.echo(line)


@project.command("add", short_help="Add a project to tristan.yml.")
@click.argument("name", required=False)
@git_server
@search
@click.option("--repository", metavar="PATH", help="On the git server, or a full address.")
@click.option(
    "--language", metavar="NAME", help="Default: the profile's, or what GitLab finds most of."
)
@click.option("--build-profile", metavar="NAME", help=PROFILE, **completing.build_profiles())
@click.option("--description", metavar="TEXT", help="Default: what GitLab says.")
@options.json
@click.pass_obj
def add_command(session, name, git_server, search, **chosen):
    """Add a project to tristan.yml; its comments and its order stay.

    Without --repository a GitLab's repositories are offered to choose from. NAME is the last part of
    the repository's path by default.
    """
    from controller import add_project, propose_project

    settings = session.settings
    repository = chosen.pop("repository") or _ask(session, git_server, search)
    wanted = propose_project.Wanted(name, git_server, repository, **chosen)
    proposal = propose_project.propose(settings, wanted)
    lines = add_project.add(settings.path, proposal.name, proposal.entry)
    if session.json:
        output.print_json(dict(proposal.entry, name=proposal.name, path=settings.path))
        return
    sign = output.coloured(output.symbol("ok"), "ok")
    click.echo("%s project %s is in %s now:" % (sign, proposal.name, settings.path))
    click.echo(lines)
    branch = proposal.default_branch or "NAME"
    output.advise("tristan build %s --branch %s" % (proposal.name, branch))


def _server(settings, name):
    """:returns: GitServer, one whose repositories can be listed."""
    from controller import propose_project

    server = propose_project.git_server(settings, name)
    if server is None:
        raise errors.UsageError("which git server?", "name it with --git-server")
    if server.kind != "gitlab":
        raise errors.UsageError(
            "the git server %s is no GitLab: what it has can't be listed" % server.name,
            "name the repository: tristan project add --repository PATH",
        )
    return server


def _repositories(server, search):
    from controller.gitlab import GitLab

    return GitLab(server).repositories(search)


def _project_names(settings, server):
    """:returns: {path of a repository: name of the project that is it already}."""
    from controller import propose_project

    return dict(
        (propose_project.path_on(server, one.repository), name)
        for name, one in settings.projects.items()
        if one.git_server == server.name
    )


def _row(one, names):
    return [output.text_of(text) for text in (one.path, names.get(one.path), one.description)]


def _ask(session, git_server, search):
    """Let the person at the terminal choose. :returns: the path of a repository."""
    if session.json or not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise errors.UsageError(
            "which repository? there is nobody to choose one", "name it with --repository"
        )
    from controller import propose_project

    server = propose_project.git_server(session.settings, git_server)
    if server is None or server.kind != "gitlab":
        return click.prompt("Repository, as a path on the git server or a full address", err=True)
    names = _project_names(session.settings, server)
    while True:
        found = _repositories(server, search)
        _offer(found, names)
        answer = click.prompt("Number, or text to search for", err=True)
        if re.match("[0-9]{1,9}$", answer) and 1 <= int(answer) <= min(len(found), SHOWN):
            return found[int(answer) - 1].path
        search = answer


def _offer(found, names):
    rows = [["%d" % (number + 1)] + _row(one, names) for number, one in enumerate(found[:SHOWN])]
    for line in (
        output.table(rows, [""] + HEADING, right=(0,))
        if rows
        else ["Nothing has this in its path."]
    ):
        output.say(line)
    if len(found) > SHOWN:
        output.say("and %d more" % (len(found) - SHOWN))
