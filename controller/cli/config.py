"""``tristan config check``: every fault of tristan.yml at once."""

from __future__ import absolute_import, print_function, unicode_literals

import click

from controller.cli import options, output

SECTIONS = (
    ("machines", "machine"),
    ("git_servers", "git server"),
    ("docker_registries", "docker registry"),
    ("build_profiles", "build profile"),
    ("projects", "project"),
)


@click.group("config", short_help="Check the configuration file.")
def config():
    """Look at the configuration file."""


@config.command("check")
@options.json
@click.pass_obj
def check(session):
    """Check tristan.yml and list every fault with its key path; exit code 2 when there is one.

    Every template is rendered for every project that uses it.
    """
    settings = session.settings
    from controller import rehearsal, release

    rehearsal.check(settings, release.languages())
    counts = [(kind, len(getattr(settings, section))) for section, kind in SECTIONS]
    if session.json:
        document = {section: sorted(getattr(settings, section)) for section, _ in SECTIONS}
        output.print_json(dict(document, path=settings.path))
        return
    text = ", ".join(output.counted(count, kind) for kind, count in counts)
    click.echo("%s %s: %s" % (output.coloured(output.symbol("ok"), "ok"), settings.path, text))
